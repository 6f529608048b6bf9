/**
 * Writes one condition of a pod.
 *
 * A strategic merge patch, as the kubelet's own: conditions are merged by their type, so it names ours and no other,
 * nothing that others write is in conflict with it, and it creates nothing. With the uid in it, a pod that was made anew
 * under the same name is left alone.
 */

import type { Logger } from "pino";
import { placementAtRisk, type RiskCondition } from "../api/placement-at-risk.ts";
import type { KubeClient } from "./client.ts";
import { type Clock, systemClock } from "./clock.ts";
import { isKubeError, KubeError } from "./errors.ts";
import { pathOf, pods } from "./resource.ts";

/** Under this name `kubectl get --show-managed-fields` shows what we wrote. */
const fieldManager = "gpuinfo-placement-at-risk";

/** Which pod: its name alone may by now be another's. */
export interface PodReference {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * - `written`: the pod has the condition
 * - `gone`: there is no such pod any more, or another of that name
 * - `denied`: we may not write conditions of pods: nothing was asked again, or the answer was no once more
 */
export type ConditionOutcome = "written" | "gone" | "denied";

export interface ConditionWriterOptions {
  readonly client: Pick<KubeClient, "request">;
  readonly log: Logger;
  /** Hears the outcome of each call to the API server; `failed` will be tried again. */
  readonly wrote: (outcome: ConditionOutcome | "failed") => void;
  readonly clock?: Clock;
}

/** How long nothing is asked after a refusal: somebody has to change a role first. */
const deniedMs = 5 * 60_000;

export class PodConditionWriter {
  readonly #options: ConditionWriterOptions;
  readonly #clock: Clock;
  #deniedAtMs: number | undefined;

  constructor(options: ConditionWriterOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** The API server has refused a moment ago; trying is useless for now. */
  get isDenied(): boolean {
    return (
      this.#deniedAtMs !== undefined && this.#clock.monotonicMs() - this.#deniedAtMs < deniedMs
    );
  }

  /** @throws KubeError */
  async write(
    pod: PodReference,
    condition: RiskCondition,
    signal?: AbortSignal,
  ): Promise<ConditionOutcome> {
    if (this.isDenied) return "denied";
    try {
      const outcome = await this.#patch(pod, condition, signal);
      this.#options.wrote(outcome);
      return outcome;
    } catch (error) {
      if (!isKubeError(error, "aborted")) this.#options.wrote("failed");
      throw error;
    }
  }

  async #patch(
    pod: PodReference,
    condition: RiskCondition,
    signal: AbortSignal | undefined,
  ): Promise<ConditionOutcome> {
    try {
      await patchRiskCondition(this.#options.client, pod, condition, signal);
    } catch (error) {
      if (isKubeError(error, "notFound") || isAnother(error)) return "gone";
      if (!isKubeError(error, "forbidden")) throw error;
      this.#denied(error);
      return "denied";
    }
    this.#deniedAtMs = undefined;
    return "written";
  }

  /** Told once, until it works again. */
  #denied(err: unknown): void {
    if (this.#deniedAtMs === undefined) {
      this.#options.log.error(
        { err },
        "the condition PlacementAtRisk cannot be written: bind the ClusterRole gpuinfo-pod-status (kubectl apply -k), or set WATCH_PROMISES=false",
      );
    }
    this.#deniedAtMs = this.#clock.monotonicMs();
  }
}

/** A pod with another uid has the name by now: the API server calls ours a change of a field that cannot be changed. */
function isAnother(error: unknown): boolean {
  return error instanceof KubeError && error.fields.some(({ field }) => field === "metadata.uid");
}

async function patchRiskCondition(
  client: Pick<KubeClient, "request">,
  { namespace, name, uid }: PodReference,
  condition: RiskCondition,
  signal: AbortSignal | undefined,
): Promise<void> {
  await client.request({
    method: "PATCH",
    path: pathOf(pods, { namespace, name, subresource: "status" }),
    query: { fieldManager },
    contentType: "application/strategic-merge-patch+json",
    body: {
      metadata: { uid },
      status: { conditions: [{ type: placementAtRisk, ...condition }] },
    },
    ...(signal && { signal }),
  });
}
