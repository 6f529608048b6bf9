/** Keeps a store of one resource equal to what the API server has, through every kind of failure. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { Backoff } from "./backoff.ts";
import { isKubeError, KubeError } from "./errors.ts";
import { linesOf } from "./lines.ts";
import type { ListWatch } from "./list-watch.ts";
import { type KubeObserver, silentObserver } from "./observer.ts";
import { type Change, type Entry, Store } from "./store.ts";
import { identify, parseWatchLine } from "./watch-event.ts";

/** Durations in ms. The defaults are client-go's where it has one. */
export interface InformerTimings {
  readonly pageSize: number;
  readonly backoffBaseMs: number;
  readonly backoffCapMs: number;
  /** A watch that held so long clears the back-off. */
  readonly healthyAfterMs: number;
  /** No byte for so long (bookmarks come about once a minute): the connection is dead. */
  readonly inactivityMs: number;
  /** The list is read again so often, in case an event was missed. */
  readonly relistMs: number;
  /** After an event that could not be read, the list is read again this much later. */
  readonly relistSoonMs: number;
  /** A watch that ends sooner, without any event, counts as a failure. */
  readonly shortWatchMs: number;
}

export interface InformerOptions<T> {
  /** The word for the resource in logs and metrics, such as `nodes`. */
  readonly name: string;
  readonly source: ListWatch;
  /** Takes from an object what is worth keeping; throws when it is not what it should be. */
  readonly parse: (object: unknown) => T;
  readonly log: Logger;
  readonly observer?: KubeObserver;
  readonly timings?: Partial<InformerTimings>;
  readonly random?: () => number;
}

/** For readiness and metrics. */
export interface InformerState {
  /** The whole list was read once; what the store holds may be old, but it is complete. */
  readonly synced: boolean;
  readonly objects: number;
  /** Time since the API server was last heard; undefined before the first time. */
  readonly silentMs: number | undefined;
  /** What is wrong right now, in words for people. */
  readonly problem: string | undefined;
}

const defaults: InformerTimings = {
  pageSize: 500,
  backoffBaseMs: 800,
  backoffCapMs: 30_000,
  healthyAfterMs: 120_000,
  inactivityMs: 120_000,
  relistMs: 600_000,
  relistSoonMs: 10_000,
  shortWatchMs: 1_000,
};

/** After so many failures in a row the version may be one that the server no longer or not yet knows. */
const failuresBeforeRelist = 5;

