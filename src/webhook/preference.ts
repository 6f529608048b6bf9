/** Chooses the node that a pod is to prefer. */

import type { Requirement, SelectNodes } from "../selection/model.ts";
import { reasonCounts } from "./reason-counts.ts";

export interface Preference {
  /** Absent when nothing fits now, or nobody can tell. */
  readonly node?: string;
  readonly warnings: readonly string[];
}

/** The node that a GPUInfo with the same needs would name now. */
export function choosePreference(
  requirement: Requirement,
  { selectNodes }: { selectNodes: SelectNodes },
): Preference {
  const selection = selectNodes(requirement);
  if (selection.kind === "unavailable") {
    return { warnings: [`nodes cannot be judged now (${selection.reason}): none is preferred`] };
  }
  const { fitting, rejected } = selection.ranking;
  const [best] = fitting;
  if (best !== undefined) return { node: best.node.name, warnings: [] };
  return { warnings: [describe(reasonCounts(rejected))] };
}

/** As many counts as fit in a warning. */
function describe(counts: string): string {
  if (counts === "") return "no node suits now: the cluster has none; the pod waits";
  const short = counts.length <= 75 ? counts : `${counts.slice(0, counts.lastIndexOf(",", 70))}, …`;
  return `no node suits now: ${short}; the pod waits`;
}
