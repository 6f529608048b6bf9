/** What the events on a pod say about the nodes that we rejected. */

import { type Reason, reasons } from "../selection/model.ts";

/**
 * One message per Reason, without names or numbers: kube-scheduler counts equal messages, and cuts the event
 * at 1,024 characters.
 */
const texts: Readonly<Record<Reason, string>> = {
  UnknownNode: "node not known yet",
  Ambiguous: "node matches no single VM",
  NoVirtualMachine: "no VM found for the node",
  NodeNotReady: "node not ready",
  NodeUnschedulable: "node cordoned",
  NodeTainted: "node tainted",
  NotReadable: "vCenter denies reading",
  VirtualMachineOff: "VM not powered on",
  NoHost: "VM on no host",
  HostNotConnected: "ESXi host not connected",
  HostInMaintenance: "ESXi host in maintenance",
  HostEnteringMaintenance: "ESXi host entering maintenance",
  HostInQuarantine: "ESXi host in quarantine",
  NoGpu: "no GPU",
  GpuNotWanted: "GPU not wanted",
  MaintenanceUnknown: "maintenance of ESXi host unknown",
  TooFewHours: "ESXi host's maintenance too soon",
};

/** In the order of `reasons`. */
export const messages: readonly string[] = reasons.map(
  (reason) => `gpuinfo: ${texts[reason]} (${reason})`,
);
