/** The last good inventory of one vCenter, kept current in the background. */
import type { Logger } from "pino";
import type { Inventory, VirtualMachine } from "../selection/model.ts";
import { HealthMonitor, type VcenterHealth } from "./health.ts";
import type { InventoryChange } from "./inventory-diff.ts";
import { VcenterLink } from "./link.ts";
import type { VsphereObserver } from "./observer.ts";
import { VsphereSession } from "./session.ts";
import type { VcenterSettings } from "./settings.ts";
import { Synchroniser } from "./synchroniser.ts";
import { defaultTimings, type Timings } from "./timings.ts";

export type { VcenterHealth } from "./health.ts";
export type { InventoryChange } from "./inventory-diff.ts";
export type { VcenterSettings } from "./settings.ts";
export type { Timings } from "./timings.ts";

export interface InventoryCacheOptions {
  /** Called before every login; rejects with a message for the user when the settings cannot be read. */
  readonly readSettings: () => Promise<VcenterSettings>;
  /**
   * Ids of the virtual machines that are, or may be, Kubernetes nodes. Only of these are devices and usage read; the
   * others have `config.hardware.device` among their `unreadable` paths. Called after scans and `interestChanged`.
   */
  readonly interest: (virtualMachines: readonly VirtualMachine[]) => ReadonlySet<string>;
  /** How many nodes have no virtual machine; while there are any, new ones are looked for more often. */
  readonly unmatchedNodes?: () => number;
  readonly log: Logger;
  readonly observe: VsphereObserver;
  readonly timings?: Partial<Timings>;
  /** Milliseconds since the Unix epoch. */
  readonly now?: () => number;
  /** From 0 up to 1, for the back-off. */
  readonly random?: () => number;
}

/** `state`: facts differ. `usage`: only CPU and memory numbers. `freshness`: only `takenAt`. `health`: see `health()`. */
export type CacheChange = InventoryChange | "health";

/**
 * Reads vCenter whoever asks and however often: consumers only look at what is here. An inventory stays when vCenter
 * goes away; `takenAt` then stops, and it is for the consumer to say how old is too old.
 */
export class InventoryCache {
  readonly #options: InventoryCacheOptions;
  readonly #timings: Timings;
  readonly #now: () => number;
  readonly #health: HealthMonitor;
  readonly #listeners = new Set<(change: CacheChange) => void>();
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #synchroniser: Synchroniser | undefined;
  #inventory: Inventory | undefined;

  constructor(options: InventoryCacheOptions) {
    this.#options = options;
    this.#timings = { ...defaultTimings, ...options.timings };
    this.#now = options.now ?? Date.now;
    this.#health = new HealthMonitor(options.log, this.#now, () => this.#tell("health"));
  }

  /** Begins to connect; returns at once and never throws for what vCenter does. */
  start(): void {
    this.#running ??= this.#createLink().run(this.#stopping.signal);
  }

  /** Ends all calls and logs out. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** The last good inventory; undefined until the first one is complete. */
  current(): Inventory | undefined {
    return this.#inventory;
  }

  health(): VcenterHealth {
    return this.#health.current();
  }

  /** Calls back after every change, when `current` and `health` show it already. @returns how to unsubscribe. */
  onChange(listener: (change: CacheChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** To be called when Kubernetes nodes changed, so that `interest` is asked again. */
  interestChanged(): void {
    this.#synchroniser?.interestChanged();
  }

  #createLink(): VcenterLink<VsphereSession> {
    return new VcenterLink({
      readSettings: this.#options.readSettings,
      openSession: (settings, signal) => this.#openSession(settings, signal),
      work: (session, settings, signal) => this.#synchronise(session, settings, signal),
      failed: (error) => {
        this.#options.observe.error(error.kind, error.type);
        this.#health.failed(error);
      },
      timings: this.#timings,
      now: this.#now,
      random: this.#options.random ?? Math.random,
    });
  }

  async #openSession(settings: VcenterSettings, signal: AbortSignal): Promise<VsphereSession> {
    const { log, observe } = this.#options;
    if (settings.insecure) {
      log.warn(
        { server: settings.url },
        "vCenter's certificate is NOT verified on this connection",
      );
    }
    const session = await VsphereSession.open({
      settings,
      timings: this.#timings,
      observe,
      signal,
    });
    observe.login();
    log.info({ server: settings.url, product: session.content.fullName }, "logged in to vCenter");
    this.#health.connected();
    return session;
  }

  async #synchronise(
    session: VsphereSession,
    settings: VcenterSettings,
    signal: AbortSignal,
  ): Promise<void> {
    this.#synchroniser = new Synchroniser({
      caller: session,
      datacenter: settings.datacenter,
      timings: this.#timings,
      now: this.#now,
      observe: this.#options.observe,
      interest: this.#options.interest,
      unmatchedNodes: this.#options.unmatchedNodes ?? (() => 0),
      previous: this.#inventory,
      publish: (inventory, change) => this.#publish(inventory, change),
      clockSkew: (seconds) => this.#health.setClockSkew(seconds),
    });
    try {
      await this.#synchroniser.run(signal);
    } finally {
      this.#synchroniser = undefined;
    }
  }

  #publish(inventory: Inventory, change: InventoryChange): void {
    this.#inventory = inventory;
    this.#health.live();
    this.#tell(change);
  }

  #tell(change: CacheChange): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (cause) {
        this.#options.log.error({ err: cause, change }, "a listener of the inventory failed");
      }
    }
  }
}
