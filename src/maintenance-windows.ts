/** Follows MaintenanceWindow objects and the labels of nodes, and says what maintenance they declare. */

import type { Logger } from "pino";
import { type DeclaredWindow, readDeclaredWindow } from "./api/declared-window.ts";
import type { KubeClient } from "./kube/client.ts";
import { Informer } from "./kube/informer.ts";
import { listWatch } from "./kube/list-watch.ts";
import type { MarkedNode } from "./kube/nodes.ts";
import type { KubeObserver } from "./kube/observer.ts";
import { maintenanceWindows } from "./kube/resource.ts";
import type { Change } from "./kube/store.ts";
import { WindowCalendar } from "./reconciler/window-calendar.ts";
import type { DeclaredMaintenance } from "./selection/model.ts";

export interface MaintenanceWindowsOptions {
  readonly kube: KubeClient;
  readonly log: Logger;
  readonly observer: KubeObserver;
  /** To be started after this was built, so that no node is missed. */
  readonly nodes: Pick<Informer<MarkedNode>, "onChange">;
}

export class MaintenanceWindows {
  readonly informer: Informer<DeclaredWindow>;
  readonly calendar = new WindowCalendar();
  readonly #listeners = new Set<() => void>();

  constructor({ kube, log, observer, nodes }: MaintenanceWindowsOptions) {
    this.informer = new Informer({
      name: "maintenancewindows",
      source: listWatch(kube, maintenanceWindows),
      parse: readDeclaredWindow,
      log,
      observer,
    });
    this.informer.onChange((change) => this.#windowChanged(change));
    nodes.onChange((change) => this.#nodeChanged(change));
  }

  /** @returns the same object as long as nothing changed */
  current(now: Date): DeclaredMaintenance {
    return this.calendar.current(now);
  }

  /** The listener is called when what is declared may have changed; what only time changes is not told. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  #windowChanged({ type, object }: Change<DeclaredWindow>): void {
    if (type === "delete") this.calendar.deleteWindow(object.metadata.name);
    else if (!this.calendar.setWindow(object)) return;
    this.#tell();
  }

  #nodeChanged({ type, object }: Change<MarkedNode>): void {
    const { name } = object.identity;
    const changed =
      type === "delete"
        ? this.calendar.deleteNode(name)
        : this.calendar.setNode(name, object.labels);
    if (changed) this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
