/** Keeps an inventory in step with vCenter for as long as one session lasts. */
import type { Inventory, VirtualMachine } from "../selection/model.ts";
import type { ManagedObject } from "./decode.ts";
import { VsphereError } from "./errors.ts";
import {
  detailsIn,
  pciDevicesOf,
  recentTasksIn,
  scheduledTasksOf,
  usageIn,
} from "./filter-specs.ts";
import { type InventoryChange, reuse } from "./inventory-diff.ts";
import { InventoryState } from "./inventory-state.ts";
import { Latch } from "./latch.ts";
import { objectIdOf } from "./mapping.ts";
import type { VsphereObserver } from "./observer.ts";
import {
  ChangeCollector,
  createListView,
  modifyListView,
  pageSizes,
  readServerTime,
  retrieve,
  retrieveAll,
} from "./property-collector.ts";
import { hostsEntering } from "./recent-tasks.ts";
import { RescanPacer } from "./rescan-pacer.ts";
import { FleetScanner } from "./scan.ts";
import type { VimCaller } from "./session.ts";
import type { Timings } from "./timings.ts";
import { runTogether } from "./together.ts";

export interface SynchroniserOptions {
  readonly caller: VimCaller;
  readonly datacenter: string | undefined;
  readonly timings: Timings;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly observe: Pick<VsphereObserver, "inventory">;
  /** Ids of the virtual machines that are, or may be, Kubernetes nodes. */
  readonly interest: (virtualMachines: readonly VirtualMachine[]) => ReadonlySet<string>;
  /** How many nodes have no virtual machine; a scan may find them. */
  readonly unmatchedNodes: () => number;
  /** The inventory of the session before, if any. */
  readonly previous: Inventory | undefined;
  readonly publish: (inventory: Inventory, change: InventoryChange) => void;
  readonly clockSkew: (seconds: number) => void;
}

/** Session-scoped objects on the server; all of them die with the session. */
interface Handles {
  readonly scanner: FleetScanner;
  readonly view: ManagedObject;
  readonly collector: ChangeCollector;
}

/**
 * First everything is read once, then four loops run: one waits for changes, one follows them up, one polls what is
 * never pushed, one scans again. Any error ends them all: the caller logs in anew and starts another synchroniser.
 */
export class Synchroniser {
  readonly #options: SynchroniserOptions;
  readonly #state: InventoryState;
  readonly #pacer: RescanPacer;
  readonly #followUp = new Latch();
  readonly #scanSoon = new Latch();
  readonly #members = new Map<string, ManagedObject>();
  #published: Inventory | undefined;
  #takenAt = 0;
  #version = "";
  #interestStale = true;
  #recentTasksStale = true;

  constructor(options: SynchroniserOptions) {
    this.#options = options;
    this.#state = new InventoryState(options.caller.content.instanceUuid);
    this.#pacer = new RescanPacer(options.timings, options.now);
    this.#published = options.previous;
  }

  /** Kubernetes nodes changed: other virtual machines may matter now. */
  interestChanged(): void {
    this.#interestStale = true;
    this.#followUp.raise();
  }

  /** Runs until the session or the connection fails, or the signal fires. @throws what ended it. */
  async run(signal: AbortSignal): Promise<void> {
    const handles = await this.#readEverything(signal);
    await runTogether(signal, [
      (stop) => this.#watch(handles, stop),
      (stop) => this.#followUpChanges(handles, stop),
      (stop) => this.#poll(handles, stop),
      (stop) => this.#rescan(handles, stop),
    ]);
  }

