/** Orders what fits, best first, and keeps the reasons of what does not. */

import { judge } from "./judge.ts";
import type {
  Fitting,
  NodeBinding,
  Ranking,
  Rejected,
  Requirement,
  SelectionPolicy,
} from "./model.ts";

export function rank(
  requirement: Requirement,
  bindings: readonly NodeBinding[],
  { policy, takenAt, now }: { policy: SelectionPolicy; takenAt: Date; now: Date },
): Ranking {
  const fitting: Fitting[] = [];
  const rejected: Rejected[] = [];
  for (const binding of bindings) {
    if (binding.kind === "unbound") {
      const { node, reason, message } = binding;
      rejected.push({ node, reason, message });
      continue;
    }
    const { candidate } = binding;
    const verdict = judge(candidate, { requirement, policy, now });
    if (verdict.fits) fitting.push({ ...candidate, hoursAvailable: verdict.hoursAvailable });
    else {
      const { reason, message } = verdict;
      rejected.push({ node: candidate.node.name, reason, message });
    }
  }
  return {
    requirement,
    takenAt,
    fitting: fitting.toSorted(requirement.gpu ? byLeastCpu : byNoGpuThenLeastCpu),
    rejected: rejected.toSorted((a, b) => compareText(a.node, b.node)),
  };
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

/** By code unit: the same on every machine, whatever its locale. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
