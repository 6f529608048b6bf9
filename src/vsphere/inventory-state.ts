/** Gathers what scans, watch and polls bring during one session, and makes immutable inventories of it. */
import { isDeepStrictEqual } from "node:util";
import type { Host, MaintenanceHorizon, VirtualMachine } from "../selection/model.ts";
import type { ManagedObject, ObjectChange, PropertyBag } from "./decode.ts";
import { decodePassthroughDevices, decodePciDevices, needsHostPci, trimDevices } from "./gpus.ts";
import {
  globalId,
  type HostPci,
  mapHost,
  mapIdentity,
  mapUsage,
  mapVirtualMachine,
  readHostReference,
  type Usage,
  unreadUsage,
} from "./mapping.ts";
import { devicesPath, pciPath, recentTaskPath, scheduledTasksPath } from "./properties.ts";
import { calendarOf, decodeScheduledTask, type ScheduledTask } from "./scheduled-tasks.ts";

/** A virtual machine that we follow; `bag` is absent until vCenter sent its details. */
interface Followed {
  readonly bag?: PropertyBag;
  readonly usage: Usage;
}

/** Object ids here are those of one vCenter; those of the inventory carry its instanceUuid. */
export class InventoryState {
  readonly #instanceUuid: string;
  /** By object id: every virtual machine, as the last scan saw it. */
  #scanned = new Map<string, VirtualMachine>();
  readonly #followed = new Map<string, Followed>();
  readonly #hosts = new Map<string, PropertyBag>();
  readonly #followedHosts = new Set<string>();
  readonly #hostPci = new Map<string, HostPci>();
  /** Hosts whose PCI devices are to be read again; until then the old ones count. */
  readonly #agedPci = new Set<string>();
  readonly #tasks = new Map<string, PropertyBag>();
  #entering: ReadonlySet<string> = new Set();
  #calendar: (hostId: string) => MaintenanceHorizon = calendarOf([]);
  #seen: Set<string> | undefined;
  /** Mapped forms, dropped when what they are made of changes. */
  readonly #mappedMachines = new Map<string, VirtualMachine>();
  readonly #mappedHosts = new Map<string, Host>();

  constructor(instanceUuid: string) {
    this.#instanceUuid = instanceUuid;
  }

