/** Gives a pod to our scheduler, and back to the cluster's own. */

import type { Pod } from "../api/pod.ts";
import { quote } from "../api/quote.ts";
import type { Placement } from "./mode.ts";

const clusterScheduler = "default-scheduler";

/** Who will place the pod. */
function schedulerOf({ spec }: Pod): string {
  return spec.schedulerName || clusterScheduler;
}

/** Only the cluster's own scheduler is replaced: whoever names another has a reason. */
export function withScheduler(pod: Pod, { mode, schedulerName }: Placement): Pod {
  if (mode !== "scheduler" || schedulerOf(pod) !== clusterScheduler) return pod;
  return { ...pod, spec: { ...pod.spec, schedulerName } };
}

/** @param listed what the pod's record says that we put there */
export function withoutScheduler(
  pod: Pod,
  listed: string | undefined,
  { schedulerName }: Placement,
): Pod {
  if (listed !== schedulerName || pod.spec.schedulerName !== schedulerName) return pod;
  return { ...pod, spec: { ...pod.spec, schedulerName: clusterScheduler } };
}

/** Whether the pod's scheduler asks the extender. */
export function asksExtender(
  pod: Pod,
  { mode, schedulerName, extenderSchedulers }: Placement,
): boolean {
  const name = schedulerOf(pod);
  if (mode === "scheduler") return name === schedulerName;
  return mode === "extender" && extenderSchedulers.has(name);
}

export function warnAboutScheduler(pod: Pod, placement: Placement): readonly string[] {
  if (placement.mode === "affinity" || asksExtender(pod, placement)) return [];
  return [`scheduler ${quote(schedulerOf(pod))} does not ask gpuinfo: node labels alone steer`];
}
