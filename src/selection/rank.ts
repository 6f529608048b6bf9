/** Orders what fits, best first, and keeps the reasons of what does not. */

import { hoursChangeAt, hoursUntil, nextWindow } from "./hours.ts";
import { hasEnoughHours, judge, type Terms, TooFewHours } from "./judge.ts";
import type { Candidate, Fitting, NodeBinding, NodeLoad, Rejected } from "./model.ts";
import { horizonThatCounts } from "./windows.ts";

/** Both lists hold every node once. */
export interface Verdicts {
  /** Best first by what was measured. */
  readonly fitting: readonly Fitting[];
  /** By node name. */
  readonly rejected: readonly Rejected[];
}

/** Nodes judged and ordered for all jobs that do, or do not, need a GPU: what is left to ask is for how long. */
export interface Shortlist extends Verdicts {
  /** Hours run down: from this time on the list is no longer right; ms since the Unix epoch. */
  readonly validUntil: number;
}

export function shortlist(bindings: readonly NodeBinding[], terms: Terms, now: Date): Shortlist {
  const fitting: Fitting[] = [];
  const rejected: Rejected[] = [];
  let validUntil = Number.POSITIVE_INFINITY;
  for (const binding of bindings) {
    if (binding.kind === "unbound") {
      const { node, reason, message } = binding;
      rejected.push({ node, reason, message });
      continue;
    }
    const { candidate } = binding;
    const problem = judge(candidate, terms);
    if (problem !== undefined) {
      rejected.push({ node: candidate.node.name, ...problem });
      continue;
    }
    const timed = withHours(candidate, terms, now);
    fitting.push(timed);
    validUntil = Math.min(validUntil, hoursChangeAt(timed.window, now));
  }
  return {
    fitting: fitting.toSorted(inOrder(terms.gpu, nothing)),
    rejected: rejected.toSorted(byNode),
    validUntil,
  };
}

function withHours(candidate: Candidate, { policy, vcenters }: Terms, now: Date): Fitting {
  const window = nextWindow(horizonThatCounts(candidate, policy).windows, now);
  const hoursAvailable = hoursUntil(window, now);
  const usageIsOld = vcenters.oldUsage.has(candidate.host.vcenter);
  return { ...candidate, hoursAvailable, usageIsOld, ...(window !== undefined && { window }) };
}

export function withEnoughHours(list: Shortlist, hours: number): Verdicts {
  const fitting: Fitting[] = [];
  const tooShort: Rejected[] = [];
  for (const candidate of list.fitting) {
    if (hasEnoughHours(candidate, hours)) fitting.push(candidate);
    else tooShort.push(new TooFewHours(candidate, hours));
  }
  if (tooShort.length === 0) return list;
  return { fitting, rejected: [...list.rejected, ...tooShort].toSorted(byNode) };
}

/** CPU by node name, in thousandths of a core. */
export type MilliCpu = ReadonlyMap<string, number>;

type Order = (a: Fitting, b: Fitting) => number;

/**
 * What fits, in the order that follows when jobs that were just placed use the CPU they asked for.
 * @param ordered in the order that follows from `before`: only nodes of which another amount is expected now are moved
 */
export function inExpectedOrder(
  ordered: readonly Fitting[],
  gpu: boolean,
  before: MilliCpu,
  expected: MilliCpu,
): readonly Fitting[] {
  const order = inOrder(gpu, (name) => expected.get(name) ?? 0);
  return move(ordered, changedIn(before, expected), order);
}

/**
 * The same order, were the asker's own share of the expected CPU not there.
 * @param ordered in the order that follows from `expected`
 */
export function withoutOwn(
  ordered: readonly Fitting[],
  gpu: boolean,
  expected: MilliCpu,
  own: NodeLoad,
): readonly Fitting[] {
  const left = Math.max(0, (expected.get(own.node) ?? 0) - own.milliCpu);
  const order = inOrder(gpu, (name) => (name === own.node ? left : (expected.get(name) ?? 0)));
  return move(ordered, new Set([own.node]), order);
}

function changedIn(before: MilliCpu, now: MilliCpu): ReadonlySet<string> {
  const changed = new Set<string>();
  for (const [node, milliCpu] of now) if (before.get(node) !== milliCpu) changed.add(node);
  for (const node of before.keys()) if (!now.has(node)) changed.add(node);
  return changed;
}

/** All but the nodes named are in order. */
function move(
  ordered: readonly Fitting[],
  names: ReadonlySet<string>,
  order: Order,
): readonly Fitting[] {
  if (names.size === 0) return ordered;
  const moving: Fitting[] = [];
  const rest: Fitting[] = [];
  for (const one of ordered) (names.has(one.node.name) ? moving : rest).push(one);
  if (moving.length === 0) return ordered;
  return merge(rest, moving.toSorted(order), order);
}

/** Both lists are in order; the second one is short. */
function merge(
  long: readonly Fitting[],
  short: readonly Fitting[],
  order: Order,
): readonly Fitting[] {
  const merged: Fitting[] = [];
  let taken = 0;
  for (const item of short) {
    const place = placeOf(item, long, taken, order);
    for (const other of long.slice(taken, place)) merged.push(other);
    merged.push(item);
    taken = place;
  }
  for (const other of long.slice(taken)) merged.push(other);
  return merged;
}

/** How many of the list come before the item, by halving. */
function placeOf(item: Fitting, list: readonly Fitting[], from: number, order: Order): number {
  let low = from;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = list[middle];
    if (other !== undefined && order(other, item) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The policy `least-cpu`, cormachogan/gpuinfo's rule; the name breaks ties, so that the same input gives the same order.
 * A job without GPU that may use GPU nodes uses them last. Nodes of which nobody knows how busy they are come after
 * those of which it is known.
 */
function inOrder(gpu: boolean, expectedMilliCpu: (node: string) => number): Order {
  const gpuLast = ({ virtualMachine }: Fitting) =>
    gpu || virtualMachine.gpus.length === 0 ? 0 : 1;
  const demandMhz = ({ node, virtualMachine, host }: Fitting) =>
    virtualMachine.cpuDemandMhz +
    (expectedMilliCpu(node.name) * (host.cpuMhz || usualCpuMhz)) / 1_000;
  return (a, b) =>
    gpuLast(a) - gpuLast(b) ||
    Number(a.usageIsOld) - Number(b.usageIsOld) ||
    demandMhz(a) - demandMhz(b) ||
    compareText(a.node.name, b.node.name);
}

/** Taken where vCenter does not say how fast a host's cores are: what most servers of the last ten years have. */
const usualCpuMhz = 2_500;

function nothing(): number {
  return 0;
}

function byNode(a: Rejected, b: Rejected): number {
  return compareText(a.node, b.node);
}

/** By code unit: the same on every machine, whatever its locale. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
