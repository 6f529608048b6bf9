/** Composes what keeps the status of each MaintenanceWindow right. */

import { maintenanceWindowKind } from "./api/maintenance-window.ts";
import type { KubeClient } from "./kube/client.ts";
import type { EventRecorder } from "./kube/events.ts";
import { applyMaintenanceWindowStatus } from "./kube/maintenance-window-status.ts";
import type { KubeObserver } from "./kube/observer.ts";
import type { WorkQueueOptions } from "./kube/work-queue.ts";
import type { MaintenanceWindows } from "./maintenance-windows.ts";
import { WindowReconciler } from "./reconciler/window-reconciler.ts";
import type { Bindings } from "./selection/select.ts";

export interface WindowStatusesOptions {
  readonly kube: KubeClient;
  readonly observer: KubeObserver;
  readonly windows: MaintenanceWindows;
  readonly events: Pick<EventRecorder, "record">;
  readonly bindings: () => Bindings | undefined;
  /** Puts a MaintenanceWindow on our queue, if this replica leads. */
  readonly enqueue: (name: string) => void;
}

const writers = 2;
/** Hosts that nodes leave change the counts of many objects at once. */
const statusesPerSecond = 50;

export class WindowStatuses {
  /** Its name is what {@link WindowStatusesOptions.enqueue} adds to. */
  static readonly queueName = "maintenance-windows";
  readonly #observer: KubeObserver;
  readonly #reconciler: WindowReconciler;

  constructor({ kube, observer, windows, events, bindings, enqueue }: WindowStatusesOptions) {
    this.#observer = observer;
    const { informer, calendar } = windows;
    const { apiVersion, kind } = maintenanceWindowKind;
    this.#reconciler = new WindowReconciler({
      getWindow: (name) => informer.get(name),
      listNames: () => informer.list().map(({ metadata }) => metadata.name),
      calendar,
      bindings,
      enqueue,
      writeStatus: (window, status, signal) =>
        applyMaintenanceWindowStatus(kube, window, status, signal),
      recordEvent: ({ metadata: { name, uid } }, event) => {
        const regarding = { apiVersion, kind, name, uid };
        events.record({ ...event, regarding, action: "ReadSchedule" });
      },
      now: () => new Date(),
    });
  }

  /** For the process that leads. */
  get queue(): Omit<WorkQueueOptions, "log"> {
    return {
      name: WindowStatuses.queueName,
      workers: writers,
      normalPerSecond: statusesPerSecond,
      process: (name, signal) => this.#reconciler.reconcile(name, signal),
      observer: this.#observer,
    };
  }

  /** Looks at every MaintenanceWindow; for the process that leads. */
  async sweep(): Promise<void> {
    await this.#reconciler.sweep();
  }
}
