/** Counts why nodes do not fit. */

import { type Reason, type Rejected, reasons } from "./model.ts";

const known = new WeakMap<readonly Rejected[], readonly ReasonCount[]>();

export type ReasonCount = readonly [reason: Reason, nodes: number];

/** Most first, then in the order in which the checks are made; counted once for the same list. */
export function countReasons(rejected: readonly Rejected[]): readonly ReasonCount[] {
  let counts = known.get(rejected);
  if (counts === undefined) {
    counts = count(rejected);
    known.set(rejected, counts);
  }
  return counts;
}

/** "9 NoGpu, 2 TooFewHours". */
export function describeCounts(counts: readonly ReasonCount[]): string {
  return counts.map(([reason, nodes]) => `${nodes} ${reason}`).join(", ");
}

function count(rejected: readonly Rejected[]): readonly ReasonCount[] {
  const counts = new Map<Reason, number>();
  for (const { reason } of rejected) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].toSorted(([a, m], [b, n]) => n - m || reasons.indexOf(a) - reasons.indexOf(b));
}
