/** Says whether one candidate suits. The ordered list of checks is the policy: the first failure gives the reason. */

import { gpuTotals, modelKey } from "./gpu-totals.ts";
import type {
  Audience,
  Candidate,
  Fitting,
  GpuNeeds,
  Reason,
  Rejected,
  SelectionPolicy,
  Taint,
} from "./model.ts";
import { horizonThatCounts } from "./windows.ts";

/** Why a candidate does not fit; `message` names what was found and what was wanted. */
export interface Problem {
  readonly reason: Reason;
  readonly message: string;
}

/** What is the same for every job that needs the same GPUs, or none. */
export interface Terms {
  readonly gpu: boolean;
  readonly gpuNeeds?: GpuNeeds;
  readonly audience: Audience;
  readonly policy: SelectionPolicy;
  readonly vcenters: VcenterAges;
}

/** What is too old, by the vCenter's name. */
export interface VcenterAges {
  /** What they said is not to be believed any more; why, for the user. */
  readonly stale: ReadonlyMap<string, string>;
  /** Their CPU and memory numbers are not to be compared any more. */
  readonly oldUsage: ReadonlySet<string>;
}

type Check = (candidate: Candidate, terms: Terms) => Problem | undefined;

const checksOfKubernetes: readonly Check[] = [nodeIsReady, nodeIsSchedulable, taintsAreTolerated];

/** They concern machine and host, whatever the job asks for. */
const checksOfHardware = [
  everythingIsReadable,
  machineIsPoweredOn,
  hostIsConnected,
  hostIsNotInMaintenance,
  hostIsNotEnteringMaintenance,
  hostIsNotInQuarantine,
] as const;

const checksOfVsphere: readonly Check[] = [
  vcenterIsFresh,
  ...checksOfHardware,
  hasGpuIfNeeded,
  hasNoGpuUnlessNeeded,
  hasModel,
  hasEnoughMemory,
  hasEnoughGpus,
  maintenanceIsKnown,
];

const checks: Readonly<Record<Audience, readonly Check[]>> = {
  advice: [...checksOfKubernetes, ...checksOfVsphere],
  pod: checksOfVsphere,
};

/** Every check but the last, `hasEnoughHours`. */
export function judge(candidate: Candidate, terms: Terms): Problem | undefined {
  for (const check of checks[terms.audience]) {
    const problem = check(candidate, terms);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Whether machine and host are there for anybody. */
export function isUp(candidate: Candidate): boolean {
  return checksOfHardware.every((check) => check(candidate) === undefined);
}

/** The last check. It alone depends on how long the job runs. */
export function hasEnoughHours(fitting: Fitting, hours: number): boolean {
  return fitting.hoursAvailable >= hours;
}

/** What is said of a node that fails it: put into words when somebody reads it, as there may be thousands for each number of hours. */
export class TooFewHours implements Rejected {
  readonly #fitting: Fitting;
  readonly #hours: number;

  constructor(fitting: Fitting, hours: number) {
    this.#fitting = fitting;
    this.#hours = hours;
  }

  get node(): string {
    return this.#fitting.node.name;
  }

  get reason(): "TooFewHours" {
    return "TooFewHours";
  }

  get message(): string {
    const { host, hoursAvailable, window } = this.#fitting;
    const task = window === undefined ? "" : ` ("${window.description}")`;
    return `host ${host.name} has maintenance${task} in ${hoursAvailable} h, ${this.#hours} h asked for`;
  }
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

function taintsAreTolerated({ node }: Candidate, { policy }: Terms): Problem | undefined {
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

function vcenterIsFresh({ host }: Candidate, { vcenters }: Terms): Problem | undefined {
  const message = vcenters.stale.get(host.vcenter);
  return message === undefined ? undefined : { reason: "InventoryStale", message };
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

function hasGpuIfNeeded({ virtualMachine }: Candidate, { gpu }: Terms): Problem | undefined {
  if (!gpu || virtualMachine.gpus.length > 0) return undefined;
  return { reason: "NoGpu", message: `virtual machine ${virtualMachine.name} has no GPU` };
}

function hasNoGpuUnlessNeeded(
  { virtualMachine }: Candidate,
  { gpu, policy }: Terms,
): Problem | undefined {
  if (gpu || policy.gpuPolicy === "atLeast") return undefined;
  if (virtualMachine.gpus.length === 0) return undefined;
  const message = `virtual machine ${virtualMachine.name} has a GPU, which is kept for jobs that need one`;
  return { reason: "GpuNotWanted", message };
}

function hasModel({ virtualMachine }: Candidate, { gpuNeeds }: Terms): Problem | undefined {
  const wanted = gpuNeeds?.model;
  if (wanted === undefined) return undefined;
  const { model } = gpuTotals(virtualMachine.gpus);
  if (model !== undefined && modelKey(model) === modelKey(wanted)) return undefined;
  const models = new Set(virtualMachine.gpus.map((gpu) => gpu.model ?? "GPUs of unknown model"));
  const found = [...models].join(" and ");
  const mixed = models.size > 1 ? ", of which a pod may get either" : "";
  const message = `virtual machine ${virtualMachine.name} has ${found}${mixed}; ${wanted} asked for`;
  return { reason: "GpuModelMismatch", message };
}

function hasEnoughMemory({ virtualMachine }: Candidate, { gpuNeeds }: Terms): Problem | undefined {
  const wanted = gpuNeeds?.memoryGib;
  if (wanted === undefined) return undefined;
  const { memoryGib } = gpuTotals(virtualMachine.gpus);
  if (memoryGib !== undefined && memoryGib >= wanted) return undefined;
  const found = memoryGib === undefined ? "with an unknown amount of" : `with ${memoryGib} GiB of`;
  const message = `virtual machine ${virtualMachine.name} has a GPU ${found} memory, ${wanted} GiB asked for`;
  return { reason: "GpuMemoryTooSmall", message };
}

function hasEnoughGpus({ virtualMachine }: Candidate, { gpuNeeds }: Terms): Problem | undefined {
  const wanted = gpuNeeds?.count;
  const count = virtualMachine.gpus.length;
  if (wanted === undefined || count >= wanted) return undefined;
  const message = `virtual machine ${virtualMachine.name} has ${count} GPUs, ${wanted} asked for`;
  return { reason: "TooFewGpus", message };
}

function maintenanceIsKnown(candidate: Candidate, { policy }: Terms): Problem | undefined {
  const horizon = horizonThatCounts(candidate, policy);
  if (horizon.kind === "known" || policy.unknownMaintenance === "assume-open") return undefined;
  const message = `the next maintenance of host ${candidate.host.name} is unknown: ${horizon.why}`;
  return { reason: "MaintenanceUnknown", message };
}
