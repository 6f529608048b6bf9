/** Orders what fits, best first, and keeps the reasons of what does not. */

import { hoursChangeAt, hoursUntil, nextWindow } from "./hours.ts";
import { hasEnoughHours, judge, type Terms } from "./judge.ts";
import type { Candidate, Fitting, NodeBinding, Rejected } from "./model.ts";

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
    const timed = withHours(candidate, now);
    fitting.push(timed);
    validUntil = Math.min(validUntil, hoursChangeAt(timed.window, now));
  }
  return {
    fitting: fitting.toSorted(inOrder(terms.gpu, nothingExpected)),
    rejected: rejected.toSorted(byNode),
    validUntil,
  };
}

function withHours(candidate: Candidate, now: Date): Fitting {
  const { horizon } = candidate.host;
  const window = horizon.kind === "known" ? nextWindow(horizon.windows, now) : undefined;
  const hoursAvailable = hoursUntil(window, now);
  return window === undefined
    ? { ...candidate, hoursAvailable }
    : { ...candidate, hoursAvailable, window };
}

export function withEnoughHours(list: Shortlist, hours: number): Verdicts {
  const fitting: Fitting[] = [];
  const tooShort: Rejected[] = [];
  for (const candidate of list.fitting) {
    const problem = hasEnoughHours(candidate, hours);
    if (problem === undefined) fitting.push(candidate);
    else tooShort.push({ node: candidate.node.name, ...problem });
  }
  if (tooShort.length === 0) return list;
  return { fitting, rejected: [...list.rejected, ...tooShort].toSorted(byNode) };
}

/** CPU by node name, in thousandths of a core. */
export type MilliCpu = ReadonlyMap<string, number>;

const nothingExpected: MilliCpu = new Map();

/** What fits, in the order that follows when jobs that were just placed use the CPU they asked for. */
export function inExpectedOrder(
  fitting: readonly Fitting[],
  gpu: boolean,
  expected: MilliCpu,
): readonly Fitting[] {
  if (!fitting.some(({ node }) => expected.has(node.name))) return fitting;
  return fitting.toSorted(inOrder(gpu, expected));
}

/**
 * The policy `least-cpu`, cormachogan/gpuinfo's rule; the name breaks ties, so that the same input gives the same order.
 * A job without GPU that may use GPU nodes uses them last.
 */
function inOrder(gpu: boolean, expected: MilliCpu) {
  const gpuLast = ({ virtualMachine }: Fitting) =>
    gpu || virtualMachine.gpus.length === 0 ? 0 : 1;
  return (a: Fitting, b: Fitting): number =>
    gpuLast(a) - gpuLast(b) ||
    demandMhz(a, expected) - demandMhz(b, expected) ||
    compareText(a.node.name, b.node.name);
}

/** Taken where vCenter does not say how fast a host's cores are: what most servers of the last ten years have. */
const usualCpuMhz = 2_500;

function demandMhz({ node, virtualMachine, host }: Fitting, expected: MilliCpu): number {
  const milliCpu = expected.get(node.name) ?? 0;
  return virtualMachine.cpuDemandMhz + (milliCpu * (host.cpuMhz || usualCpuMhz)) / 1_000;
}

function byNode(a: Rejected, b: Rejected): number {
  return compareText(a.node, b.node);
}

/** By code unit: the same on every machine, whatever its locale. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
