/** Says what is to be answered about a pod, before any node is looked at. */

import { resolveDemand } from "../api/demand.ts";
import type { GpuInfoSpec } from "../api/gpuinfo.ts";
import { ownLoad } from "../api/own-load.ts";
import type { Question, Ranking, SelectNodes } from "../selection/model.ts";
import type { Verb } from "./observer.ts";
import type { ExtenderArgs } from "./wire.ts";

export interface DecideOptions {
  readonly selectNodes: SelectNodes;
  /** From memory: nothing is read on the way to an answer. */
  readonly getGpuInfoSpec: (namespace: string, name: string) => GpuInfoSpec | undefined;
  /** An older inventory still answers, and is counted. */
  readonly softMaxAgeMs: number;
  readonly now: () => Date;
}

export type Decision =
  | { readonly kind: "answered"; readonly ranking: Ranking; readonly stale: boolean }
  | { readonly kind: "passed" }
  | { readonly kind: "refused" | "unavailable" | "fullNodes"; readonly message: string };

const wantsNames =
  "gpuinfo wants node names, not whole nodes: set nodeCacheCapable: true in its entry of the KubeSchedulerConfiguration";

/** The order among nodes matters to prioritize alone. */
export function decide(
  { pod, fullNodes }: ExtenderArgs,
  verb: Verb,
  options: DecideOptions,
): Decision {
  if (fullNodes) return { kind: "fullNodes", message: wantsNames };
  const demand = resolveDemand(pod, pod.metadata.namespace ?? "default", options.getGpuInfoSpec);
  switch (demand.kind) {
    case "none":
      return { kind: "passed" };
    case "refused":
      return { kind: "refused", message: demand.message };
    case "needs": {
      const own = verb === "prioritize" ? ownLoad(pod, options.now()) : undefined;
      const question: Question = { audience: "pod", ...(own !== undefined && { own }) };
      const selection = options.selectNodes(demand.requirement, question);
      if (selection.kind === "unavailable") {
        const { reason, message } = selection;
        return {
          kind: "unavailable",
          message: `gpuinfo has no answer (${reason}): ${message}. The pod is tried again; see /readyz and the log of gpuinfo`,
        };
      }
      const { ranking } = selection;
      const ageMs = options.now().getTime() - ranking.takenAt.getTime();
      return { kind: "answered", ranking, stale: ageMs > options.softMaxAgeMs };
    }
  }
}
