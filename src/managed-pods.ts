/** Follows the pods that gpuinfo manages, and keeps count of the CPU that those placed a moment ago will use. */

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
  /** Bound since the last measurement. */
  readonly load = new ExpectedLoad();
  /** Admitted, and on their way to a node. */
  readonly admissions = new Admissions();

  constructor({ kube, log, observer }: ManagedPodsOptions) {
    this.informer = new Informer({
      name: "pods",
      source: listWatch(kube, podResource, managedPods),
      parse: readPod,
      log,
      observer,
    });
    this.informer.onChange(({ type, object, previous }) => {
      if (type === "delete") return this.load.podDeleted(object);
      // Deleted and made anew under the same name while nobody listened.
      if (previous !== undefined && previous.uid !== object.uid) this.load.podDeleted(previous);
      this.load.podChanged(object);
      const isNewlyBound = object.nodeName !== undefined && previous?.nodeName === undefined;
      if (isNewlyBound) this.admissions.podBound(object);
    });
  }
}
