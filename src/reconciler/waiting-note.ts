/** Says in plain words why a pod waits. Each Reason stands behind its words, so that the docs can be searched for it. */

import type { InjectionRecord } from "../api/injected.ts";
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
      const words =
        reason === "TooFewHours" ? tooFewHours(requirement, hoursAvailable) : wordsFor[reason];
      return `${count} ${words} [${reason}]`;
    })
    .join(", ");
}

function tooFewHours({ hours }: Requirement, hoursAvailable: readonly number[]): string {
  const most = hoursAvailable.reduce((a, b) => Math.max(a, b), 0);
  const isSame = hoursAvailable.every((available) => available === most);
  return `with maintenance in ${most} h${isSame ? "" : " or less"} (${hours} h asked)`;
}

const wordsFor: Readonly<Record<Reason, string>> = {
  UnknownNode: "unknown to gpuinfo",
  Ambiguous: "with more than one possible virtual machine",
  NoVirtualMachine: "without a virtual machine in vCenter",
  NodeNotReady: "not ready",
  NodeUnschedulable: "cordoned",
  NodeTainted: "tainted",
  NotReadable: "that vCenter does not show in full",
  VirtualMachineOff: "with the virtual machine off",
  NoHost: "on no ESXi host that vCenter shows",
  HostNotConnected: "on a host that is not connected",
  HostInMaintenance: "on a host in maintenance",
  HostEnteringMaintenance: "on a host that enters maintenance",
  HostInQuarantine: "on a host in quarantine",
  NoGpu: "without a GPU",
  GpuNotWanted: "kept for jobs that need a GPU",
  MaintenanceUnknown: "with unknown maintenance",
  TooFewHours: "with maintenance too soon",
};

/** What the webhook put into the pod holds as it was then, also when the GPUInfo that it was taken from has changed. */
function frozen({ fitting }: Ranking, admission: InjectionRecord | undefined): string {
  if (admission === undefined) return "";
  const excluded = fitting.filter((node) => isExcluded(node, admission)).length;
  if (excluded === 0) return "";
  const needs = `${admission.hours} h ${admission.gpu ? "with" : "without"} a GPU`;
  return `; ${excluded} of the suitable excluded by what was asked when the pod was created at ${admission.at} (${needs}): recreate it`;
}

function isExcluded({ virtualMachine, window }: Fitting, { required }: InjectionRecord): boolean {
  return required.some(({ key, values: [value] }) =>
    key === labelKeys.gpu
      ? value !== String(virtualMachine.gpus.length > 0)
      : window !== undefined && Math.floor(window.startsAt / millisecondsInAnHour) <= Number(value),
  );
}
