/** Follows the pods that gpuinfo manages, and keeps count of the CPU that they will use and nobody has measured. */

import type { Logger } from "pino";
import { ExpectedLoad } from "./expected-load.ts";
import type { KubeClient } from "./kube/client.ts";
import { Informer } from "./kube/informer.ts";
import { listWatch } from "./kube/list-watch.ts";
import type { KubeObserver } from "./kube/observer.ts";
import { type ManagedPod, managedPods, readPod } from "./kube/pods.ts";
import { pods as podResource } from "./kube/resource.ts";
import { Admissions } from "./webhook/admissions.ts";

export interface ManagedPodsOptions {
  readonly kube: KubeClient;
  readonly log: Logger;
  readonly observer: KubeObserver;
}

export class ManagedPods {
  readonly informer: Informer<ManagedPod>;
  /** Bound since the last measurement, or waiting for their turn. */
  readonly #load = new ExpectedLoad();
  /** Admitted by this replica, and not seen yet. */
  readonly admissions = new Admissions();
  #sum: Record<"seen" | "admitted" | "sum", ReadonlyMap<string, number>> | undefined;

  constructor({ kube, log, observer }: ManagedPodsOptions) {
    this.informer = new Informer({
      name: "pods",
      source: listWatch(kube, podResource, managedPods),
      parse: readPod,
      log,
      observer,
    });
    this.informer.onChange(({ type, object, previous }) => {
      if (type === "delete") return this.#load.podDeleted(object);
      // Deleted and made anew under the same name while nobody listened.
      if (previous !== undefined && previous.uid !== object.uid) this.#load.podDeleted(previous);
      this.#load.podChanged(object);
      if (previous?.uid !== object.uid) this.admissions.podSeen(object);
    });
  }

  /**
   * @param measuredAt when the usage was measured that this comes on top of
   * @returns thousandths of a core by node name; the same object as long as nothing changed
   */
  expectedMilliCpu(measuredAt: Date, now: Date): ReadonlyMap<string, number> {
    const seen = this.#load.current(measuredAt, now);
    const admitted = this.admissions.expectedMilliCpu(now);
    if (admitted.size === 0) return seen;
    const last = this.#sum;
    if (last?.seen === seen && last.admitted === admitted) return last.sum;
    const sum = new Map(seen);
    for (const [node, milliCpu] of admitted) sum.set(node, (sum.get(node) ?? 0) + milliCpu);
    this.#sum = { seen, admitted, sum };
    return sum;
  }
}
