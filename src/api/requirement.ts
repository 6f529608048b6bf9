/** Turns what users write into a Requirement. */

import type { Requirement } from "../selection/model.ts";
import type { GpuInfoSpec } from "./gpuinfo.ts";

export function requirementFromSpec(spec: GpuInfoSpec): Requirement {
  return { gpu: spec.gpuRequired, hours: spec.desAccTime };
}
