/** Sums up the GPUs of a virtual machine as Kubernetes sees them: one kind of resource, of which a pod cannot choose. */

import type { Gpu } from "./model.ts";

export interface GpuTotals {
  readonly count: number;
  /** The model of all of them; absent where it is unknown of one, or they differ: a pod may get any. */
  readonly model?: string;
  /** GiB that each of them has at least, rounded to the nearest, a half down; absent where it is unknown of one. */
  readonly memoryGib?: number;
}

/** Cards report a little less than what they are sold with: 81,559 MiB is an 80 GiB card. */
export function gpuTotals(gpus: readonly Gpu[]): GpuTotals {
  const [first] = gpus;
  if (first === undefined) return { count: 0 };
  const { model } = first;
  const isOneModel =
    model !== undefined &&
    gpus.every((gpu) => gpu.model !== undefined && modelKey(gpu.model) === modelKey(model));
  const memories = gpus.map(({ memoryMib }) => memoryMib);
  const least = memories.every((mib) => mib !== undefined) ? Math.min(...memories) : undefined;
  return {
    count: gpus.length,
    ...(isOneModel && { model }),
    ...(least !== undefined && { memoryGib: Math.ceil(least / 1024 - 0.5) }),
  };
}

/**
 * What of a model's name counts: `NVIDIA A100 80GB PCIe`, `nvidia-a100-80gb-pcie` and `NVIDIA-A100-80GB-PCIe` are one.
 * Lower case letters and digits, joined by `-`.
 */
export function modelKey(model: string): string {
  return model
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
}
