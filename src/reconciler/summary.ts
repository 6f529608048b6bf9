/** Counts and words about a ranking, as they stand in a GPUInfo's status. */

import type { Ranking, Reason, Rejected } from "../selection/model.ts";
import { countReasons, describeCounts } from "../selection/reason-counts.ts";

export interface Summary {
  /** How many nodes fit. */
  readonly candidates: number;
  /** How many nodes were looked at. */
  readonly nodes: number;
  /** How many were rejected, by Reason, most first. */
  readonly rejected: Readonly<Partial<Record<Reason, number>>>;
  /** The Reason that rejected most nodes; the one checked first wins a tie. */
  readonly mainReason: Reason | undefined;
  /** "0 of 12 nodes fit: 9 NoGpu, 2 TooFewHours, 1 Ambiguous". */
  readonly sentence: string;
}

const summaries = new WeakMap<readonly Rejected[], Summary>();

/** Many GPUInfos ask the same: the summary is kept as long as the ranking's list is. */
export function summarise({ fitting, rejected }: Ranking): Summary {
  const known = summaries.get(rejected);
  if (known !== undefined) return known;
  const summary = count(fitting.length, rejected);
  summaries.set(rejected, summary);
  return summary;
}

function count(candidates: number, rejected: readonly Rejected[]): Summary {
  const byCount = countReasons(rejected);
  const nodes = candidates + rejected.length;
  const details = describeCounts(byCount);
  return {
    candidates,
    nodes,
    rejected: Object.fromEntries(byCount),
    mainReason: byCount[0]?.[0],
    sentence: `${candidates} of ${nodes} nodes fit${details === "" ? "" : `: ${details}`}`,
  };
}
