/** Hands keys to workers: each key once, never two workers on one key, again with back-off when it failed. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { at, numberAt } from "./json.ts";
import { type KubeObserver, silentObserver } from "./observer.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface WorkQueueOptions {
  /** For logs and metrics. */
  readonly name: string;
  /** How many keys are worked on at once. */
  readonly workers: number;
  /**
   * Works on a key, looking up what it stands for now. When it throws, the key comes back later, unless the
   * error has `terminal: true`; with `retryAfterMs`, not sooner than that. The signal is aborted when a stop
   * has waited long enough.
   */
  readonly process: (key: string, signal: AbortSignal) => Promise<void>;
  readonly log: Logger;
  readonly observer?: KubeObserver;
  /** The first retry of a key waits so long, each further one twice as long. */
  readonly retryBaseMs?: number;
  readonly retryCapMs?: number;
  /** All retries together; a burst of {@link retryBurst} goes first. */
  readonly retriesPerSecond?: number;
  readonly retryBurst?: number;
  /** Keys that are not urgent, all together; a burst of {@link normalBurst} goes first. Unlimited when absent. */
  readonly normalPerSecond?: number;
  readonly normalBurst?: number;
}

export interface AddOptions {
  /** Before all keys that are not urgent. A waiting key becomes urgent; none stops being so. */
  readonly urgent?: boolean;
  /** Not if the key failed and waits for its retry, or was given up less than the longest back-off ago. */
  readonly unlessFailing?: boolean;
}

interface Delayed {
  readonly timer: NodeJS.Timeout;
  readonly dueAt: number;
}

