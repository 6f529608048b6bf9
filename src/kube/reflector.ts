/** Reads a list and follows its changes for as long as it is told to, through every kind of failure. */

import type { Logger } from "pino";
import { Backoff } from "./backoff.ts";
import { systemClock } from "./clock.ts";
import { isKubeError, KubeError } from "./errors.ts";
import { linesOf } from "./lines.ts";
import type { ListSink } from "./list.ts";
import type { ListWatch } from "./list-watch.ts";
import type { KubeObserver } from "./observer.ts";
import { type ObjectEvent, parseWatchLine } from "./watch-event.ts";
import { startWatchTimers, WatchEnd } from "./watch-timers.ts";

/** Durations in ms. The defaults are client-go's where it has one. */
export interface ReflectorTimings {
  readonly backoffBaseMs: number;
  readonly backoffCapMs: number;
  /** A watch that held so long clears the back-off. */
  readonly healthyAfterMs: number;
  /** No byte for so long (bookmarks come every one to two minutes): the connection is dead. */
  readonly inactivityMs: number;
  /** The list is read again so often, in case an event was missed. */
  readonly relistMs: number;
  /** After an event that could not be read, the list is read again this much later. */
  readonly relistSoonMs: number;
  /** A watch that ends sooner, without any event, counts as a failure. */
  readonly shortWatchMs: number;
}

export const defaultTimings: ReflectorTimings = {
  backoffBaseMs: 800,
  backoffCapMs: 30_000,
  healthyAfterMs: 120_000,
  inactivityMs: 180_000,
  relistMs: 600_000,
  relistSoonMs: 10_000,
  shortWatchMs: 1_000,
};

/** Where a list goes; nothing of it counts before it is complete. */
export interface ListInProgress extends ListSink {
  /** @param reached the version up to which changes had been followed before; none the first time */
  complete(reached: string | undefined): Promise<void>;
}

interface ReflectorTarget {
  beginList(): ListInProgress;
  /**
   * @returns the version of the object
   * @throws KubeError `malformed` when the object has no name or version
   */
  apply(event: ObjectEvent): string;
  /** Something that the API server sent cannot be read. */
  malformed(error: unknown): void;
}

export interface ReflectorOptions {
  readonly name: string;
  readonly source: ListWatch;
  readonly target: ReflectorTarget;
  readonly log: Logger;
  readonly observer: KubeObserver;
  readonly timings: ReflectorTimings;
  readonly random: () => number;
}

/** After so many failures in a row the version may be one that the server no longer or not yet knows. */
const failuresBeforeRelist = 5;

export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #backoff: Backoff;
  /** The version up to which we know what happened; a watch goes on from here. */
  #reached: string | undefined;
  #listFirst = true;
  #relistAt = 0;
  #heardAt: number | undefined;
  #problem: string | undefined;

  constructor(options: ReflectorOptions) {
    const { backoffBaseMs: baseMs, backoffCapMs: capMs } = options.timings;
    this.#options = options;
    this.#backoff = new Backoff({ baseMs, capMs, random: options.random });
  }

  /** Time since the API server was last heard; undefined before the first time. */
  get silentMs(): number | undefined {
    return this.#heardAt === undefined ? undefined : performance.now() - this.#heardAt;
  }

  /** What is wrong right now, in words for people. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Resolves once the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#watch(await this.#startingPoint(signal), signal);
      } catch (error) {
        if (!signal.aborted) await this.#recover(error, signal);
      }
    }
  }

  async #startingPoint(signal: AbortSignal): Promise<string> {
    const isDue = performance.now() >= this.#relistAt;
    if (this.#reached !== undefined && !this.#listFirst && !isDue) return this.#reached;
    const { source, target, timings } = this.#options;
    const list = target.beginList();
    const version = await source.list(list, signal);
    this.#heardAt = performance.now();
    await list.complete(this.#reached);
    this.#reached = version;
    this.#listFirst = false;
    this.#relistAt = performance.now() + timings.relistMs;
    return version;
  }

  /** Follows changes until the server ends the watch, the list is due, or something fails. */
  async #watch(from: string, signal: AbortSignal): Promise<void> {
    const { source, timings } = this.#options;
    const timers = startWatchTimers(timings);
    const openedAt = performance.now();
    let events = 0;
    let missedOne = false;
    try {
      const both = AbortSignal.any([signal, timers.signal]);
      const bytes = await source.watch(from, this.#watchSeconds(), both);
      const heard = (): void => {
        this.#heardAt = performance.now();
        timers.heard();
      };
      heard();
      this.#problem = undefined;
      for await (const line of linesOf(bytes, heard)) {
        events++;
        if (this.#apply(line)) continue;
        missedOne = true;
        timers.endSoon();
      }
    } catch (error) {
      const cause: unknown = timers.signal.aborted ? timers.signal.reason : error;
      if (!(cause instanceof WatchEnd)) throw cause;
    } finally {
      timers.clear();
      this.#listFirst ||= missedOne;
      if (performance.now() - openedAt >= timings.healthyAfterMs) this.#backoff.reset();
    }
    if (events === 0 && performance.now() - openedAt < timings.shortWatchMs) {
      throw new KubeError("unreachable", "WATCH: ended at once, without an event");
    }
  }

  /** 5 to 10 minutes, so that many clients do not come back at once; ends where the next list is due. */
  #watchSeconds(): number {
    const untilRelist = Math.ceil((this.#relistAt - performance.now()) / 1000);
    return Math.max(1, Math.min(Math.floor(300 + 300 * this.#options.random()), untilRelist));
  }

  /** @returns false when the line could not be read */
  #apply(line: string): boolean {
    const { target } = this.#options;
    try {
      const event = parseWatchLine(line);
      this.#reached = event.type === "bookmark" ? event.resourceVersion : target.apply(event);
      return true;
    } catch (error) {
      if (!isKubeError(error, "malformed")) throw error;
      target.malformed(error);
      return false;
    }
  }

  /** Waits as long as it takes, and decides whether the list must be read again. */
  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    const { name, log, observer } = this.#options;
    const kind = error instanceof KubeError ? error.kind : "malformed";
    const askedMs = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0;
    const waitMs = Math.max(this.#backoff.nextMs(), askedMs);
    if (kind === "gone" || this.#backoff.failures % failuresBeforeRelist === 0)
      this.#listFirst = true;
    this.#problem = `${name}: ${error instanceof Error ? error.message : String(error)}`;
    observer.watchFailed(name, kind);
    log.warn({ resource: name, err: error, waitMs: Math.round(waitMs) }, "watch interrupted");
    await systemClock.sleep(waitMs, signal);
  }
}
