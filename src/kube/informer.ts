/** Keeps a store of one resource equal to what the API server has, and tells what changes. */

import type { Logger } from "pino";
import type { ListWatch } from "./list-watch.ts";
import { type KubeObserver, silentObserver } from "./observer.ts";
import {
  defaultTimings,
  type ListInProgress,
  Reflector,
  type ReflectorTimings,
} from "./reflector.ts";
import { type Change, type Entry, Store } from "./store.ts";
import { identify, type ObjectEvent } from "./watch-event.ts";

export interface InformerOptions<T> {
  /** The word for the resource in logs and metrics, such as `nodes`. */
  readonly name: string;
  readonly source: ListWatch;
  /** Takes from an object what is worth keeping; throws when it is not what it should be. */
  readonly parse: (object: unknown) => T;
  readonly log: Logger;
  readonly observer?: KubeObserver;
  readonly timings?: Partial<ReflectorTimings>;
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

export class Informer<T> {
  readonly #options: InformerOptions<T>;
  readonly #observer: KubeObserver;
  readonly #store: Store<T>;
  readonly #reflector: Reflector;
  readonly #listeners = new Set<(change: Change<T>) => void>();
  readonly #stop = new AbortController();
  readonly #firstSync = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;
  #synced = false;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.#observer = options.observer ?? silentObserver;
    this.#store = new Store((change) => this.#tell(change));
    this.#reflector = new Reflector({
      name: options.name,
      source: options.source,
      target: {
        beginList: () => this.#beginList(),
        apply: (event) => this.#apply(event),
        malformed: (error) => this.#malformed(error),
      },
      log: options.log,
      observer: this.#observer,
      timings: { ...defaultTimings, ...options.timings },
      random: options.random ?? Math.random,
    });
  }

  /** The whole list was read at least once. */
  get synced(): boolean {
    return this.#synced;
  }

  get state(): InformerState {
    const { silentMs, problem } = this.#reflector;
    return { synced: this.#synced, objects: this.#store.size, silentMs, problem };
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
    this.#running ??= this.#reflector.run(this.#stop.signal);
  }

  /** Ends the watch; the store keeps what it has. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #beginList(): ListInProgress {
    const entries = new Map<string, Entry<T>>();
    return {
      add: (object) => this.#collect(object, entries),
      remove: (object) => void entries.delete(identify(object).key),
      complete: async (reached) => {
        this.#observer.relisted(this.#options.name, this.#countMissed(entries, reached));
        await this.#store.replace(entries);
        this.#reportSynced();
      },
    };
  }

  #collect(object: unknown, entries: Map<string, Entry<T>>): void {
    try {
      const { key, resourceVersion } = identify(object);
      const parsed = this.#parse(object, key);
      if (parsed !== undefined) entries.set(key, { resourceVersion, object: parsed });
    } catch (error) {
      this.#malformed(error);
    }
  }

  #apply({ type, object }: ObjectEvent): string {
    const { key, resourceVersion } = identify(object);
    const parsed = type === "deleted" ? undefined : this.#parse(object, key);
    if (parsed === undefined) this.#store.delete(key);
    else this.#store.set(key, { resourceVersion, object: parsed });
    return resourceVersion;
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

  /** Objects whose last change is older than what was followed, and did not come. */
  #countMissed(entries: ReadonlyMap<string, Entry<T>>, reached: string | undefined): number {
    const followed = numberOf(reached ?? "");
    let missed = 0;
    for (const [key, { resourceVersion }] of entries) {
      const known = this.#store.versionOf(key) === resourceVersion;
      if (!known && numberOf(resourceVersion) <= followed) missed++;
    }
    return missed;
  }

  #reportSynced(): void {
    const { name, log } = this.#options;
    if (!this.#synced) log.info({ resource: name, objects: this.#store.size }, "list read");
    this.#synced = true;
    this.#firstSync.resolve();
  }

  #tell(change: Change<T>): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        const { name, log } = this.#options;
        log.error({ resource: name, key: change.key, err: error }, "listener failed");
      }
    }
  }
}

/** Versions of one resource can be compared as numbers since Kubernetes 1.35; they only serve a count here. */
function numberOf(version: string): bigint {
  return /^\d+$/.test(version) ? BigInt(version) : 0n;
}
