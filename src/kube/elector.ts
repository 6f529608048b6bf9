/** Makes one of several processes the leader, by the rules of client-go's leader election. */

import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import { type Clock, microTime, systemClock } from "./clock.ts";
import { isKubeError } from "./errors.ts";
import type { LeaseRecord, LeaseStore, StoredLease } from "./lease.ts";
import { type KubeObserver, silentObserver } from "./observer.ts";

/** Milliseconds, except `jitter`. */
export interface ElectorTimings {
  /** Others wait so long, without seeing a change, before they take the lease. Whole seconds. */
  readonly leaseMs: number;
  /** A leader that could not renew for so long stops leading; well below `leaseMs`. */
  readonly renewDeadlineMs: number;
  readonly retryMs: number;
  /** Candidates wait between once and `jitter` times `retryMs`. */
  readonly jitter: number;
}

export interface ElectorOptions {
  /** The lease's name, for logs and metrics. */
  readonly name: string;
  readonly store: LeaseStore;
  /** Different for every process that ever competes, also after a restart. */
  readonly identity: string;
  readonly onStartedLeading: () => void;
  /**
   * Called before the lease is given up. `lost`: somebody else may lead already, so stop what only a leader may do.
   * `released`: because of `stop`.
   */
  readonly onStoppedLeading: (why: "lost" | "released") => void;
  readonly log: Logger;
  readonly observer?: KubeObserver;
  readonly timings?: Partial<ElectorTimings>;
  readonly clock?: Clock;
  readonly random?: () => number;
}

const defaults: ElectorTimings = {
  leaseMs: 15_000,
  renewDeadlineMs: 10_000,
  retryMs: 2_000,
  jitter: 1.2,
};

/** A stop must not hang on a lease that cannot be given back; it expires by itself. */
const releaseMs = 2_000;

interface Observed extends StoredLease {
  /** When this record was first seen, on our own clock: leases are never judged by another machine's. */
  readonly sinceMs: number;
}

type Outcome = "held" | "failed" | "taken";

/** This is no fencing: for a moment two processes may both write, so what a leader does must bear it. */
export class Elector {
  readonly #options: ElectorOptions;
  readonly #timings: ElectorTimings;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #observed: Observed | undefined;
  /** When the last renewal that succeeded was begun; undefined while not leading. */
  #renewedMs: number | undefined;

  constructor(options: ElectorOptions) {
    this.#options = options;
    this.#timings = { ...defaults, ...options.timings };
    this.#clock = options.clock ?? systemClock;
  }

  /** False as soon as the lease may have expired, even when there was no time yet to notice. */
  get leading(): boolean {
    return this.#renewedMs !== undefined && this.#sinceMs(this.#renewedMs) < this.#timings.leaseMs;
  }

  /** The identity of the leader that was last seen; undefined when there is none. */
  get leader(): string | undefined {
    return this.#observed?.record.holder || undefined;
  }

  start(): void {
    this.#running ??= this.#run(this.#stop.signal);
  }

