/** Says in plain words why a pod waits. Each Reason stands behind its words, so that the docs can be searched for it. */

import { gpuLabels } from "../api/gpu-labels.ts";
import { type Expression, type InjectionRecord, requirementIn } from "../api/injected.ts";
import { labelKeys } from "../api/names.ts";
import { millisecondsInAnHour } from "../selection/hours.ts";
import type { Fitting, Ranking, Reason, Requirement } from "../selection/model.ts";
import { countReasons } from "../selection/reason-counts.ts";
import { summarise } from "./summary.ts";

/** How many nodes a note names. */
const namedNodes = 5;

/** "0 of 12 nodes suit: 9 without a GPU [NoGpu], 2 with maintenance in 40 h (100 h asked) [TooFewHours]". */
export function noNodeSuits(ranking: Ranking, hoursAvailable: readonly number[]): string {
  const { nodes } = summarise(ranking);
  if (nodes === 0) return "the cluster has no nodes";
  return `0 of ${nodes} nodes suit: ${rejections(ranking, hoursAvailable)}`;
}

/** "1 of 12 nodes suits, but kube-scheduler does not place it there: worker-1; not 11 without a GPU [NoGpu]". */
export function noRoom(
  ranking: Ranking,
  hoursAvailable: readonly number[],
  admission: InjectionRecord | undefined,
): string {
  const { candidates, nodes } = summarise(ranking);
  const suit = candidates === 1 ? "suits" : "suit";
  const names = nameSome(ranking.fitting);
  const rest = candidates === nodes ? "" : `; not ${rejections(ranking, hoursAvailable)}`;
  return `${candidates} of ${nodes} nodes ${suit}, but kube-scheduler does not place it there: ${names}${rest}${frozen(ranking, admission)}`;
}

function nameSome(nodes: readonly Fitting[]): string {
  const names = nodes.slice(0, namedNodes).map(({ node }) => node.name);
  const more = nodes.length - names.length;
  return more === 0 ? names.join(", ") : `${names.join(", ")} and ${more} more`;
}

function rejections(ranking: Ranking, hoursAvailable: readonly number[]): string {
  const { requirement } = ranking;
  return countReasons(ranking.rejected)
    .map(([reason, count]) => {
      const words = reason === "TooFewHours" ? tooFewHours(hoursAvailable) : wordsFor[reason];
      return `${count} ${words}${askedFor(reason, requirement)} [${reason}]`;
    })
    .join(", ");
}

function tooFewHours(hoursAvailable: readonly number[]): string {
  const most = hoursAvailable.reduce((a, b) => Math.max(a, b), 0);
  const isSame = hoursAvailable.every((available) => available === most);
  return `with maintenance in ${most} h${isSame ? "" : " or less"}`;
}

/** What was asked for, where nodes have less of it or another. */
function askedFor(reason: Reason, { hours, gpuNeeds = {} }: Requirement): string {
  const asked: Partial<Record<Reason, string>> = {
    TooFewHours: `${hours} h`,
    GpuModelMismatch: gpuNeeds.model ?? "",
    GpuMemoryTooSmall: `${gpuNeeds.memoryGib ?? 0} GiB`,
    TooFewGpus: `${gpuNeeds.count ?? 0}`,
  };
  const what = asked[reason];
  return what === undefined ? "" : ` (${what} asked)`;
}

const wordsFor: Readonly<Record<Reason, string>> = {
  UnknownNode: "unknown to gpuinfo",
  Ambiguous: "with more than one possible virtual machine",
  NoVirtualMachine: "without a virtual machine in vCenter",
  InventoryNotReady: "perhaps in a vCenter that was not read yet",
  NodeNotReady: "not ready",
  NodeUnschedulable: "cordoned",
  NodeTainted: "tainted",
  InventoryStale: "in a vCenter that has been silent for too long",
  NotReadable: "that vCenter does not show in full",
  VirtualMachineOff: "with the virtual machine off",
  NoHost: "on no ESXi host that vCenter shows",
  HostNotConnected: "on a host that is not connected",
  HostInMaintenance: "on a host in maintenance",
  HostEnteringMaintenance: "on a host that enters maintenance",
  HostInQuarantine: "on a host in quarantine",
  NoGpu: "without a GPU",
  GpuNotWanted: "kept for jobs that need a GPU",
  GpuModelMismatch: "with another GPU model",
  GpuMemoryTooSmall: "with too little GPU memory",
  TooFewGpus: "with too few GPUs",
  MaintenanceUnknown: "with unknown maintenance",
  TooFewHours: "with maintenance too soon",
};

/** What the webhook put into the pod holds as it was then, also when the GPUInfo that it was taken from has changed. */
function frozen({ fitting }: Ranking, admission: InjectionRecord | undefined): string {
  if (admission === undefined) return "";
  const excluded = fitting.filter((node) => isExcluded(node, admission)).length;
  if (excluded === 0) return "";
  return `; ${excluded} of the suitable excluded by what was asked when the pod was created at ${admission.at} (${needsOf(admission)}): recreate it`;
}

/** "100 h with a GPU", "100 h with a GPU: NVIDIA L40S, 44 GiB each, 2 of them". */
function needsOf(admission: InjectionRecord): string {
  const { gpu, hours, gpuNeeds = {} } = requirementIn(admission);
  const { model, memoryGib, count } = gpuNeeds;
  const kind = [
    ...(model === undefined ? [] : [model]),
    ...(memoryGib === undefined ? [] : [`${memoryGib} GiB each`]),
    ...(count === undefined ? [] : [`${count} of them`]),
  ].join(", ");
  return `${hours} h ${gpu ? "with" : "without"} a GPU${kind === "" ? "" : `: ${kind}`}`;
}

function isExcluded(fitting: Fitting, { required }: InjectionRecord): boolean {
  const labels = gpuLabels(fitting.virtualMachine.gpus);
  return required.some((expression) =>
    expression.key === labelKeys.availableUntil
      ? isTooEarly(fitting, expression)
      : !isMet(labels[expression.key], expression),
  );
}

function isTooEarly({ window }: Fitting, { values: [bound] }: Expression): boolean {
  if (window === undefined) return false;
  return Math.floor(window.startsAt / millisecondsInAnHour) <= Number(bound);
}

function isMet(label: string | undefined, { operator, values: [value] }: Expression): boolean {
  if (label === undefined) return false;
  return operator === "In" ? label === value : Number(label) > Number(value);
}
