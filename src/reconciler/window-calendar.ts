/** Keeps what all MaintenanceWindows declare, and works out anew only what changed or is over. */

import type { DeclaredWindow } from "../api/declared-window.ts";
import { type Outlook, outlookOf } from "../api/expand-window.ts";
import type { Texts } from "../api/node-marks.ts";
import type { DeclaredMaintenance } from "../selection/model.ts";
import { DeclarationSum } from "./declared-maintenance.ts";
import { ScheduleAhead } from "./schedule-ahead.ts";
import { SelectorIndex } from "./selector-index.ts";

/** `active`: going on now; `upcoming`: it comes; `over`: it was; `flawed`: nobody knows when it is. */
export type WindowState = "active" | "upcoming" | "over" | "flawed";

export class WindowCalendar {
  readonly #windows = new Map<string, DeclaredWindow>();
  readonly #schedules = new ScheduleAhead();
  readonly #index = new SelectorIndex();
  readonly #sum = new DeclarationSum();
  /** Undefined once something changed. */
  #declared: { readonly value: DeclaredMaintenance; readonly validUntil: number } | undefined;

  /** @returns whether what is declared may have changed */
  setWindow(window: DeclaredWindow): boolean {
    const { name } = window.metadata;
    const before = this.#windows.get(name);
    // A status, which we write ourselves, decides nothing.
    if (before !== undefined && isSameSpec(before, window)) return false;
    this.#windows.set(name, window);
    if (window.timing.kind === "recurring") this.#schedules.add(window.timing);
    if (before?.timing.kind === "recurring") this.#schedules.delete(before.timing);
    const { nodeSelector } = window.targets;
    if (nodeSelector === undefined) this.#index.deleteSelector(name);
    else this.#index.setSelector(name, nodeSelector);
    this.#declared = undefined;
    return true;
  }

  deleteWindow(name: string): void {
    const timing = this.#windows.get(name)?.timing;
    if (timing?.kind === "recurring") this.#schedules.delete(timing);
    this.#windows.delete(name);
    this.#index.deleteSelector(name);
    this.#declared = undefined;
  }

  /** @returns whether what is declared may have changed */
  setNode(name: string, labels: Texts): boolean {
    return this.#noteNode(this.#index.setNode(name, labels));
  }

  /** @returns whether what is declared may have changed */
  deleteNode(name: string): boolean {
    return this.#noteNode(this.#index.deleteNode(name));
  }

  /** Whether there are schedules to look at. */
  isBehind(now: Date): boolean {
    return this.#schedules.isDue(now);
  }

  /** Looks at schedules that nobody looked at yet, and further where little is left; some milliseconds, so call it again. */
  lookAhead(now: Date): void {
    if (this.#schedules.lookAhead(now, sliceMs)) this.#declared = undefined;
  }

  /**
   * Takes some milliseconds at most: the maintenance of what nobody looked at yet is unknown.
   * @returns the same object as long as nothing changed
   */
  current(now: Date): DeclaredMaintenance {
    this.lookAhead(now);
    if (this.#declared !== undefined && now.getTime() < this.#declared.validUntil)
      return this.#declared.value;
    const inOrder = [...this.#windows].toSorted(([a], [b]) => (a < b ? -1 : 1));
    const declarations = inOrder.map(([name, window]) => ({
      name,
      targets: window.targets,
      nodes: this.selectedNodes(name),
      outlook: this.#knownOutlook(window, now),
    }));
    const validUntil = Math.min(...declarations.map(({ outlook }) => endOf(outlook)));
    const value = this.#sum.sum(declarations);
    this.#declared = { value, validUntil };
    return value;
  }

  /** When a MaintenanceWindow is; one that there is not declares nothing. */
  outlook(name: string, now: Date): Outlook {
    const window = this.#windows.get(name);
    if (window === undefined) return nothing;
    const { timing } = window;
    const known = timing.kind === "recurring" ? this.#schedules.look(timing, now) : timing;
    return outlookOf(window, known, now);
  }

  /** Names of the nodes that its selector selects. */
  selectedNodes(name: string): ReadonlySet<string> {
    return this.#index.nodesOf(name);
  }

  /** How many there are, by state, without those that nobody looked at yet; for a metric. */
  counts(now: Date): Readonly<Record<WindowState, number>> {
    this.lookAhead(now);
    const counts = { active: 0, upcoming: 0, over: 0, flawed: 0 };
    for (const window of this.#windows.values()) {
      const outlook = this.#knownOutlook(window, now);
      if (outlook !== undefined) counts[stateOf(outlook, now)] += 1;
    }
    return counts;
  }

  /** Undefined as long as nobody looked at its schedule. */
  #knownOutlook(window: DeclaredWindow, now: Date): Outlook | undefined {
    const { timing } = window;
    const known = timing.kind === "recurring" ? this.#schedules.known(timing, now) : timing;
    return known && outlookOf(window, known, now);
  }

  #noteNode(changed: boolean): boolean {
    if (changed) this.#declared = undefined;
    return changed;
  }
}

/** How long other work waits for us. */
const sliceMs = 8;

const nothing: Outlook = { kind: "known", windows: [], validUntil: Number.POSITIVE_INFINITY };

/** The API server counts the generation up whenever the spec changes. */
function isSameSpec({ metadata: a }: DeclaredWindow, { metadata: b }: DeclaredWindow): boolean {
  return a.uid === b.uid && a.generation === b.generation;
}

function endOf(outlook: Outlook | undefined): number {
  return outlook?.kind === "known" ? outlook.validUntil : Number.POSITIVE_INFINITY;
}

function stateOf(outlook: Outlook, now: Date): WindowState {
  if (outlook.kind === "flawed") return "flawed";
  const [next] = outlook.windows;
  if (next === undefined) return "over";
  return next.startsAt <= now.getTime() ? "active" : "upcoming";
}
