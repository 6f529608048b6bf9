/** Composes the watch over what running pods were promised: pods and bindings in, conditions and events out. */

import type { Logger } from "pino";
import type { GpuInfoSpec } from "./api/gpuinfo.ts";
import type { Config } from "./config.ts";
import type { KubeClient } from "./kube/client.ts";
import type { EventRecorder } from "./kube/events.ts";
import type { Informer } from "./kube/informer.ts";
import type { KubeObserver } from "./kube/observer.ts";
import { PodConditionWriter } from "./kube/pod-conditions.ts";
import type { ManagedPod } from "./kube/pods.ts";
import { WorkQueue } from "./kube/work-queue.ts";
import type { PromiseMetrics } from "./metrics/promises.ts";
import { Promises } from "./reconciler/promises.ts";
import type { Bindings } from "./selection/select.ts";

export interface PromiseWatchOptions {
  readonly config: Pick<Config, "evacuation" | "hardMaxAgeMs">;
  readonly log: Logger;
  readonly kube: Pick<KubeClient, "request">;
  readonly observer: KubeObserver;
  readonly metrics: PromiseMetrics;
  readonly pods: Informer<ManagedPod>;
  readonly events: Pick<EventRecorder, "record">;
  readonly bindings: () => Bindings | undefined;
  readonly specOf: (namespace: string, name: string) => GpuInfoSpec | undefined;
  readonly isLeading: () => boolean;
}

const conditionWriters = 4;
/** A window over a whole datacenter puts every pod at risk at once: that must not fill the API server's time. */
const conditionsPerSecond = 50;

export class PromiseWatch {
  readonly #promises: Promises;
  readonly #queue: WorkQueue;

  constructor(options: PromiseWatchOptions) {
    const { config, log, kube, observer, metrics, pods, events, isLeading } = options;
    const writer = new PodConditionWriter({ client: kube, log, wrote: metrics.wrote });
    this.#promises = new Promises({
      listPods: () => pods.list(),
      getPod: (key) => pods.get(key),
      bindings: options.bindings,
      specOf: options.specOf,
      enqueue: (pod) => this.#queue.add(pod, { unlessFailing: true }),
      write: (pod, condition, signal) => writer.write(pod, condition, signal),
      mayWrite: () => !writer.isDenied,
      recordEvent: ({ namespace, name, uid }, event) => {
        const regarding = { apiVersion: "v1", kind: "Pod", namespace, name, uid };
        events.record({ ...event, regarding, action: "WatchPlacement" });
      },
      changed: metrics.changed,
      now: () => new Date(),
      policy: config,
      hardMaxAgeMs: config.hardMaxAgeMs,
    });
    this.#queue = new WorkQueue({
      name: "promises",
      workers: conditionWriters,
      normalPerSecond: conditionsPerSecond,
      // What a leader has left over is the next one's.
      process: async (pod, signal) => {
        if (isLeading()) await this.#promises.reconcile(pod, signal);
      },
      log,
      observer,
    });
    pods.onChange(({ type, object }) => {
      if (type !== "delete" && isLeading()) this.#promises.check(object);
    });
    metrics.watchAtRisk(() => (isLeading() ? this.#promises.atRisk : undefined));
  }

  start(): void {
    this.#queue.start();
  }

  /** Finishes what is being written. */
  async stop(): Promise<void> {
    await this.#queue.stop();
  }

  /** Looks at every running pod; for the process that leads. */
  async sweep(): Promise<void> {
    await this.#promises.sweep();
  }
}