export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #observer: KubeObserver;
  readonly #retries: TokenBucket;
  readonly #pace: TokenBucket | undefined;
  /** Keys that wait, with the time since when; a Map keeps them in order of arrival. */
  readonly #urgent = new Map<string, number>();
  readonly #normal = new Map<string, number>();
  readonly #working = new Set<string>();
  /** Keys that were added while being worked on, and whether urgently. */
  readonly #again = new Map<string, boolean>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #failures = new Map<string, number>();
  /** Keys whose work cannot succeed as things are, and when that showed. */
  readonly #givenUpAt = new Map<string, number>();
  readonly #abort = new AbortController();
  readonly #drained = Promise.withResolvers<void>();
  /** Set while keys wait only because of the pace. */
  #paceTimer: NodeJS.Timeout | undefined;
  #state: "new" | "running" | "stopped" = "new";

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#observer = options.observer ?? silentObserver;
    this.#retries = new TokenBucket(options.retriesPerSecond ?? 10, options.retryBurst ?? 100);
    const { normalPerSecond, normalBurst = 100 } = options;
    if (normalPerSecond !== undefined) this.#pace = new TokenBucket(normalPerSecond, normalBurst);
  }

  /** How many keys wait for a worker. */
  get depth(): number {
    return this.#urgent.size + this.#normal.size;
  }

  /** Keys that are added before the start wait for it. */
  start(): void {
    if (this.#state === "new") this.#state = "running";
    this.#hire();
  }

  /** Does nothing when the key waits already. A key that is being worked on is worked on once more. */
  add(key: string, { urgent = false, unlessFailing = false }: AddOptions = {}): void {
    if (this.#state === "stopped" || (unlessFailing && this.#isFailing(key))) return;
    if (this.#working.has(key)) {
      this.#again.set(key, urgent || this.#again.get(key) === true);
      return;
    }
    this.#enqueue(key, urgent);
    this.#hire();
  }

  /** Adds the key later. Of several such wishes for a key, the earliest counts. */
  addAfter(key: string, ms: number, options: AddOptions = {}): void {
    if (this.#state === "stopped") return;
    const dueAt = performance.now() + ms;
    const earlier = this.#delayed.get(key);
    if (earlier !== undefined && earlier.dueAt <= dueAt) return;
    clearTimeout(earlier?.timer);
    const timer = setTimeout(() => {
      this.#delayed.delete(key);
      this.add(key, options);
    }, ms);
    this.#delayed.set(key, { timer, dueAt });
  }

  /**
   * Finishes the keys that are being worked on and forgets the rest: whoever comes next looks at all of them
   * anyway. After `graceMs` the work is told to give up and no longer waited for.
   */
  async stop(graceMs = 3000): Promise<void> {
    this.#state = "stopped";
    for (const { timer } of this.#delayed.values()) clearTimeout(timer);
    clearTimeout(this.#paceTimer);
    for (const keys of [this.#delayed, this.#urgent, this.#normal, this.#again]) keys.clear();
    this.#observer.queueDepth(this.#options.name, 0);
    if (this.#working.size === 0) return;
    await Promise.race([this.#drained.promise, sleep(graceMs, undefined, { ref: false })]);
    this.#abort.abort();
  }

  #isFailing(key: string): boolean {
    if (this.#delayed.has(key)) return true;
    const givenUpAt = this.#givenUpAt.get(key);
    return givenUpAt !== undefined && performance.now() - givenUpAt < this.#retryCapMs;
  }

  get #retryCapMs(): number {
    return this.#options.retryCapMs ?? 60_000;
  }

  #enqueue(key: string, urgent: boolean): void {
    const waitingSince = this.#urgent.get(key) ?? this.#normal.get(key);
    if (waitingSince === undefined) this.#observer.queueAdded(this.#options.name);
    else if (!urgent || this.#urgent.has(key)) return;
    this.#normal.delete(key);
    (urgent ? this.#urgent : this.#normal).set(key, waitingSince ?? performance.now());
    this.#observer.queueDepth(this.#options.name, this.depth);
  }

  /** Gives waiting keys to workers that are free. */
  #hire(): void {
    while (this.#state === "running" && this.#working.size < this.#options.workers) {
      const key = this.#take();
      if (key === undefined) return;
      void this.#work(key);
    }
  }

  #take(): string | undefined {
    const waiting = this.#urgent.size > 0 ? this.#urgent : this.#normal;
    if (waiting === this.#normal && waiting.size > 0 && !this.#mayTakeNormal()) return undefined;
    for (const [key, since] of waiting) {
      waiting.delete(key);
      this.#observer.queueWaited(this.#options.name, (performance.now() - since) / 1000);
      this.#observer.queueDepth(this.#options.name, this.depth);
      return key;
    }
    return undefined;
  }

  /** Takes a token, or sees to it that waiting keys are looked at again when there is one. */
  #mayTakeNormal(): boolean {
    if (this.#pace === undefined || this.#pace.tryTake(performance.now())) return true;
    this.#paceTimer ??= setTimeout(
      () => {
        this.#paceTimer = undefined;
        this.#hire();
      },
      1_000 / (this.#options.normalPerSecond ?? 1),
    );
    return false;
  }

  async #work(key: string): Promise<void> {
    const { name, process } = this.#options;
    this.#working.add(key);
    const startedAt = performance.now();
    let failed = false;
    try {
      await process(key, this.#abort.signal);
      this.#failures.delete(key);
      this.#givenUpAt.delete(key);
    } catch (error) {
      failed = true;
      this.#failed(key, error);
    }
    this.#observer.queueWorked(name, (performance.now() - startedAt) / 1000, failed);
    this.#finish(key);
  }

  #finish(key: string): void {
    this.#working.delete(key);
    const again = this.#again.get(key);
    this.#again.delete(key);
    if (again !== undefined) this.add(key, { urgent: again });
    if (this.#state === "stopped" && this.#working.size === 0) this.#drained.resolve();
    this.#hire();
  }

  #failed(key: string, error: unknown): void {
    const { name, log } = this.#options;
    if (at(error, "terminal") === true) {
      this.#failures.delete(key);
      this.#givenUpAt.set(key, performance.now());
      log.warn({ queue: name, key, err: error }, "gave up for now");
      return;
    }
    if (this.#state === "stopped") return;
    const waitMs = Math.max(this.#retryMs(key), numberAt(error, "retryAfterMs") ?? 0);
    log.warn({ queue: name, key, err: error, waitMs: Math.round(waitMs) }, "failed, will retry");
    this.#observer.queueRetried(name);
    this.addAfter(key, waitMs);
  }

  /** The key's own back-off, or longer when there are too many retries altogether. */
  #retryMs(key: string): number {
    const { retryBaseMs = 5 } = this.#options;
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const ownMs = Math.min(retryBaseMs * 2 ** Math.min(failures, 30), this.#retryCapMs);
    return Math.max(ownMs, this.#retries.reserve(performance.now()));
  }
}