export class Informer<T> {
  readonly #options: InformerOptions<T>;
  readonly #timings: InformerTimings;
  readonly #observer: KubeObserver;
  readonly #random: () => number;
  readonly #backoff: Backoff;
  readonly #store: Store<T>;
  readonly #listeners = new Set<(change: Change<T>) => void>();
  readonly #stop = new AbortController();
  readonly #firstSync = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;
  #synced = false;
  /** Where the next watch begins; undefined when the list must be read first. */
  #version: string | undefined;
  /** The newest version that a list or a watch has brought. */
  #seen = 0n;
  #relistAt = 0;
  #heardAt: number | undefined;
  #problem: string | undefined;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.#timings = { ...defaults, ...options.timings };
    this.#observer = options.observer ?? silentObserver;
    this.#random = options.random ?? Math.random;
    this.#backoff = new Backoff({
      baseMs: this.#timings.backoffBaseMs,
      capMs: this.#timings.backoffCapMs,
      random: this.#random,
    });
    this.#store = new Store((change) => this.#tell(change));
  }

  /** The whole list was read at least once. */
  get synced(): boolean {
    return this.#synced;
  }

  get state(): InformerState {
    return {
      synced: this.#synced,
      objects: this.#store.size,
      silentMs: this.#heardAt === undefined ? undefined : performance.now() - this.#heardAt,
      problem: this.#problem,
    };
  }

  /** Resolves when the list was read once; never when the informer is stopped before. */
  whenSynced(): Promise<void> {
    return this.#firstSync.promise;
  }

  /** @param key `namespace/name`, or `name` where there is no namespace */
  get(key: string): T | undefined {
    return this.#store.get(key);
  }

  list(): T[] {
    return this.#store.list();
  }

  /**
   * The listener is called synchronously, after the store has changed. It hears what happens from now on,
   * so add it before `start`. What it throws is logged and harms nobody.
   */
  onChange(listener: (change: Change<T>) => void): void {
    this.#listeners.add(listener);
  }

  start(): void {
    this.#running ??= this.#run(this.#stop.signal);
  }

  /** Ends the watch; the store keeps what it has. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#version === undefined || performance.now() >= this.#relistAt) {
          this.#version = await this.#relist(signal);
        }
        await this.#watch(this.#version, signal);
      } catch (error) {
        if (!signal.aborted) await this.#recover(error, signal);
      }
    }
  }

  /** Reads the whole list and makes the store equal to it. */
  async #relist(signal: AbortSignal): Promise<string> {
    const entries = new Map<string, Entry<T>>();
    let token: string | undefined;
    let version: string;
    do {
      const page = await this.#options.source.list(this.#timings.pageSize, token, signal);
      this.#heard();
      for (const item of page.items) this.#collect(item, entries);
      version = page.resourceVersion;
      token = page.continueToken;
    } while (token !== undefined);
    this.#observer.relisted(this.#options.name, this.#countMissed(entries));
    await this.#store.replace(entries);
    this.#relistAt = performance.now() + this.#timings.relistMs;
    this.#see(version);
    this.#reportSynced();
    return version;
  }

  #collect(item: unknown, entries: Map<string, Entry<T>>): void {
    try {
      const { key, resourceVersion } = identify(item);
      const object = this.#parse(item, key);
      if (object !== undefined) entries.set(key, { resourceVersion, object });
    } catch (error) {
      this.#malformed(error);
    }
  }

  /** Objects whose change is older than what the watch has brought, and that it has not brought. */
  #countMissed(entries: ReadonlyMap<string, Entry<T>>): number {
    let missed = 0;
    for (const [key, { resourceVersion }] of entries) {
      const known = this.#store.versionOf(key) === resourceVersion;
      if (!known && toNumber(resourceVersion) <= this.#seen) missed++;
    }
    return missed;
  }

  #reportSynced(): void {
    if (!this.#synced) {
      this.#options.log.info(
        { resource: this.#options.name, objects: this.#store.size },
        "list read",
      );
    }
    this.#synced = true;
    this.#firstSync.resolve();
  }

  /** Follows changes until the server ends the watch, it is time to read the list, or it fails. */
  async #watch(from: string, signal: AbortSignal): Promise<void> {
    const ender = new AbortController();
    const timers = this.#watchTimers(ender);
    const openedAt = performance.now();
    let events = 0;
    try {
      const both = AbortSignal.any([signal, ender.signal]);
      const bytes = await this.#options.source.watch(from, this.#watchSeconds(), both);
      timers.heard();
      this.#problem = undefined;
      for await (const line of linesOf(bytes, timers.heard)) {
        events++;
        this.#apply(line, timers.relistSoon);
      }
    } catch (error) {
      if (ender.signal.reason === timeToRelist) return;
      throw ender.signal.aborted ? ender.signal.reason : error;
    } finally {
      timers.clear();
      this.#forgiveAfter(performance.now() - openedAt);
    }
    this.#demandLength(performance.now() - openedAt, events);
  }

  /** The watch's two clocks: for a connection that went silent, and for a list that is due early. */
  #watchTimers(ender: AbortController): WatchTimers {
    const { inactivityMs, relistSoonMs } = this.#timings;
    const silent = new KubeError("timeout", `WATCH: not a byte for ${inactivityMs} ms`);
    const watchdog = setTimeout(() => ender.abort(silent), inactivityMs);
    let early: NodeJS.Timeout | undefined;
    return {
      heard: () => {
        this.#heard();
        watchdog.refresh();
      },
      relistSoon: () => {
        early ??= setTimeout(() => {
          this.#relistAt = 0;
          ender.abort(timeToRelist);
        }, relistSoonMs);
      },
      clear: () => {
        clearTimeout(watchdog);
        clearTimeout(early);
      },
    };
  }

  /** 5 to 10 minutes, so that many clients do not come back at once; ends where the next list is due. */
  #watchSeconds(): number {
    const untilRelist = Math.ceil((this.#relistAt - performance.now()) / 1000);
    return Math.max(1, Math.min(Math.floor(300 + 300 * this.#random()), untilRelist));
  }

  #apply(line: string, relistSoon: () => void): void {
    try {
      const event = parseWatchLine(line);
      if (event.type === "bookmark") return this.#advance(event.resourceVersion);
      const { key, resourceVersion } = identify(event.object);
      this.#applyTo(key, resourceVersion, event);
      this.#advance(resourceVersion);
    } catch (error) {
      if (!isKubeError(error, "malformed")) throw error;
      this.#malformed(error);
      relistSoon();
    }
  }

  #applyTo(key: string, resourceVersion: string, event: { type: string; object: unknown }): void {
    const object = event.type === "deleted" ? undefined : this.#parse(event.object, key);
    if (object === undefined) this.#store.delete(key);
    else this.#store.set(key, { resourceVersion, object });
  }

  /** An object that cannot be parsed is treated as absent: better unknown than out of date. */
  #parse(object: unknown, key: string): T | undefined {
    try {
      return this.#options.parse(object);
    } catch (error) {
      this.#malformed(error, key);
      return undefined;
    }
  }

  #malformed(error: unknown, key?: string): void {
    this.#observer.malformed(this.#options.name);
    this.#options.log.warn({ resource: this.#options.name, key, err: error }, "object left out");
  }

  #advance(version: string): void {
    this.#version = version;
    this.#see(version);
  }

  #see(version: string): void {
    const number = toNumber(version);
    if (number > this.#seen) this.#seen = number;
  }

  #heard(): void {
    this.#heardAt = performance.now();
  }

  #forgiveAfter(watchedMs: number): void {
    if (watchedMs >= this.#timings.healthyAfterMs) this.#backoff.reset();
  }

  #demandLength(watchedMs: number, events: number): void {
    if (events > 0 || watchedMs >= this.#timings.shortWatchMs) return;
    throw new KubeError("unreachable", "WATCH: ended at once, without an event");
  }

  /** Waits as long as it takes, and decides whether the list must be read again. */
  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    const { name, log } = this.#options;
    const kind = error instanceof KubeError ? error.kind : "malformed";
    const askedMs = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0;
    const waitMs = Math.max(this.#backoff.nextMs(), askedMs);
    if (kind === "gone" || this.#backoff.failures % failuresBeforeRelist === 0)
      this.#version = undefined;
    this.#problem = `${name}: ${error instanceof Error ? error.message : String(error)}`;
    this.#observer.watchFailed(name, kind);
    log.warn({ resource: name, err: error, waitMs: Math.round(waitMs) }, "watch interrupted");
    await sleep(waitMs, undefined, { signal }).catch(() => {});
  }

  #tell(change: Change<T>): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        this.#options.log.error(
          { resource: this.#options.name, key: change.key, err: error },
          "listener failed",
        );
      }
    }
  }
}

interface WatchTimers {
  readonly heard: () => void;
  readonly relistSoon: () => void;
  readonly clear: () => void;
}

const timeToRelist = Symbol("time to read the list again");

/** Versions of one resource can be compared as numbers since Kubernetes 1.35; they only serve a count here. */
function toNumber(version: string): bigint {
  return /^\d+$/.test(version) ? BigInt(version) : 0n;
}
