/** Turns what users write into a Requirement. */

import type { Requirement } from "../selection/model.ts";
import { gpuNeedsOf, type WrittenNeeds } from "./gpu-needs.ts";
import type { GpuInfoSpec } from "./gpuinfo.ts";

/** Whatever is said of its kind, a GPU that is not needed is of none. */
export function requirementOf(gpu: boolean, hours: number, kind: WrittenNeeds): Requirement {
  const gpuNeeds = gpu ? gpuNeedsOf(kind) : undefined;
  return { gpu, hours, ...(gpuNeeds !== undefined && { gpuNeeds }) };
}

export function requirementFromSpec(spec: GpuInfoSpec): Requirement {
  const { gpuRequired, desAccTime, gpuModel: model, gpuMemoryGiB: memoryGib, gpuCount } = spec;
  return requirementOf(gpuRequired, desAccTime, { model, memoryGib, count: gpuCount });
}
