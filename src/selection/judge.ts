/** Says whether one candidate suits a requirement. The ordered list of checks is the policy: the first failure gives the reason. */

import { hoursUntil, nextWindow } from "./hours.ts";
import type { Candidate, Reason, Requirement, SelectionPolicy, Taint, Verdict } from "./model.ts";

interface Question {
  readonly requirement: Requirement;
  readonly policy: SelectionPolicy;
  readonly now: Date;
}

type Problem = { readonly reason: Reason; readonly message: string };
type Check = (candidate: Candidate, question: Question) => Problem | undefined;

const checks: readonly Check[] = [
  nodeIsReady,
  nodeIsSchedulable,
  taintsAreTolerated,
  everythingIsReadable,
  machineIsPoweredOn,
  hostIsConnected,
  hostIsNotInMaintenance,
  hostIsNotEnteringMaintenance,
  hostIsNotInQuarantine,
  hasGpuIfNeeded,
  hasNoGpuUnlessNeeded,
  maintenanceIsKnown,
  hasEnoughHours,
];

export function judge(candidate: Candidate, question: Question): Verdict {
  for (const check of checks) {
    const problem = check(candidate, question);
    if (problem !== undefined) return { fits: false, ...problem };
  }
  return { fits: true, hoursAvailable: hoursAvailable(candidate, question.now) };
}

function nodeIsReady({ node }: Candidate): Problem | undefined {
  if (node.ready) return undefined;
  return {
    reason: "NodeNotReady",
    message: `the Ready condition of node ${node.name} is not True`,
  };
}

function nodeIsSchedulable({ node }: Candidate): Problem | undefined {
  if (!node.unschedulable) return undefined;
  return { reason: "NodeUnschedulable", message: `node ${node.name} is cordoned` };
}

function taintsAreTolerated({ node }: Candidate, { policy }: Question): Problem | undefined {
  const taint = node.taints.find(
    ({ key, effect }) =>
      (effect === "NoSchedule" || effect === "NoExecute") && !policy.toleratedTaints.has(key),
  );
  if (taint === undefined) return undefined;
  return { reason: "NodeTainted", message: `node ${node.name} has the taint ${taintText(taint)}` };
}

function taintText({ key, value, effect }: Taint): string {
  return `${key}${value === undefined || value === "" ? "" : `=${value}`}:${effect}`;
}

function everythingIsReadable({ virtualMachine, host }: Candidate): Problem | undefined {
  for (const object of [virtualMachine, host]) {
    if (object.unreadable.length > 0) {
      const message = `${object.unreadable.join(", ")} of ${object.name} could not be read: grant System.Read, unless the node is new`;
      return { reason: "NotReadable", message };
    }
  }
  return undefined;
}

function machineIsPoweredOn({ virtualMachine }: Candidate): Problem | undefined {
  if (virtualMachine.power === "poweredOn") return undefined;
  const message = `virtual machine ${virtualMachine.name} is ${virtualMachine.power}`;
  return { reason: "VirtualMachineOff", message };
}

function hostIsConnected({ host }: Candidate): Problem | undefined {
  if (host.connection === "connected") return undefined;
  return { reason: "HostNotConnected", message: `host ${host.name} is ${host.connection}` };
}

function hostIsNotInMaintenance({ host }: Candidate): Problem | undefined {
  if (host.maintenance !== "in") return undefined;
  return { reason: "HostInMaintenance", message: `host ${host.name} is in maintenance mode` };
}

function hostIsNotEnteringMaintenance({ host }: Candidate): Problem | undefined {
  if (host.maintenance !== "entering") return undefined;
  const message = `host ${host.name} is entering maintenance mode`;
  return { reason: "HostEnteringMaintenance", message };
}

function hostIsNotInQuarantine({ host }: Candidate): Problem | undefined {
  if (!host.inQuarantine) return undefined;
  return { reason: "HostInQuarantine", message: `host ${host.name} is in quarantine mode` };
}

function hasGpuIfNeeded(
  { virtualMachine }: Candidate,
  { requirement }: Question,
): Problem | undefined {
  if (!requirement.gpu || virtualMachine.gpus.length > 0) return undefined;
  return { reason: "NoGpu", message: `virtual machine ${virtualMachine.name} has no GPU` };
}

function hasNoGpuUnlessNeeded(
  { virtualMachine }: Candidate,
  { requirement, policy }: Question,
): Problem | undefined {
  if (requirement.gpu || policy.gpuPolicy === "atLeast") return undefined;
  if (virtualMachine.gpus.length === 0) return undefined;
  const message = `virtual machine ${virtualMachine.name} has a GPU, which is kept for jobs that need one`;
  return { reason: "GpuNotWanted", message };
}

function maintenanceIsKnown({ host }: Candidate): Problem | undefined {
  if (host.horizon.kind === "known") return undefined;
  const message = `the next maintenance of host ${host.name} is unknown: ${host.horizon.why}`;
  return { reason: "MaintenanceUnknown", message };
}

function hasEnoughHours(candidate: Candidate, { requirement, now }: Question): Problem | undefined {
  const { host } = candidate;
  const window = host.horizon.kind === "known" ? nextWindow(host.horizon.windows, now) : undefined;
  // Where every source was read and none holds a window, any number of hours fits.
  if (window === undefined) return undefined;
  const hours = hoursUntil(window, now);
  if (hours >= requirement.hours) return undefined;
  const message = `host ${host.name} has maintenance ("${window.description}") in ${hours} h, ${requirement.hours} h asked for`;
  return { reason: "TooFewHours", message };
}

function hoursAvailable({ host }: Candidate, now: Date): number {
  if (host.horizon.kind === "unknown") return 0;
  return hoursUntil(nextWindow(host.horizon.windows, now), now);
}
