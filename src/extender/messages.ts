/** What the events on a pod say about the nodes that we rejected. */

import { type Reason, reasons } from "../selection/model.ts";

/**
 * One message per Reason, without names or numbers: kube-scheduler counts equal messages, and cuts the event
 * at 1,024 characters.
 */
const texts: Readonly<Record<Reason, string>> = {
  UnknownNode: "node not known yet",
  Ambiguous: "no single VM",
  NoVirtualMachine: "no VM found",
  InventoryNotReady: "vCenter not read yet",
  NodeNotReady: "not ready",
  NodeUnschedulable: "cordoned",
  NodeTainted: "tainted",
  InventoryStale: "vCenter silent too long",
  NotReadable: "vCenter denies reading",
  VirtualMachineOff: "VM not on",
  NoHost: "VM on no host",
  HostNotConnected: "host not connected",
  HostInMaintenance: "host down",
  HostEnteringMaintenance: "host going down",
  HostInQuarantine: "host in quarantine",
  NoGpu: "no GPU",
  GpuNotWanted: "GPU not wanted",
  GpuModelMismatch: "another GPU model",
  GpuMemoryTooSmall: "too little GPU memory",
  TooFewGpus: "too few GPUs",
  MaintenanceUnknown: "maintenance unknown",
  TooFewHours: "maintenance too soon",
};

/** In the order of `reasons`. */
export const messages: readonly string[] = reasons.map(
  (reason) => `gpuinfo: ${texts[reason]} (${reason})`,
);
