/** Orders what fits, best first, and keeps the reasons of what does not. */

import { hoursChangeAt, hoursUntil, nextWindow } from "./hours.ts";
import { hasEnoughHours, judge } from "./judge.ts";
import type {
  Candidate,
  Fitting,
  NodeBinding,
  Ranking,
  Rejected,
  Requirement,
  SelectionPolicy,
} from "./model.ts";

/** Nodes judged and ordered for all jobs that do, or do not, need a GPU: what is left to ask is for how long. */
export interface Shortlist {
  /** Best first. */
  readonly fitting: readonly Fitting[];
  /** By node name. */
  readonly rejected: readonly Rejected[];
  /** Hours run down: from this time on the list is no longer right; ms since the Unix epoch. */
  readonly validUntil: number;
}

export function shortlist(
  bindings: readonly NodeBinding[],
  { gpu, policy, now }: { gpu: boolean; policy: SelectionPolicy; now: Date },
): Shortlist {
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
    const problem = judge(candidate, { gpu, policy });
    if (problem !== undefined) {
      rejected.push({ node: candidate.node.name, ...problem });
      continue;
    }
    const timed = withHours(candidate, now);
    fitting.push(timed);
    validUntil = Math.min(validUntil, hoursChangeAt(timed.window, now));
  }
  return {
    fitting: fitting.toSorted(gpu ? byLeastCpu : byNoGpuThenLeastCpu),
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

export function rank(list: Shortlist, requirement: Requirement, takenAt: Date): Ranking {
  const fitting: Fitting[] = [];
  const tooShort: Rejected[] = [];
  for (const candidate of list.fitting) {
    const problem = hasEnoughHours(candidate, requirement.hours);
    if (problem === undefined) fitting.push(candidate);
    else tooShort.push({ node: candidate.node.name, ...problem });
  }
  const rejected =
    tooShort.length === 0 ? list.rejected : [...list.rejected, ...tooShort].toSorted(byNode);
  return { requirement, takenAt, fitting, rejected };
}

/** The policy `least-cpu`, cormachogan/gpuinfo's rule; the name breaks ties, so that the same input gives the same order. */
function byLeastCpu(a: Fitting, b: Fitting): number {
  return (
    a.virtualMachine.cpuDemandMhz - b.virtualMachine.cpuDemandMhz ||
    compareText(a.node.name, b.node.name)
  );
}

/** A job without GPU that may use GPU nodes uses them last. */
function byNoGpuThenLeastCpu(a: Fitting, b: Fitting): number {
  return (
    Number(a.virtualMachine.gpus.length > 0) - Number(b.virtualMachine.gpus.length > 0) ||
    byLeastCpu(a, b)
  );
}

function byNode(a: Rejected, b: Rejected): number {
  return compareText(a.node, b.node);
}

/** By code unit: the same on every machine, whatever its locale. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
