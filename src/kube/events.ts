/** Takes note of what happens, the same thing several times as a series; never in anybody's way. */

import type { Logger } from "pino";
import type { KubeClient } from "./client.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { EventInput } from "./event-body.ts";
import { EventWriter, type Series } from "./event-writer.ts";
import { type KubeObserver, silentObserver } from "./observer.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Durations in ms. */
export interface EventLimits {
  /** The same event within so long after the last is a repeat. */
  readonly windowMs: number;
  /** After its first repeat, a series is written no more often than this. */
  readonly seriesMs: number;
  /** Different events about one object: so many at once, then one per `refillMs`. As client-go. */
  readonly burst: number;
  readonly refillMs: number;
  /** All events together: so many per second, after a burst. */
  readonly perSecond: number;
  readonly totalBurst: number;
  /** Events that wait to be written; more are dropped. */
  readonly maxWaiting: number;
  /** Tries per event when the API server cannot be reached or is busy, and the wait after the first. */
  readonly tries: number;
  readonly retryMs: number;
}

export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, "request">;
  /** Which process this is, such as the pod's name. */
  readonly instance: string;
  readonly log: Logger;
  readonly observer?: KubeObserver;
  readonly limits?: Partial<EventLimits>;
  readonly clock?: Clock;
}

const defaults: EventLimits = {
  windowMs: 360_000,
  seriesMs: 10_000,
  burst: 25,
  refillMs: 300_000,
  perSecond: 10,
  totalBurst: 20,
  maxWaiting: 1_000,
  tries: 3,
  retryMs: 1_000,
};

const pruneMs = 60_000;

interface Known {
  readonly series: Series;
  lastMs: number;
  /** Set while its next write is not due yet. */
  timer?: NodeJS.Timeout | undefined;
}

export class EventRecorder {
  readonly #limits: EventLimits;
  readonly #clock: Clock;
  readonly #observer: KubeObserver;
  readonly #writer: EventWriter;
  readonly #known = new Map<string, Known>();
  /** What each object may still have, by its uid. */
  readonly #allowances = new Map<string, TokenBucket>();
  #prunedMs = 0;
  #stopped = false;

  constructor(options: EventRecorderOptions) {
    const { client, instance, log } = options;
    this.#limits = { ...defaults, ...options.limits };
    this.#clock = options.clock ?? systemClock;
    this.#observer = options.observer ?? silentObserver;
    this.#writer = new EventWriter({
      ...this.#limits,
      client,
      instance,
      log,
      observer: this.#observer,
      clock: this.#clock,
    });
  }

  /** Returns at once and never throws. */
  record(input: EventInput): void {
    if (this.#stopped) return;
    this.#prune();
    const key = keyOf(input);
    const known = this.#known.get(key);
    if (known !== undefined && !this.#ended(known)) return this.#repeat(known);
    if (!this.#allow(input.regarding.uid)) return this.#observer.eventDone("dropped");
    this.#known.set(key, this.#begin(input));
  }

  /** Waits until what was recorded is written, but no longer than `graceMs`. */
  async stop(graceMs = 2_000): Promise<void> {
    this.#stopped = true;
    for (const { series, timer } of this.#known.values()) {
      clearTimeout(timer);
      if (series.count > series.writtenCount) this.#writer.enqueue(series);
    }
    await this.#writer.stop(graceMs);
  }

  #begin(input: EventInput): Known {
    const now = this.#clock.now();
    const lastMs = this.#clock.monotonicMs();
    const written = { writtenCount: 0, writtenMs: lastMs };
    const series: Series = { input, firstAt: now, lastAt: now, count: 1, ...written };
    this.#writer.enqueue(series);
    return { series, lastMs };
  }

  /** A series begins to be one at once; from then on it is written now and then. */
  #repeat(known: Known): void {
    const { series } = known;
    series.count++;
    series.lastAt = this.#clock.now();
    known.lastMs = this.#clock.monotonicMs();
    if (known.timer !== undefined || this.#writer.isWaiting(series)) return;
    const dueMs =
      series.count === 2 ? 0 : Math.max(0, series.writtenMs + this.#limits.seriesMs - known.lastMs);
    known.timer = setTimeout(() => {
      known.timer = undefined;
      this.#writer.enqueue(series);
    }, dueMs).unref();
  }

  #allow(uid: string): boolean {
    const { burst, refillMs } = this.#limits;
    const allowance = this.#allowances.get(uid) ?? new TokenBucket(1000 / refillMs, burst);
    this.#allowances.set(uid, allowance);
    return allowance.tryTake(this.#clock.monotonicMs());
  }

  #ended({ lastMs }: Known): boolean {
    return this.#clock.monotonicMs() - lastMs > this.#limits.windowMs;
  }

  /** Now and then, forgets series that have ended and allowances that are full again. */
  #prune(): void {
    const now = this.#clock.monotonicMs();
    if (now - this.#prunedMs < pruneMs) return;
    this.#prunedMs = now;
    for (const [key, known] of this.#known) {
      if (this.#ended(known) && known.timer === undefined) this.#known.delete(key);
    }
    for (const [uid, allowance] of this.#allowances) {
      if (allowance.isFull(now)) this.#allowances.delete(uid);
    }
  }
}

/** Equal notes make a series; "moved from a to b" and "moved from b to c" are two events. */
function keyOf({ regarding, type, reason, action, note }: EventInput): string {
  return JSON.stringify([regarding.uid, type, reason, action, note]);
}
