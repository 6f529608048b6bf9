/** Reads several vCenters side by side, each at its own pace, and shows what they said as one inventory. */

import type { Logger } from "pino";
import { isOlder } from "../selection/age.ts";
import { machinesOfInterest } from "../selection/bind.ts";
import type { Inventory, NodeIdentity, VirtualMachine } from "../selection/model.ts";
import {
  type CacheChange,
  InventoryCache,
  type InventoryCacheOptions,
  type VcenterSettings,
} from "../vsphere/inventory-cache.ts";
import type { VsphereObserver } from "../vsphere/observer.ts";
import { VcenterClaims } from "./claims.ts";
import { InventoryMerger } from "./merge.ts";
import type { VcenterReading } from "./reading.ts";

/** One vCenter to read. */
export interface VcenterToRead {
  /** Unique. */
  readonly name: string;
  /** What the user calls the Secret with the credentials. */
  readonly secret?: string;
  /** Called before every login. */
  readonly readSettings: () => Promise<VcenterSettings>;
}

export interface VcentersOptions {
  /** At least one. Where two turn out to be the same vCenter, the first of them is read. */
  readonly vcenters: readonly VcenterToRead[];
  /** The Kubernetes nodes: only their machines are read in full. */
  readonly nodes: () => readonly NodeIdentity[];
  readonly log: Logger;
  /** Counts what happens with the vCenter of that name. */
  readonly observe: (vcenter: string) => VsphereObserver;
  /** What a vCenter said longer ago is not asked for its usage numbers. */
  readonly hardMaxAgeMs: number;
  /** How long vCenters that say nothing hold up an answer. */
  readonly patienceMs?: number;
  /** Milliseconds since the Unix epoch. */
  readonly now?: () => number;
  /** Further settings, the same for each. */
  readonly cache?: Pick<
    InventoryCacheOptions,
    "timings" | "random" | "maintenanceAttribute" | "maintenanceTaskTypes"
  >;
}

/** A slow vCenter has been read by then; one that hangs has failed. */
const defaultPatienceMs = 15_000;

type Listener = (change: CacheChange, vcenter: string) => void;

/**
 * One session per vCenter, with loops and freshness of its own: one that is down makes only its own nodes stale. What
 * is merged stays the same object as long as no vCenter's facts changed.
 */
export class Vcenters {
  readonly #options: VcentersOptions;
  readonly #caches: ReadonlyMap<string, InventoryCache>;
  readonly #claims: VcenterClaims;
  readonly #now: () => number;
  #patientUntil: number;
  readonly #listeners = new Set<Listener>();
  /** By the vCenter's name: nodes of which it has no machine. */
  readonly #unmatched = new Map<string, readonly string[]>();
  #unmatchedCount = 0;
  readonly #merger = new InventoryMerger();
  #merged: Inventory | undefined;
  #isMergedCurrent = false;
  #hasAnswered = false;
  #impatience: NodeJS.Timeout | undefined;

