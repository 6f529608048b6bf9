/** Chooses the node that a pod is to prefer. */

import type { Requirement, Selection, SelectNodes } from "../selection/model.ts";
import { countReasons, describeCounts } from "../selection/reason-counts.ts";

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
  const selection = best(selectNodes, requirement);
  if (selection.kind === "unavailable") {
    return { warnings: [`nodes cannot be judged now (${selection.reason}): none is preferred`] };
  }
  const { fitting, rejected } = selection.ranking;
  const [first] = fitting;
  if (first !== undefined) return { node: first.node.name, warnings: [] };
  return { warnings: [describe(describeCounts(countReasons(rejected)))] };
}

/** A node that every pod can use; else one that this pod can use if it tolerates what keeps others off. */
function best(selectNodes: SelectNodes, requirement: Requirement): Selection {
  const forAll = selectNodes(requirement);
  const isEnough = forAll.kind === "unavailable" || forAll.ranking.fitting.length > 0;
  return isEnough ? forAll : selectNodes(requirement, { audience: "pod" });
}

/** As many counts as fit in a warning. */
function describe(counts: string): string {
  if (counts === "") return "no node suits now: the cluster has none; the pod waits";
  const short = counts.length <= 75 ? counts : `${counts.slice(0, counts.lastIndexOf(",", 70))}, …`;
  return `no node suits now: ${short}; the pod waits`;
}
