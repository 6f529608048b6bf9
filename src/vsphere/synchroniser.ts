/** Keeps an inventory in step with vCenter for as long as one session lasts. */
import type { VirtualMachine } from "../selection/model.ts";
import { Calendar } from "./calendar.ts";
import { ChangeWatch } from "./change-watch.ts";
import type { ManagedObject } from "./decode.ts";
import { VsphereError } from "./errors.ts";
import {
  cardsOf,
  customFieldsOf,
  detailsIn,
  recentTasksIn,
  scheduledTasksOf,
  usageIn,
} from "./filter-specs.ts";
import { type InventoryChange, reuse, type VcenterInventory } from "./inventory-diff.ts";
import { InventoryState } from "./inventory-state.ts";
import { Latch } from "./latch.ts";
import { objectIdOf } from "./mapping.ts";
import type { VsphereObserver } from "./observer.ts";
import {
  createListView,
  modifyListView,
  pageSizes,
  readServerTime,
  retrieve,
  retrieveAll,
} from "./property-collector.ts";
import { askedFor, descriptionIdsOf, runningMaintenance } from "./recent-tasks.ts";
import { RescanPacer } from "./rescan-pacer.ts";
import { FleetScanner } from "./scan.ts";
import type { VimCaller } from "./session.ts";
import { type NoticeLog, SessionNotices } from "./session-notices.ts";
import { sleep } from "./sleep.ts";
import { TaskTypes } from "./task-types.ts";
import type { Timings } from "./timings.ts";
import { runTogether } from "./together.ts";

export interface SynchroniserOptions {
  readonly caller: VimCaller;
  /** The vCenter's name in our configuration. */
  readonly vcenter: string;
  readonly datacenter: string | undefined;
  /** Name of the custom attribute that holds maintenance windows. */
  readonly maintenanceAttribute: string;
  /** Task types of extensions that take hosts down, beside those that are known. */
  readonly maintenanceTaskTypes: readonly string[];
  readonly log: NoticeLog;
  readonly timings: Timings;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly observe: Pick<VsphereObserver, "inventory">;
  /** Ids of the virtual machines that are, or may be, Kubernetes nodes. */
  readonly interest: (virtualMachines: readonly VirtualMachine[]) => ReadonlySet<string>;
  /** How many nodes have no virtual machine; a scan may find them. */
  readonly unmatchedNodes: () => number;
  /** The inventory of the session before, if any. */
  readonly previous: VcenterInventory | undefined;
  readonly publish: (inventory: VcenterInventory, change: InventoryChange) => void;
  readonly clockSkew: (seconds: number) => void;
}

/** Ways to the server that live as long as the session. */
interface Handles {
  readonly scanner: FleetScanner;
  readonly view: ManagedObject;
  readonly watch: ChangeWatch;
}

/**
 * First everything is read once, then four loops run: one waits for changes, one scans again now and then, one calls
 * for what is never pushed, and one does what follows from the others. Any error ends them all: the caller logs in
 * anew and starts another synchroniser.
 */
export class Synchroniser {
  readonly #options: SynchroniserOptions;
  readonly #state: InventoryState;
  readonly #pacer: RescanPacer;
  readonly #followUp = new Latch();
  readonly #scanSoon = new Latch();
  readonly #members = new Map<string, ManagedObject>();
  readonly #taskTypes: TaskTypes;
  readonly #notices: SessionNotices;
  #published: VcenterInventory | undefined;
  #takenAt = 0;
  #usageTakenAt = 0;
  /** What the follow-up has to read again. */
  readonly #stale = { interest: true, recentTasks: true, usage: true };

  constructor(options: SynchroniserOptions) {
    this.#options = options;
    const { rootFolder, instanceUuid } = options.caller.content;
    const { vcenter, maintenanceAttribute, log } = options;
    const taskTypes = new TaskTypes(options.maintenanceTaskTypes);
    const calendar = new Calendar({ rootFolder, maintenanceAttribute, taskTypes });
    this.#taskTypes = taskTypes;
    this.#notices = new SessionNotices(log, maintenanceAttribute);
    this.#state = new InventoryState(vcenter, instanceUuid, calendar);
    this.#pacer = new RescanPacer(options.timings, options.now);
    this.#published = options.previous;
  }

