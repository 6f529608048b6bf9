/** Keeps each MaintenanceWindow's status right. Observes MaintenanceWindows, writes their status and an event about what is wrong. */

import type { DeclaredWindow } from "../api/declared-window.ts";
import type { MaintenanceWindowStatus } from "../api/maintenance-window.ts";
import type { Bindings } from "../selection/select.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import type { WindowCalendar } from "./window-calendar.ts";
import { type NodesByPlace, nodesByPlace, type Reach, reachOf } from "./window-reach.ts";
import { evaluateWindow, type WindowEvaluation, type WindowEvent } from "./window-status.ts";

export interface WindowReconcilerOptions {
  /** From the informer's store; keys are names. */
  readonly getWindow: (name: string) => DeclaredWindow | undefined;
  readonly listNames: () => readonly string[];
  readonly calendar: Pick<WindowCalendar, "outlook" | "selectedNodes">;
  /** Every node joined with its machine, the same array as long as nothing changed; undefined before vCenter was read. */
  readonly bindings: () => Pick<Bindings, "bindings"> | undefined;
  /** Puts a name on the work queue, which calls `reconcile` and retries with back-off when it rejects. */
  readonly enqueue: (name: string) => void;
  readonly writeStatus: (
    window: DeclaredWindow,
    status: MaintenanceWindowStatus,
    signal?: AbortSignal,
  ) => Promise<void>;
  readonly recordEvent: (window: DeclaredWindow, event: WindowEvent) => void;
  readonly now: () => Date;
}

/** For so long objects are looked at before other work gets its turn. */
const sliceMs = 10;
/** A node that moves changes the counts of whatever names its host: those of one object are written this often. */
const countEveryMs = 60_000;

export class WindowReconciler {
  readonly #options: WindowReconcilerOptions;
  #places: { readonly bindings: Bindings["bindings"]; readonly places: NodesByPlace } | undefined;
  /** What we wrote, until the informer shows it: by name, valid for one resourceVersion seen before. */
  readonly #written = new Map<
    string,
    { readonly seenVersion: string; readonly status: MaintenanceWindowStatus }
  >();

  /** When only counts were written last, by name; ms since the Unix epoch. */
  readonly #countedAt = new Map<string, number>();

  /** Looks at every MaintenanceWindow and queues those whose status is no longer right. */
  readonly sweep = oneAtATime(async () => this.#sweepOnce());

  constructor(options: WindowReconcilerOptions) {
    this.#options = options;
  }

  /** Brings one status up to date. Rejects when the API server does; the queue then retries. */
  async reconcile(name: string, signal?: AbortSignal): Promise<void> {
    const window = this.#current(name);
    if (window === undefined) {
      this.#countedAt.delete(name);
      return;
    }
    const { status, change, event } = this.#evaluate(window);
    if (!this.#isDue(name, change)) return;
    await this.#options.writeStatus(window, status, signal);
    if (change === "count") this.#countedAt.set(name, this.#options.now().getTime());
    this.#written.set(name, { seenVersion: window.metadata.resourceVersion, status });
    if (event !== undefined) this.#options.recordEvent(window, event);
  }

  async #sweepOnce(): Promise<void> {
    let sliceEnds = performance.now() + sliceMs;
    for (const name of this.#options.listNames()) {
      if (performance.now() >= sliceEnds) {
        await new Promise(setImmediate);
        sliceEnds = performance.now() + sliceMs;
      }
      const window = this.#current(name);
      if (window !== undefined && this.#isDue(name, this.#evaluate(window).change))
        this.#options.enqueue(name);
    }
  }

  #isDue(name: string, change: WindowEvaluation["change"]): boolean {
    if (change !== "count") return change === "state";
    const countedAt = this.#countedAt.get(name) ?? Number.NEGATIVE_INFINITY;
    return this.#options.now().getTime() - countedAt >= countEveryMs;
  }

  #current(name: string): DeclaredWindow | undefined {
    const window = this.#options.getWindow(name);
    const written = this.#written.get(name);
    if (written === undefined) return window;
    if (window?.metadata.resourceVersion === written.seenVersion)
      return { ...window, status: written.status };
    this.#written.delete(name);
    return window;
  }

  #evaluate(window: DeclaredWindow): WindowEvaluation {
    const now = this.#options.now();
    const outlook = this.#options.calendar.outlook(window.metadata.name, now);
    return evaluateWindow({ window, outlook, reach: this.#reach(window), now });
  }

  #reach({ metadata, targets }: DeclaredWindow): Reach | undefined {
    const bindings = this.#options.bindings()?.bindings;
    if (bindings === undefined) return undefined;
    if (this.#places?.bindings !== bindings)
      this.#places = { bindings, places: nodesByPlace(bindings) };
    const selected = this.#options.calendar.selectedNodes(metadata.name);
    return reachOf(targets, selected, this.#places.places);
  }
}
