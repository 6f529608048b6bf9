/** Says in a few words why no node fits. */

import { type Reason, type Rejected, reasons } from "../selection/model.ts";

const known = new WeakMap<readonly Rejected[], string>();

/** "9 NoGpu, 2 TooFewHours", most first; kept as long as the list of rejected nodes is. */
export function reasonCounts(rejected: readonly Rejected[]): string {
  let text = known.get(rejected);
  if (text === undefined) {
    text = count(rejected);
    known.set(rejected, text);
  }
  return text;
}

function count(rejected: readonly Rejected[]): string {
  const counts = new Map<Reason, number>();
  for (const { reason } of rejected) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .toSorted(([a, m], [b, n]) => n - m || reasons.indexOf(a) - reasons.indexOf(b))
    .map(([reason, n]) => `${n} ${reason}`)
    .join(", ");
}