  /** Kubernetes nodes changed: other virtual machines may matter now. */
  interestChanged(): void {
    this.#stale.interest = true;
    this.#followUp.raise();
  }

  /** Runs until the session or the connection fails, or the signal fires. @throws what ended it. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      const handles = await this.#readEverything(signal);
      await runTogether(signal, [
        (stop) => this.#follow(handles, stop),
        (stop) => this.#scanAgain(handles, stop),
        (stop) => this.#poll(stop),
        (stop) => this.#settleAgain(handles, stop),
      ]);
    } catch (cause) {
      if (isGone(cause)) await this.#probe(signal);
      throw cause;
    }
  }

  /** Views go with their session, so that its end looks as if they had never been. @throws what ended the session. */
  async #probe(signal: AbortSignal): Promise<void> {
    await readServerTime(this.#options.caller, signal);
  }

  async #readEverything(signal: AbortSignal): Promise<Handles> {
    const { caller, datacenter, timings, now } = this.#options;
    const scanner = await FleetScanner.create(caller, datacenter, signal);
    await this.#readDefinitions(signal);
    await scanner.scanPlaces(this.#state, signal);
    await this.#scanAll(scanner, signal);
    const view = await createListView(caller, signal);
    const { scheduledTaskManager, customFieldsManager } = caller.content;
    const specs = [
      detailsIn(view),
      scheduledTasksOf(scheduledTaskManager),
      scanner.places,
      customFieldsOf(customFieldsManager),
    ];
    const watch = new ChangeWatch(caller, specs, this.#state, timings);
    await this.#updateMembers(view, signal);
    await watch.readAll(signal);
    await this.#settle(view, signal);
    this.#notices.unknownTasks(this.#state.unknownTaskTypes());
    this.#publish(now());
    this.#followUp.raise();
    return { scanner, view, watch };
  }

  async #follow({ watch }: Handles, signal: AbortSignal): Promise<void> {
    for (;;) {
      const all = this.#pacer.takeFullRead();
      const { identities, recentTasks } = await (all ? watch.readAll(signal) : watch.next(signal));
      this.#stale.interest ||= identities;
      this.#stale.recentTasks ||= recentTasks;
      this.#notices.unknownTasks(this.#state.unknownTaskTypes());
      this.#publish(this.#options.now());
      this.#followUp.raise();
    }
  }

