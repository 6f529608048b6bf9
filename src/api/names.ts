/** The names that stand on pods and nodes: annotations, labels and the marker resource. */

import { group } from "./group.ts";

/** Annotations of pods. */
export const annotationKeys = {
  /** Hours that the job must be able to run. */
  desAccTime: `${group}/des-acc-time`,
  /** Whether the job needs a GPU. */
  gpuRequired: `${group}/gpu-required`,
  /** The GPUInfo in the pod's namespace that both are taken from. */
  gpuInfo: `${group}/gpuinfo`,
  /** What the webhook did to the pod; written by nobody else. */
  injected: `${group}/injected`,
} as const;

export const labelKeys = {
  /** On pods: "true" where they carry our annotations, so that only these are watched. */
  managed: `${group}/managed`,
  /** On nodes: "true" or "false". */
  gpu: `${group}/gpu`,
  /** On nodes: the ESXi host under the node. */
  esxiHost: `${group}/esxi-host`,
  /** On nodes: whole hours since the Unix epoch until which the host is expected to stay up. */
  availableUntil: `${group}/available-until`,
} as const;

/** What pods ask for so that a shared kube-scheduler calls the extender for them, and for no others. */
export const markerResource = `${group}/managed`;

/** `available-until` of a node whose host has no known maintenance. */
export const farFuture = 9_999_999;
