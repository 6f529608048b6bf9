/** What of a node's GPUs stands in its labels: the one place that those who write them and those who ask for them share. */

import { gpuTotals, modelKey } from "../selection/gpu-totals.ts";
import type { Gpu } from "../selection/model.ts";
import { labelValue } from "./label-value.ts";
import { labelKeys } from "./names.ts";
import type { Texts } from "./node-marks.ts";

/** The same for every spelling of a model; empty where the name has neither ASCII letter nor digit. */
export function modelLabel(model: string): string {
  return labelValue(modelKey(model));
}

/** Labels by key; what is unknown, or no valid value, is left out. */
export function gpuLabels(gpus: readonly Gpu[]): Texts {
  const { count, model, memoryGib } = gpuTotals(gpus);
  if (count === 0) return { [labelKeys.gpu]: "false" };
  const value = model === undefined ? "" : modelLabel(model);
  const isWhole = Number.isSafeInteger(memoryGib) && Number(memoryGib) >= 0;
  return {
    [labelKeys.gpu]: "true",
    ...(value !== "" && { [labelKeys.gpuModel]: value }),
    ...(isWhole && { [labelKeys.gpuMemoryGib]: String(memoryGib) }),
    [labelKeys.gpuCount]: String(count),
  };
}