  async #readEverything(signal: AbortSignal): Promise<Handles> {
    const { caller, datacenter, now } = this.#options;
    await this.#measureClockSkew(signal);
    const scanner = await FleetScanner.create(caller, datacenter, signal);
    await this.#scan(scanner, signal);
    const view = await createListView(caller, signal);
    const specs = [detailsIn(view), scheduledTasksOf(caller.content.scheduledTaskManager)];
    const handles = {
      scanner,
      view,
      collector: await ChangeCollector.create(caller, specs, signal),
    };
    await this.#updateMembers(handles, signal);
    await this.#readChanges(handles, "", signal);
    await this.#settle(handles, signal);
    await this.#readUsage(handles, signal);
    this.#publish(now());
    this.#pacer.scanned("all", this.#options.unmatchedNodes());
    return handles;
  }

  /** Waits for changes; every full read starts again from the empty version, in order with all other changes. */
  async #watch(handles: Handles, signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#readChanges(handles, this.#pacer.takeFullRead() ? "" : this.#version, signal);
      this.#publish(this.#options.now());
      this.#followUp.raise();
    }
  }

  /** One wait, and what the server could not fit into its answer. */
  async #readChanges({ collector }: Handles, from: string, signal: AbortSignal): Promise<void> {
    const { timings } = this.#options;
    let version = from;
    if (from === "") this.#state.beginFullRead();
    for (;;) {
      const changes = await this.#wait(collector, version, timings.maxWaitSeconds, signal);
      if (!changes) break;
      version = changes.version;
      const { identities, recentTasks } = this.#state.apply(changes.changes);
      this.#interestStale ||= identities;
      this.#recentTasksStale ||= recentTasks;
      if (!changes.truncated) break;
    }
    if (from === "") this.#state.endFullRead();
    this.#version = version;
  }

  async #wait(
    collector: ChangeCollector,
    version: string,
    maxWaitSeconds: number,
    signal: AbortSignal,
  ) {
    const { callMs, logoutMs } = this.#options.timings;
    try {
      return await collector.wait(version, maxWaitSeconds, {
        signal,
        timeoutMs: maxWaitSeconds * 1000 + callMs,
      });
    } catch (cause) {
      if (signal.aborted) await collector.cancelWait(logoutMs).catch(() => undefined);
      throw cause;
    }
  }

  async #followUpChanges(handles: Handles, signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#followUp.take(signal);
      await this.#settle(handles, signal);
      this.#publish(this.#takenAt);
      if (this.#pacer.noteUnmatched(this.#options.unmatchedNodes())) this.#scanSoon.raise();
    }
  }

  /** Brings in line what depends on other things: who is watched, who is entering maintenance, which cards are there. */
  async #settle(handles: Handles, signal: AbortSignal): Promise<void> {
    await this.#updateMembers(handles, signal);
    if (this.#recentTasksStale) await this.#readRecentTasks(handles, signal);
    await this.#readHostPci(signal);
  }

  async #updateMembers({ view }: Handles, signal: AbortSignal): Promise<void> {
    if (this.#interestStale) {
      this.#interestStale = false;
      const ids = this.#options.interest(this.#state.virtualMachines());
      this.#state.follow(new Set([...ids].map(objectIdOf)));
    }
    const wanted = this.#state.members();
    const add = [...wanted.values()].filter(({ id }) => !this.#members.has(id));
    const remove = [...this.#members.values()].filter(({ id }) => !wanted.has(id));
    if (add.length + remove.length === 0) return;
    await modifyListView(this.#options.caller, view, { add, remove }, signal);
    for (const { id } of remove) this.#members.delete(id);
    for (const object of add) this.#members.set(object.id, object);
    this.#recentTasksStale = true;
  }

  async #readRecentTasks({ view }: Handles, signal: AbortSignal): Promise<void> {
    this.#recentTasksStale = false;
    const { caller } = this.#options;
    this.#state.setEntering(
      hostsEntering(await retrieveAll(caller, recentTasksIn(view), pageSizes.leaves, signal)),
    );
  }

  async #readHostPci(signal: AbortSignal): Promise<void> {
    const lacking = this.#state.hostsLackingPci();
    if (lacking.length === 0) return;
    try {
      const pages = retrieve(this.#options.caller, pciDevicesOf(lacking), pageSizes.pci, signal);
      for await (const page of pages) this.#state.setHostPci(page);
      this.#state.refuseHostPci(this.#state.hostsLackingPci());
    } catch (cause) {
      if (!isGone(cause)) throw cause;
      this.#state.refuseHostPci(
        lacking.filter(({ id }) => cause.object === undefined || cause.object === id),
      );
      this.#followUp.raise();
    }
  }

  async #poll(handles: Handles, signal: AbortSignal): Promise<void> {
    const idle = new Latch();
    for (;;) {
      await idle.take(signal, this.#options.timings.pollMs);
      await this.#readUsage(handles, signal);
      await this.#readRecentTasks(handles, signal);
      this.#publish(this.#takenAt);
    }
  }

  async #readUsage({ view }: Handles, signal: AbortSignal): Promise<void> {
    const pages = retrieve(this.#options.caller, usageIn(view), pageSizes.leaves, signal);
    for await (const page of pages) this.#state.setUsage(page);
  }

  async #rescan({ scanner }: Handles, signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#scanSoon.take(signal, this.#pacer.nextInMs());
      const due = this.#pacer.due();
      if (due === "nothing") continue;
      if (due === "all") await this.#measureClockSkew(signal);
      await this.#scan(scanner, signal, due);
      this.#followUp.raise();
    }
  }

  async #scan(
    scanner: FleetScanner,
    signal: AbortSignal,
    what: "all" | "virtualMachines" = "all",
  ): Promise<void> {
    await scanner.scanVirtualMachines(this.#state, signal);
    if (what === "all") {
      await scanner.scanHosts(this.#state, signal);
      this.#state.forgetHostPci();
    }
    this.#interestStale = true;
    this.#pacer.scanned(what, this.#options.unmatchedNodes());
  }

  async #measureClockSkew(signal: AbortSignal): Promise<void> {
    const { caller, now } = this.#options;
    const before = now();
    const server = await readServerTime(caller, signal);
    this.#options.clockSkew(Math.round((server - (before + now()) / 2) / 1000));
  }

  #publish(takenAt: number): void {
    this.#takenAt = takenAt;
    const next = {
      takenAt: new Date(takenAt),
      hosts: this.#state.hosts(),
      virtualMachines: this.#state.virtualMachines(),
    };
    const { inventory, change } = reuse(this.#published, next);
    this.#published = inventory;
    const { hosts, virtualMachines } = inventory;
    this.#options.observe.inventory({
      hosts: hosts.size,
      virtualMachines: virtualMachines.length,
      watched: this.#state.followedCount,
    });
    this.#options.publish(inventory, change);
  }
}

/** A host that we asked about was removed meanwhile. */
function isGone(cause: unknown): cause is VsphereError {
  return cause instanceof VsphereError && cause.type === "ManagedObjectNotFound";
}
