/** The names that stand on pods and nodes: annotations, labels and the marker resource. */

import { group } from "./group.ts";

/** Annotations of pods. */
export const annotationKeys = {
  /** Hours that the job must be able to run. */
  desAccTime: `${group}/des-acc-time`,
  /** Whether the job needs a GPU. */
  gpuRequired: `${group}/gpu-required`,
  /** The model that its GPUs must have. */
  gpuModel: `${group}/gpu-model`,
  /** GiB that each GPU must have at least. */
  gpuMemoryGib: `${group}/gpu-memory-gib`,
  /** GPUs that the node must have at least. */
  gpuCount: `${group}/gpu-count`,
  /** The GPUInfo in the pod's namespace that all of these are taken from. */
  gpuInfo: `${group}/gpuinfo`,
  /** What the webhook did to the pod; written by nobody else. */
  injected: `${group}/injected`,
} as const;

export const labelKeys = {
  /** On pods: "true" where they carry our annotations, so that only these are watched. */
  managed: `${group}/managed`,
  /** On nodes: "true" or "false". */
  gpu: `${group}/gpu`,
  /** On nodes: the model of all their GPUs, in lower case letters and digits joined by `-`. */
  gpuModel: `${group}/gpu-model`,
  /** On nodes: whole GiB that each of their GPUs has at least. */
  gpuMemoryGib: `${group}/gpu-memory-gib`,
  /** On nodes: how many GPUs they have. */
  gpuCount: `${group}/gpu-count`,
  /** On nodes: the ESXi host under the node. */
  esxiHost: `${group}/esxi-host`,
  /** On nodes: whole hours since the Unix epoch until which the host is expected to stay up. */
  availableUntil: `${group}/available-until`,
} as const;

/** On nodes: which virtual machine it is, by uuid or inventory path. Written by people alone; never changed or removed by us. */
export const nodeOverride = `${group}/vm`;

/** What pods ask for so that a shared kube-scheduler calls the extender for them, and for no others. */
export const markerResource = `${group}/managed`;

/** `available-until` of a node whose host has no known maintenance. */
export const farFuture = 9_999_999;