  async #scanAgain({ scanner }: Handles, signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#scanSoon.take(signal, this.#pacer.nextInMs());
      switch (this.#pacer.due()) {
        case "all":
          await this.#scanAll(scanner, signal);
          this.#pacer.wantFullRead();
          break;
        case "virtualMachines":
          await this.#scanMachines(scanner, signal);
          break;
        case "nothing":
      }
      this.#followUp.raise();
    }
  }

  async #poll(signal: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(this.#options.timings.pollMs, signal);
      signal.throwIfAborted();
      this.#stale.usage = true;
      this.#stale.recentTasks = true;
      this.#followUp.raise();
    }
  }

  async #settleAgain({ view }: Handles, signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#followUp.take(signal);
      await this.#settle(view, signal);
      this.#publish(this.#takenAt);
      if (this.#pacer.noteUnmatched(this.#options.unmatchedNodes())) this.#scanSoon.raise();
    }
  }

  /** Brings in line what depends on other things: who is watched, what runs on hosts, which cards are there. */
  async #settle(view: ManagedObject, signal: AbortSignal): Promise<void> {
    await this.#updateMembers(view, signal);
    await this.#readRecentTasks(view, signal);
    if (this.#state.lacksDefinitions()) await this.#readDefinitions(signal);
    await this.#readUsage(view, signal);
    await this.#readHostCards(signal);
  }

  async #updateMembers(view: ManagedObject, signal: AbortSignal): Promise<void> {
    if (this.#stale.interest) {
      this.#stale.interest = false;
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
    this.#stale.recentTasks = true;
    this.#stale.usage = true;
  }

  async #readRecentTasks(view: ManagedObject, signal: AbortSignal): Promise<void> {
    if (!this.#stale.recentTasks) return;
    this.#stale.recentTasks = false;
    const spec = recentTasksIn(view);
    const bags = await retrieveAll(this.#options.caller, spec, pageSizes.leaves, signal);
    const running = runningMaintenance(bags, this.#options.now(), this.#taskTypes);
    this.#state.setRunning(running, askedFor(bags));
    this.#noteTaskTypes(descriptionIdsOf(bags));
  }

  #noteTaskTypes(types: readonly string[]): void {
    this.#notices.unknownTasks(types.filter((type) => this.#taskTypes.isUnknown(type)));
  }

  async #readDefinitions(signal: AbortSignal): Promise<void> {
    const { caller } = this.#options;
    const spec = customFieldsOf(caller.content.customFieldsManager);
    this.#state.setDefinitions(await retrieveAll(caller, spec, pageSizes.leaves, signal));
  }

  async #readUsage(view: ManagedObject, signal: AbortSignal): Promise<void> {
    if (!this.#stale.usage) return;
    this.#stale.usage = false;
    const usageTakenAt = this.#options.now();
    const pages = retrieve(this.#options.caller, usageIn(view), pageSizes.leaves, signal);
    for await (const page of pages) this.#state.setUsage(page);
    this.#usageTakenAt = usageTakenAt;
  }

  async #readHostCards(signal: AbortSignal): Promise<void> {
    const lacking = this.#state.hostsLackingCards();
    if (lacking.length === 0) return;
    try {
      const pages = retrieve(this.#options.caller, cardsOf(lacking), pageSizes.pci, signal);
      for await (const page of pages) this.#state.setHostCards(page);
      const asked = new Set(lacking.map(({ id }) => id));
      const unanswered = this.#state.hostsLackingCards().filter(({ id }) => asked.has(id));
      this.#state.refuseHostCards(unanswered);
    } catch (cause) {
      if (!isGone(cause)) throw cause;
      const gone = lacking.filter(({ id }) => cause.object === undefined || cause.object === id);
      this.#state.refuseHostCards(gone.length > 0 ? gone : lacking);
      this.#followUp.raise();
    }
  }

  async #scanAll(scanner: FleetScanner, signal: AbortSignal): Promise<void> {
    await this.#measureClockSkew(signal);
    await scanner.scanHosts(this.#state, signal);
    this.#state.ageHostCards();
    await this.#scanMachines(scanner, signal);
    this.#pacer.scannedAll();
  }

  async #scanMachines(scanner: FleetScanner, signal: AbortSignal): Promise<void> {
    await scanner.scanVirtualMachines(this.#state, signal);
    this.#stale.interest = true;
    this.#pacer.scannedMachines();
  }

  async #measureClockSkew(signal: AbortSignal): Promise<void> {
    const { caller, now } = this.#options;
    const before = now();
    const server = await readServerTime(caller, signal);
    const middle = (before + now()) / 2;
    this.#options.clockSkew(Math.trunc((server - middle) / 1000) || 0);
  }

  #publish(takenAt: number): void {
    this.#takenAt = takenAt;
    this.#notices.attribute(this.#state.isAttributeDefined);
    const next = {
      takenAt: new Date(takenAt),
      usageTakenAt: new Date(this.#usageTakenAt),
      hosts: this.#state.hosts(),
      virtualMachines: this.#state.virtualMachines(),
    };
    const { inventory, change } = reuse(this.#published, next);
    if (change === "freshness" && this.#published && sameTimes(this.#published, next)) return;
    this.#published = inventory;
    const { hosts, virtualMachines } = inventory;
    this.#options.observe.inventory({
      hosts: hosts.size,
      virtualMachines: virtualMachines.length,
      watched: this.#state.followedCount,
      isAttributeDefined: this.#state.isAttributeDefined,
    });
    this.#options.publish(inventory, change);
  }
}

function sameTimes(a: VcenterInventory, b: VcenterInventory): boolean {
  return (
    a.takenAt.getTime() === b.takenAt.getTime() &&
    a.usageTakenAt.getTime() === b.usageTakenAt.getTime()
  );
}

/** Something that we asked about is no more. */
function isGone(cause: unknown): cause is VsphereError {
  return cause instanceof VsphereError && cause.type === "ManagedObjectNotFound";
}
