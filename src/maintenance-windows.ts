/** Follows MaintenanceWindow objects and the labels of nodes, and says what maintenance they declare. */

import type { Logger } from "pino";
import { type DeclaredWindow, readDeclaredWindow } from "./api/declared-window.ts";
import type { KubeClient } from "./kube/client.ts";
import { Informer, type InformerState } from "./kube/informer.ts";
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
  readonly nodes: Pick<Informer<MarkedNode>, "onChange" | "state">;
  /** After so long without a word about these objects, while nodes are heard of, there may be some that we do not know. */
  readonly hardMaxAgeMs: number;
}

const unheard =
  "MaintenanceWindows cannot be read any more, there may be new ones: see /readyz, and grant gpuinfo the right to list and watch them";

/** Where nothing changes the API server is heard every minute or two. */
const quietMs = 5 * 60_000;

type Silence = Pick<InformerState, "silentMs">;

/** Whether these objects have not been heard of for too long, although nodes have. */
export function isUnheard(windows: Silence, nodes: Silence, hardMaxAgeMs: number): boolean {
  const isSilent = ({ silentMs = 0 }: Silence) => silentMs > Math.max(hardMaxAgeMs, quietMs);
  return isSilent(windows) && !isSilent(nodes);
}

export class MaintenanceWindows {
  readonly informer: Informer<DeclaredWindow>;
  readonly calendar = new WindowCalendar();
  readonly #listeners = new Set<() => void>();
  readonly #options: MaintenanceWindowsOptions;
  #isLooking = false;
  #unheard: { readonly of: DeclaredMaintenance; readonly is: DeclaredMaintenance } | undefined;

  constructor(options: MaintenanceWindowsOptions) {
    this.#options = options;
    const { kube, log, observer, nodes } = options;
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
    if (this.calendar.isBehind(now)) this.#lookAheadSoon();
    const declared = this.calendar.current(now);
    return this.#isUnheard() ? this.#doubt(declared) : declared;
  }

  /** Of this resource alone: when the API server is away altogether, nobody declares anything either. */
  #isUnheard(): boolean {
    const { nodes, hardMaxAgeMs } = this.#options;
    return isUnheard(this.informer.state, nodes.state, hardMaxAgeMs);
  }

  #doubt(declared: DeclaredMaintenance): DeclaredMaintenance {
    if (this.#unheard?.of !== declared) {
      const everywhere = { kind: "unknown", why: unheard, windows: [] } as const;
      this.#unheard = { of: declared, is: { ...declared, everywhere } };
    }
    return this.#unheard.is;
  }

  /** The listener is called when what is declared may have changed; what only time changes is not told. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  #windowChanged({ type, object }: Change<DeclaredWindow>): void {
    if (type === "delete") this.calendar.deleteWindow(object.metadata.name);
    else if (!this.calendar.setWindow(object)) return;
    this.#lookAheadSoon();
    this.#tell();
  }

  /** In the background, as other work lets us. */
  #lookAheadSoon(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    setImmediate(() => {
      this.#isLooking = false;
      const now = new Date();
      if (!this.calendar.isBehind(now)) return;
      this.calendar.lookAhead(now);
      if (this.calendar.isBehind(now)) this.#lookAheadSoon();
      else this.#tell();
    });
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
