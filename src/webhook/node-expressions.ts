/** Says a requirement in node affinity's words, on the labels that we keep on nodes. */

import type { Expression } from "../api/injected.ts";
import { labelKeys } from "../api/names.ts";
import { millisecondsInAnHour } from "../selection/hours.ts";
import type { Requirement } from "../selection/model.ts";
import type { Placement } from "./mode.ts";

/** What every node must have, for a job that starts at `at`. */
export function nodeExpressions(
  { gpu, hours }: Requirement,
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
  return [{ key: labelKeys.gpu, operator: "In", values: [gpu ? "true" : "false"] }, until];
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