  /** Maps one page of a scan; pages are small so that mapping never blocks for long. */
  mapScanned(page: readonly PropertyBag[]): [string, VirtualMachine][] {
    return page.map((bag) => {
      const mapped = mapIdentity(this.#instanceUuid, bag);
      const known = this.#scanned.get(bag.object.id);
      return [bag.object.id, isDeepStrictEqual(known, mapped) && known ? known : mapped];
    });
  }

  /** Takes over a complete scan of all virtual machines. */
  replaceScanned(scanned: Map<string, VirtualMachine>): void {
    this.#scanned = scanned;
  }

  /** Takes over a complete scan of all hosts; of followed hosts the watch knows better. */
  replaceHosts(bags: readonly PropertyBag[]): void {
    const present = new Set(bags.map(({ object }) => object.id));
    for (const id of this.#hosts.keys()) if (!present.has(id)) this.#setHost(id, undefined);
    for (const bag of bags) {
      const watched = this.#followedHosts.has(bag.object.id) && this.#hosts.has(bag.object.id);
      if (!watched) this.#setHost(bag.object.id, bag);
    }
  }

  /** Chooses the virtual machines whose details are kept; the rest falls back to what the scan saw. */
  follow(ids: ReadonlySet<string>): void {
    for (const [id, { bag }] of this.#followed) {
      if (ids.has(id)) continue;
      if (bag) this.#scanned.set(id, mapIdentity(this.#instanceUuid, bag));
      this.#followed.delete(id);
      this.#mappedMachines.delete(id);
    }
    for (const id of ids)
      if (!this.#followed.has(id)) this.#followed.set(id, { usage: unreadUsage });
  }

  /** The followed virtual machines and the hosts under them: what the watch should be about. */
  members(): Map<string, ManagedObject> {
    const members = new Map<string, ManagedObject>();
    this.#followedHosts.clear();
    for (const id of this.#followed.keys()) {
      members.set(id, { type: "VirtualMachine", id });
      const hostId = this.#hostIdOf(id);
      if (hostId === undefined) continue;
      members.set(hostId, { type: "HostSystem", id: hostId });
      this.#followedHosts.add(hostId);
    }
    return members;
  }

  get followedCount(): number {
    return this.#followed.size;
  }

  /** Announces that every object will be told anew; what is not told by `endFullRead` is gone. */
  beginFullRead(): void {
    this.#seen = new Set();
  }

  endFullRead(): void {
    const seen = this.#seen ?? new Set();
    this.#seen = undefined;
    for (const [id, { bag }] of this.#followed) if (bag && !seen.has(id)) this.#forgetMachine(id);
    for (const id of this.#tasks.keys()) if (!seen.has(id)) this.#tasks.delete(id);
    this.#rebuildCalendar();
  }

  /**
   * Applies what the watch told.
   * @returns whether the identity of a virtual machine changed, and whether a host's recent tasks did.
   */
  apply(changes: readonly ObjectChange[]): {
    readonly identities: boolean;
    readonly recentTasks: boolean;
  } {
    let identities = false;
    let recentTasks = false;
    let tasks = false;
    for (const change of changes) {
      if (change.kind === "enter") this.#seen?.add(change.object.id);
      switch (change.object.type) {
        case "VirtualMachine":
          identities = this.#applyMachine(change) || identities;
          break;
        case "HostSystem":
          this.#applyHost(change);
          recentTasks ||= taskSigns.some((path) => change.values.has(path));
          break;
        default:
          this.#applyTask(change);
          tasks = true;
      }
    }
    if (tasks) this.#rebuildCalendar();
    return { identities, recentTasks };
  }

  setUsage(bags: readonly PropertyBag[]): void {
    for (const bag of bags) {
      const followed = this.#followed.get(bag.object.id);
      if (!followed) continue;
      this.#followed.set(bag.object.id, { ...followed, usage: mapUsage(bag) });
      this.#mappedMachines.delete(bag.object.id);
    }
  }

  setEntering(entering: ReadonlySet<string>): void {
    for (const id of [...entering, ...this.#entering]) {
      if (entering.has(id) !== this.#entering.has(id)) this.#mappedHosts.delete(id);
    }
    this.#entering = entering;
  }

  /** Hosts whose PCI devices decide what a followed virtual machine has, and are not known or old. */
  hostsLackingPci(): ManagedObject[] {
    const ids = new Set<string>();
    for (const [id, { bag }] of this.#followed) {
      const hostId = this.#hostIdOf(id);
      if (hostId === undefined || !bag || !hasPassthrough(bag)) continue;
      if (!this.#hostPci.has(hostId) || this.#agedPci.has(hostId)) ids.add(hostId);
    }
    return [...ids].map((id) => ({ type: "HostSystem", id }));
  }

  setHostPci(bags: readonly PropertyBag[]): void {
    for (const { object, values, refused } of bags) {
      const known = refused.size > 0 ? "refused" : decodePciDevices(values.get(pciPath));
      this.#setPci(object.id, known);
    }
  }

  /** Records hosts whose PCI devices cannot be had. */
  refuseHostPci(hosts: readonly ManagedObject[]): void {
    for (const { id } of hosts) this.#setPci(id, "refused");
  }

  /** Lets PCI devices be read again: cards come and go with a reboot. */
  ageHostPci(): void {
    for (const id of this.#hostPci.keys()) this.#agedPci.add(id);
  }

  /** Every host as known now, by global id. */
  hosts(): Map<string, Host> {
    const hosts = new Map<string, Host>();
    for (const [id, bag] of this.#hosts) {
      const known = this.#mappedHosts.get(id);
      const host =
        known ?? mapHost(this.#instanceUuid, bag, this.#calendar(id), this.#entering.has(id));
      this.#mappedHosts.set(id, host);
      hosts.set(host.id, host);
    }
    return hosts;
  }

  /** Every virtual machine as known now: the followed ones with details, the others as the last scan saw them. */
  virtualMachines(): VirtualMachine[] {
    const machines: VirtualMachine[] = [];
    for (const [id, scanned] of this.#scanned) {
      const followed = this.#followed.get(id);
      machines.push(followed?.bag ? this.#machine(id, followed.bag, followed.usage) : scanned);
    }
    for (const [id, { bag, usage }] of this.#followed) {
      if (bag && !this.#scanned.has(id)) machines.push(this.#machine(id, bag, usage));
    }
    return machines;
  }

  #machine(id: string, bag: PropertyBag, usage: Usage): VirtualMachine {
    const known = this.#mappedMachines.get(id);
    if (known) return known;
    const hostId = readHostReference(bag)?.id;
    const pci = hostId === undefined ? undefined : this.#hostPci.get(hostId);
    const machine = mapVirtualMachine(this.#instanceUuid, bag, usage, pci);
    this.#mappedMachines.set(id, machine);
    return machine;
  }

  #applyMachine(change: ObjectChange): boolean {
    const { id } = change.object;
    const followed = this.#followed.get(id);
    if (!followed) return false;
    if (change.kind === "leave") {
      this.#forgetMachine(id);
      return true;
    }
    this.#followed.set(id, { ...followed, bag: withoutBallast(merge(followed.bag, change)) });
    this.#mappedMachines.delete(id);
    return changesIdentity(change);
  }

  /** It may come back: vCenter tells leave and enter when a machine is taken out of a view and put in again. */
  #forgetMachine(id: string): void {
    this.#followed.set(id, { usage: unreadUsage });
    this.#scanned.delete(id);
    this.#mappedMachines.delete(id);
  }

  #applyHost(change: ObjectChange): void {
    const { id } = change.object;
    if (change.kind !== "leave") this.#setHost(id, merge(this.#hosts.get(id), change));
    else if (this.#followedHosts.has(id)) this.#setHost(id, undefined);
  }

  #setHost(id: string, bag: PropertyBag | undefined): void {
    this.#mappedHosts.delete(id);
    if (bag) this.#hosts.set(id, bag);
    else this.#hosts.delete(id);
  }

  /** ScheduledTask, and ScheduledTaskManager, which says whether tasks may be seen. */
  #applyTask(change: ObjectChange): void {
    const { id } = change.object;
    if (change.kind === "leave") this.#tasks.delete(id);
    else this.#tasks.set(id, merge(this.#tasks.get(id), change));
  }

  #rebuildCalendar(): void {
    this.#calendar = calendarOf([...this.#tasks.values()].map(readTask));
    this.#mappedHosts.clear();
  }

  #setPci(hostId: string, pci: HostPci): void {
    this.#hostPci.set(hostId, pci);
    this.#agedPci.delete(hostId);
    for (const id of this.#followed.keys()) {
      if (this.#hostIdOf(id) === hostId) this.#mappedMachines.delete(id);
    }
  }

  /** The object id of the host under a followed virtual machine. */
  #hostIdOf(id: string): string | undefined {
    const bag = this.#followed.get(id)?.bag;
    if (bag) return readHostReference(bag)?.id;
    return this.#scanned.get(id)?.hostId?.slice(globalId(this.#instanceUuid, "").length);
  }
}

/** Paths that change when a task on a host begins or ends; the first of them need not be pushed by vCenter. */
const taskSigns = [recentTaskPath, "runtime.inMaintenanceMode"];

const identityChanging: ReadonlySet<string> = new Set([
  "name",
  "config.uuid",
  "guest.hostName",
  "runtime.powerState",
]);

function changesIdentity(change: ObjectChange): boolean {
  return [...change.values.keys()].some((path) => identityChanging.has(path));
}

function readTask(bag: PropertyBag): ScheduledTask {
  if (bag.object.type === "ScheduledTask") return decodeScheduledTask(bag);
  const fault = bag.refused.get(scheduledTasksPath) ?? bag.refused.values().next().value;
  if (fault === undefined) return { kind: "irrelevant" };
  const why = `vCenter answers ${fault} for its scheduled tasks: give the account the Read-only role at the root`;
  return { kind: "unreadable", why };
}

function hasPassthrough(bag: PropertyBag): boolean {
  const devices = bag.values.get(devicesPath);
  return devices !== undefined && needsHostPci(decodePassthroughDevices(devices));
}

/** Device lists are nearly all of the memory that bags of virtual machines take. */
function withoutBallast(bag: PropertyBag): PropertyBag {
  const devices = bag.values.get(devicesPath);
  if (devices === undefined) return bag;
  return { ...bag, values: new Map([...bag.values, [devicesPath, trimDevices(devices)]]) };
}

/** An `enter` tells everything; other changes tell what changed, and a path is either a value or refused. */
function merge(known: PropertyBag | undefined, change: ObjectChange): PropertyBag {
  const { object } = change;
  if (!known || change.kind === "enter")
    return { object, values: change.values, refused: change.refused };
  const refused = new Map([...known.refused].filter(([path]) => !change.values.has(path)));
  for (const [path, fault] of change.refused) refused.set(path, fault);
  const values = new Map([...known.values, ...change.values]);
  for (const path of change.refused.keys()) values.delete(path);
  return { object, values, refused };
}
