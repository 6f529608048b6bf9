/** The last good inventory of one vCenter, kept current in the background. */
import type { Logger } from "pino";
import type { VirtualMachine } from "../selection/model.ts";
import { VsphereError } from "./errors.ts";
import { HealthMonitor, type VcenterHealth } from "./health.ts";
import type { InventoryChange, VcenterInventory } from "./inventory-diff.ts";
import { VcenterLink } from "./link.ts";
import type { VsphereObserver } from "./observer.ts";
import { VsphereSession } from "./session.ts";
import { defaultMaintenanceAttribute } from "./session-notices.ts";
import type { VcenterSettings } from "./settings.ts";
import { Synchroniser } from "./synchroniser.ts";
import { defaultTimings, type Timings } from "./timings.ts";

export type { VcenterHealth } from "./health.ts";
export type { InventoryChange, VcenterInventory } from "./inventory-diff.ts";
export type { VcenterSettings } from "./settings.ts";
export type { Timings } from "./timings.ts";

export interface InventoryCacheOptions {
  /** The vCenter's name in our configuration; default `vcenter`. */
  readonly name?: string;
  /** Name of the custom attribute that holds maintenance windows; default `gpuinfo.maintenance`. */
  readonly maintenanceAttribute?: string;
  /** Task types of vCenter extensions that take hosts down, beside those that are known; default none. */
  readonly maintenanceTaskTypes?: readonly string[];
  /** What the user calls the Secret with the credentials; default `Secret vc-creds`. */
  readonly secret?: string;
  /** Called before every login; rejects with a message for the user when the settings cannot be read. */
  readonly readSettings: () => Promise<VcenterSettings>;
  /**
   * Told the `instanceUuid` of the vCenter that answers, before it gets the password.
   * @returns the name of whoever reads that vCenter already: then there is no login. Undefined where nobody does.
   */
  readonly claim?: (instanceUuid: string) => string | undefined;
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
  /** Of the last session. */
  #yielding = new AbortController();
  #running: Promise<void> | undefined;
  #synchroniser: Synchroniser | undefined;
  #inventory: VcenterInventory | undefined;

  constructor(options: InventoryCacheOptions) {
    this.#options = options;
    this.#timings = { ...defaultTimings, ...options.timings };
    this.#now = options.now ?? Date.now;
    const { log, secret } = options;
    this.#health = new HealthMonitor(log, this.#now, () => this.#tell("health"), secret);
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
  current(): VcenterInventory | undefined {
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

  /** Ends the session and forgets what it told: the vCenter is read under that other name. */
  yieldTo(name: string): void {
    this.#inventory = undefined;
    this.#yielding.abort(sameVcenter(name));
  }

  /** Forgets what it told: that was another vCenter than the one that answers now. */
  forget(): void {
    this.#inventory = undefined;
    this.#tell("state");
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
      left: () => this.#options.observe.logout(),
      timings: this.#timings,
      now: this.#now,
      random: this.#options.random ?? Math.random,
    });
  }

  async #openSession(settings: VcenterSettings, signal: AbortSignal): Promise<VsphereSession> {
    const { log, observe, claim } = this.#options;
    if (settings.insecure) {
      log.warn(
        { server: settings.url },
        "vCenter's certificate is NOT verified on this connection",
      );
    }
    this.#yielding = new AbortController();
    const session = await VsphereSession.open({
      settings,
      timings: this.#timings,
      observe,
      signal: AbortSignal.any([signal, this.#yielding.signal]),
      accept: ({ instanceUuid }) => {
        const holder = claim?.(instanceUuid);
        if (holder !== undefined) throw sameVcenter(holder);
      },
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
      vcenter: this.#options.name ?? "vcenter",
      datacenter: settings.datacenter,
      maintenanceAttribute: this.#options.maintenanceAttribute ?? defaultMaintenanceAttribute,
      maintenanceTaskTypes: this.#options.maintenanceTaskTypes ?? [],
      log: this.#options.log,
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
      await this.#synchroniser.run(AbortSignal.any([signal, this.#yielding.signal]));
    } finally {
      this.#synchroniser = undefined;
    }
  }

  #publish(inventory: VcenterInventory, change: InventoryChange): void {
    if (this.#yielding.signal.aborted) return;
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

function sameVcenter(name: string): VsphereError {
  const message = `this is the same vCenter as ${name}, and is read under that name only`;
  return new VsphereError(message, { kind: "settings", type: "SameVcenter" });
}
