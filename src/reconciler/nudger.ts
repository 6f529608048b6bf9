/**
 * Makes kube-scheduler try waiting pods again when nodes begin to suit and no label shows it.
 *
 * A change of our labels wakes the pods that node affinity kept off a node. It does not help where the extender refused
 * the node, in two cases: a maintenance window moved within the hour that the label is rounded to, or the replica that
 * was asked heard of the change a moment later than the leader, refused once more, and now nothing happens any more.
 * Any change of any node wakes every pod that the extender refused, so a time is written into an annotation of one node
 * that suits now: a few times, with growing gaps, and only while pods wait for it.
 */

import type { Logger } from "pino";
import { type MarksPatch, nodeAnnotationKeys } from "../api/node-marks.ts";
import type { Fitting } from "../selection/model.ts";
import type { Wait } from "./pending-pods.ts";

export interface NudgerOptions {
  readonly write: (node: string, patch: MarksPatch) => Promise<void>;
  readonly isLeading: () => boolean;
  readonly now: () => Date;
  readonly log: Logger;
}

/** From the moment at which a node began to suit, and from one touch to the next. */
const gapsMs = [1_000, 4_000, 10_000, 30_000];

export class Nudger {
  readonly #options: NudgerOptions;
  /** What suited when it was last looked, for each requirement that pods wait for. */
  #suiting: ReadonlyMap<string, readonly Fitting[]> = new Map();
  #timer: NodeJS.Timeout | undefined;
  #touches = 0;
  #target = "";

  constructor(options: NudgerOptions) {
    this.#options = options;
  }

  /** Takes note of what pods wait for now. */
  look(waits: readonly Wait[]): void {
    const before = this.#suiting;
    const after = waits.map(
      ({ requirement, fitting }) => [JSON.stringify(requirement), fitting] as const,
    );
    this.#suiting = new Map(after);
    for (const [key, fitting] of after) {
      const newcomer = newcomerAmong(fitting, before.get(key) ?? []);
      if (newcomer !== undefined) return this.#begin(newcomer);
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #begin(node: string): void {
    this.#target = node;
    // A node that flaps must not put off the first touch for ever.
    if (this.#timer !== undefined && this.#touches === 0) return;
    this.#touches = 0;
    this.#wait();
  }

  #wait(): void {
    this.stop();
    const gapMs = gapsMs[this.#touches];
    if (gapMs === undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#touch();
    }, gapMs).unref();
  }

  async #touch(): Promise<void> {
    const { isLeading, write, now, log } = this.#options;
    const node = this.#nodeToTouch();
    if (node === undefined || !isLeading()) return;
    this.#touches++;
    this.#wait();
    try {
      await write(node, { annotations: { [nodeAnnotationKeys.changed]: now().toISOString() } });
    } catch (err) {
      log.warn({ node, err }, "waiting pods not woken, will try again");
    }
  }

  /** The node that began to suit, or another that pods wait for. */
  #nodeToTouch(): string | undefined {
    const lists = [...this.#suiting.values()];
    const suits = lists.some((fitting) => fitting.some((node) => nameOf(node) === this.#target));
    return suits ? this.#target : lists.find(([first]) => first !== undefined)?.[0]?.node.name;
  }
}

function newcomerAmong(now: readonly Fitting[], before: readonly Fitting[]): string | undefined {
  if (now === before) return undefined;
  const known = new Set(before.map(nameOf));
  return now.map(nameOf).find((name) => !known.has(name));
}

function nameOf({ node }: Fitting): string {
  return node.name;
}
