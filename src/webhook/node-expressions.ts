/** Says a requirement in node affinity's words, on the labels that we keep on nodes. */

import { modelLabel } from "../api/gpu-labels.ts";
import type { Expression } from "../api/injected.ts";
import { labelKeys } from "../api/names.ts";
import { millisecondsInAnHour } from "../selection/hours.ts";
import type { GpuNeeds, Requirement } from "../selection/model.ts";
import type { Placement } from "./mode.ts";

/** What every node must have, for a job that starts at `at`. */
export function nodeExpressions(
  { gpu, hours, gpuNeeds = {} }: Requirement,
  at: Date,
  { mode, gpuPolicy }: Pick<Placement, "mode" | "gpuPolicy">,
): readonly Expression[] {
  const until: Expression = {
    key: labelKeys.availableUntil,
    operator: "Gt",
    values: [String(startHour(at, mode) + hours - 1)],
  };
  // Where GPU nodes are open to all, a job without one may go anywhere.
  if (!gpu && gpuPolicy === "atLeast") return [until];
  const holds: Expression = {
    key: labelKeys.gpu,
    operator: "In",
    values: [gpu ? "true" : "false"],
  };
  return [holds, ...(gpu ? kindExpressions(gpuNeeds) : []), until];
}

/** Said exactly: the labels hold what selection compares. */
function kindExpressions({ model, memoryGib, count }: GpuNeeds): readonly Expression[] {
  const expressions: Expression[] = [];
  if (model !== undefined) {
    expressions.push({ key: labelKeys.gpuModel, operator: "In", values: [modelLabel(model)] });
  }
  if (memoryGib !== undefined) {
    expressions.push({
      key: labelKeys.gpuMemoryGib,
      operator: "Gt",
      values: [moreThan(memoryGib)],
    });
  }
  if (count !== undefined) {
    expressions.push({ key: labelKeys.gpuCount, operator: "Gt", values: [moreThan(count)] });
  }
  return expressions;
}

/** Node affinity knows "greater than" alone. */
function moreThan(least: number): string {
  return String(least - 1);
}

/**
 * The label holds the hour in which maintenance starts, rounded down, so a node may be a little better than it looks.
 * Where the extender decides exactly it must not be shut out: the bound lets in a few too many. Where nothing but the
 * label decides, it lets in none too many.
 */
function startHour(at: Date, mode: Placement["mode"]): number {
  const hours = at.getTime() / millisecondsInAnHour;
  return mode === "affinity" ? Math.ceil(hours) : Math.floor(hours);
}
