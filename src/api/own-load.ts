/** What a pod that waits for its turn is counted with, at the node that the webhook preferred for it. */

import type { NodeLoad } from "../selection/model.ts";
import { cpuRequestMilli } from "./cpu-request.ts";
import { recordOf } from "./injected.ts";
import type { Pod } from "./pod.ts";

/** A pod that waits for longer waits for something else than its turn, and may go anywhere: it is not counted. */
export const takesTurnMs = 60_000;

/** Undefined where it is not counted. */
export function ownLoad(pod: Pod, now: Date): NodeLoad | undefined {
  const node = recordOf(pod)?.preferredNode;
  const createdAt = Date.parse(pod.metadata.creationTimestamp ?? "");
  if (node === undefined || !(now.getTime() - createdAt < takesTurnMs)) return undefined;
  return { node, milliCpu: cpuRequestMilli(pod) };
}