  constructor(options: VcentersOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#patientUntil = this.#now() + this.#patienceMs;
    this.#claims = new VcenterClaims(options.vcenters.map(({ name }) => name));
    this.#caches = new Map(
      options.vcenters.map((vcenter) => [vcenter.name, this.#createCache(vcenter)]),
    );
  }

  /** Begins to connect to all of them; returns at once and never throws for what they do. */
  start(): void {
    for (const cache of this.#caches.values()) cache.start();
    this.#patientUntil = this.#now() + this.#patienceMs;
    // Nothing else tells that the wait is over.
    this.#impatience ??= setTimeout(() => this.#runOutOfPatience(), this.#patienceMs);
  }

  /** Logs out of all of them. */
  async stop(): Promise<void> {
    clearTimeout(this.#impatience);
    await Promise.all([...this.#caches.values()].map((cache) => cache.stop()));
  }

  /**
   * What all of them said last. Undefined until one of them has been read, and every other was read too, failed, or
   * took too long: so that the answers at a start do not flip.
   */
  current(): Inventory | undefined {
    if (!this.#hasAnswered && !this.settled) return undefined;
    if (!this.#isMergedCurrent) {
      this.#merged = this.#merge();
      this.#isMergedCurrent = true;
    }
    this.#hasAnswered ||= this.#merged !== undefined;
    return this.#merged;
  }

  /** Every vCenter was read or has failed, or that takes too long: having no inventory is news. */
  get settled(): boolean {
    if (this.#now() >= this.#patientUntil) return true;
    return [...this.#caches.values()].every(
      (cache) => cache.current() !== undefined || cache.health().phase === "broken",
    );
  }

  /** Each of them, in the order of the configuration. */
  readings(): readonly VcenterReading[] {
    return [...this.#caches].map(([name, cache]) => {
      const { takenAt, usageTakenAt } = cache.current() ?? {};
      const { error, clockSkewSeconds } = cache.health();
      return {
        name,
        isRefused: this.#claims.isRefused(name),
        ...(takenAt && { takenAt }),
        ...(usageTakenAt && { usageTakenAt }),
        ...(error && { problem: error.message }),
        ...(clockSkewSeconds !== undefined && { clockSkewSeconds }),
      };
    });
  }

  /** What is wrong with them now, by name. */
  problems(): ReadonlyMap<string, string> {
    const problems = new Map<string, string>();
    for (const [name, cache] of this.#caches) {
      const { error } = cache.health();
      if (error !== undefined) problems.set(name, error.message);
    }
    return problems;
  }

  /** The oldest usage numbers among vCenters that still count; undefined where there are none. */
  usageTakenAt(): Date | undefined {
    const now = this.#now();
    let usageTakenAt: Date | undefined;
    for (const cache of this.#caches.values()) {
      const reading = cache.current();
      if (reading === undefined || isOlder(reading.takenAt, now, this.#options.hardMaxAgeMs))
        continue;
      if (usageTakenAt === undefined || reading.usageTakenAt < usageTakenAt)
        usageTakenAt = reading.usageTakenAt;
    }
    return usageTakenAt;
  }

  /** Calls back after every change of one of them. @returns how to unsubscribe. */
  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** To be called when Kubernetes nodes changed. */
  interestChanged(): void {
    for (const cache of this.#caches.values()) cache.interestChanged();
  }

  get #patienceMs(): number {
    return this.#options.patienceMs ?? defaultPatienceMs;
  }

  #createCache({ name, secret, readSettings }: VcenterToRead): InventoryCache {
    const { log, observe, cache: settings, now } = this.#options;
    const cache = new InventoryCache({
      ...settings,
      name,
      ...(secret !== undefined && { secret }),
      readSettings,
      claim: (instanceUuid) => this.#claim(name, instanceUuid),
      interest: (machines) => this.#interestIn(name, machines),
      unmatchedNodes: () => this.#unmatchedCount,
      log: log.child({ vcenter: name }),
      observe: observe(name),
      ...(now && { now }),
    });
    cache.onChange((change) => this.#changed(change, name));
    return cache;
  }

  #claim(name: string, instanceUuid: string): string | undefined {
    const { heldBy, takenFrom, hasMoved } = this.#claims.claim(name, instanceUuid);
    if (takenFrom !== undefined) {
      this.#caches.get(takenFrom)?.yieldTo(name);
      this.#unmatched.delete(takenFrom);
      this.#isMergedCurrent = false;
    }
    if (hasMoved) {
      this.#unmatched.delete(name);
      this.#caches.get(name)?.forget();
    }
    return heldBy;
  }

  /** A node that one vCenter has is not looked for in the others. */
  #interestIn(name: string, machines: readonly VirtualMachine[]): ReadonlySet<string> {
    const { machineIds, unmatchedNodes } = machinesOfInterest(this.#options.nodes(), machines);
    this.#unmatched.set(name, unmatchedNodes);
    const [first = [], ...others] = this.#unmatched.values();
    const everywhere = others.map((names) => new Set(names));
    this.#unmatchedCount = first.filter((node) =>
      everywhere.every((names) => names.has(node)),
    ).length;
    return machineIds;
  }

  #merge(): Inventory | undefined {
    const parts = [...this.#caches].flatMap(([name, cache]) => {
      const reading = cache.current();
      return reading === undefined ? [] : [{ name, reading }];
    });
    const unread = [...this.#caches]
      .filter(([name, cache]) => cache.current() === undefined && !this.#claims.isRefused(name))
      .map(([name]) => name);
    return this.#merger.merge(parts, unread);
  }

  #changed(change: CacheChange, vcenter: string): void {
    this.#isMergedCurrent = false;
    for (const listener of this.#listeners) listener(change, vcenter);
  }

  #runOutOfPatience(): void {
    for (const name of this.#caches.keys()) this.#changed("health", name);
  }
}