  /** Stops competing, or leading, and then gives the lease back so that another need not wait for its end. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    if (!(await this.#acquire(signal))) return;
    this.#startLeading();
    const why = await this.#hold(signal);
    this.#stopLeading(why);
    if (why === "released") await this.#release();
  }

  async #acquire(signal: AbortSignal): Promise<boolean> {
    const { retryMs, jitter, renewDeadlineMs } = this.#timings;
    const random = this.#options.random ?? Math.random;
    while (!signal.aborted) {
      if ((await this.#attempt(renewDeadlineMs / 2, signal)) === "held") return true;
      await this.#clock.sleep(retryMs * (1 + (jitter - 1) * random()), signal);
    }
    return false;
  }

  /** Renews until told to stop, until another has the lease, or until the deadline has passed. */
  async #hold(signal: AbortSignal): Promise<"lost" | "released"> {
    const { retryMs, renewDeadlineMs } = this.#timings;
    while (true) {
      await this.#clock.sleep(retryMs, signal);
      if (signal.aborted) return "released";
      const leftMs = renewDeadlineMs - this.#sinceMs(this.#renewedMs ?? 0);
      if (leftMs <= 0) return "lost";
      // A connection that hangs must leave time for a second attempt.
      if ((await this.#attempt(Math.min(leftMs, renewDeadlineMs / 2), signal)) === "taken")
        return "lost";
    }
  }

  /** Tries once to get or renew the lease, and gives up after `ms`. */
  async #attempt(ms: number, signal: AbortSignal): Promise<Outcome> {
    const late = new AbortController();
    const both = AbortSignal.any([signal, late.signal]);
    const finished = new AbortController();
    void this.#clock.sleep(ms, finished.signal).then(() => late.abort());
    const aborted = new Promise<Outcome>((resolve) => {
      both.addEventListener("abort", () => resolve("failed"), { once: true });
    });
    try {
      return await Promise.race([this.#acquireOrRenew(both), aborted]);
    } finally {
      finished.abort();
    }
  }

  async #acquireOrRenew(signal: AbortSignal): Promise<Outcome> {
    try {
      if (this.leading && (await this.#renewUnread(signal))) return "held";
      const stored = await this.#options.store.read(signal);
      if (stored === undefined) return await this.#write(undefined, signal);
      this.#observe(stored);
      if (!this.#isFree()) return this.#renewedMs === undefined ? "failed" : "taken";
      return await this.#write(stored, signal);
    } catch (error) {
      this.#logFailure(error);
      return "failed";
    }
  }

  /** The leader's usual way: nobody else writes, so what it wrote last is still there. */
  async #renewUnread(signal: AbortSignal): Promise<boolean> {
    if (this.#observed === undefined) return false;
    try {
      await this.#write(this.#observed, signal);
      return true;
    } catch (error) {
      this.#logFailure(error);
      return false;
    }
  }

  async #write(stored: StoredLease | undefined, signal: AbortSignal): Promise<Outcome> {
    const { store } = this.#options;
    const begunMs = this.#clock.monotonicMs();
    const record = this.#nextRecord(stored?.record);
    const written =
      stored === undefined
        ? await store.create(record, signal)
        : await store.update(record, stored.version, signal);
    if (signal.aborted) return "failed";
    this.#observed = { ...written, sinceMs: begunMs };
    this.#renewedMs = begunMs;
    return "held";
  }

  #nextRecord(before: LeaseRecord | undefined): LeaseRecord {
    const now = microTime(this.#clock.now());
    const isOurs = before?.holder === this.#options.identity;
    return {
      holder: this.#options.identity,
      durationSeconds: Math.ceil(this.#timings.leaseMs / 1000),
      acquireTime: isOurs ? before.acquireTime : now,
      renewTime: now,
      transitions: before === undefined ? 0 : before.transitions + (isOurs ? 0 : 1),
    };
  }

  /** The clock of a lease starts again whenever its record has changed. */
  #observe(stored: StoredLease): void {
    const same =
      this.#observed !== undefined && isDeepStrictEqual(stored.record, this.#observed.record);
    const sinceMs = same && this.#observed ? this.#observed.sinceMs : this.#clock.monotonicMs();
    this.#observed = { ...stored, sinceMs };
  }

  #isFree(): boolean {
    if (this.#observed === undefined) return true;
    const { record, sinceMs } = this.#observed;
    if (record.holder === "" || record.holder === this.#options.identity) return true;
    return this.#sinceMs(sinceMs) >= record.durationSeconds * 1000;
  }

  #startLeading(): void {
    const { name, identity, log, observer = silentObserver } = this.#options;
    log.info({ lease: name, identity }, "started leading");
    observer.leading(name, true);
    this.#options.onStartedLeading();
  }

  #stopLeading(why: "lost" | "released"): void {
    const { name, identity, log, observer = silentObserver } = this.#options;
    this.#renewedMs = undefined;
    log[why === "lost" ? "error" : "info"]({ lease: name, identity, why }, "stopped leading");
    observer.leading(name, false);
    this.#options.onStoppedLeading(why);
  }

  async #release(): Promise<void> {
    if (this.#observed === undefined) return;
    const { record, version } = this.#observed;
    const renewTime = microTime(this.#clock.now());
    const free = { ...record, holder: "", durationSeconds: 1, renewTime };
    try {
      await this.#options.store.update(free, version, AbortSignal.timeout(releaseMs));
      this.#observed = undefined;
    } catch (error) {
      this.#logFailure(error);
    }
  }

  #sinceMs(startedMs: number): number {
    return this.#clock.monotonicMs() - startedMs;
  }

  #logFailure(error: unknown): void {
    const { name, log } = this.#options;
    const lostRace = isKubeError(error, "conflict") || isKubeError(error, "alreadyExists");
    log[lostRace ? "debug" : "warn"]({ lease: name, err: error }, "lease not written");
  }
}
