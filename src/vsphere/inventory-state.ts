/** Gathers what scans, watch and polls bring during one session, and makes immutable inventories of it. */
import { isDeepStrictEqual } from "node:util";
import type { Host, VirtualMachine } from "../selection/model.ts";
import type { Calendar } from "./calendar.ts";
import type { ManagedObject, ObjectChange, PropertyBag } from "./decode.ts";
import { needsHostCards, readLentDevices } from "./gpu-devices.ts";
import { type HostCards, readHostCards, unreadableCards } from "./host-cards.ts";
import {
  globalId,
  type HostSurroundings,
  mapHost,
  mapIdentity,
  mapUsage,
  mapVirtualMachine,
  readHostReference,
  type Usage,
  unreadUsage,
} from "./mapping.ts";
import { mergeChange } from "./merge-change.ts";
import { worthKeeping } from "./own-strings.ts";
import { isPlace, parentOf } from "./places.ts";
import { devicesPath, instanceUuidPath, parentPath, recentTaskPath } from "./properties.ts";
import type { RunningMaintenance } from "./recent-tasks.ts";
import { sameFields } from "./same-fields.ts";

/** A virtual machine that we follow; `bag` is absent until vCenter sent its details. */
interface Followed {
  readonly bag?: PropertyBag;
  /** It holds devices of which its host knows more. */
  readonly needsCards?: boolean;
  readonly usage: Usage;
}

/** Object ids here are those of one vCenter; those of the inventory carry its instanceUuid. */
export class InventoryState {
  readonly #vcenter: string;
  readonly #instanceUuid: string;
  /** By object id: every virtual machine, as the last scan saw it. */
  #scanned = new Map<string, VirtualMachine>();
  readonly #followed = new Map<string, Followed>();
  readonly #hosts = new Map<string, PropertyBag>();
  readonly #followedHosts = new Set<string>();
  /** Hosts that the watch tells of: what a scan saw of the others may be minutes old. */
  readonly #watchedHosts = new Set<string>();
  readonly #hostCards = new Map<string, HostCards>();
  /** Hosts whose cards are to be read again; until then the old ones count. */
  readonly #agedCards = new Set<string>();
  readonly #calendar: Calendar;
  #seen: Set<string> | undefined;
  /** Mapped forms, dropped when what they are made of changes. */
  readonly #mappedMachines = new Map<string, VirtualMachine>();
  readonly #mappedHosts = new Map<string, Host>();

  constructor(vcenter: string, instanceUuid: string, calendar: Calendar) {
    this.#vcenter = vcenter;
    this.#instanceUuid = instanceUuid;
    this.#calendar = calendar;
  }

  /** Maps one page of a scan; pages are small so that mapping never blocks for long. */
  mapScanned(page: readonly PropertyBag[]): [string, VirtualMachine][] {
    return page.map((bag) => {
      const kept = worthKeeping(bag);
      const mapped = mapIdentity(this.#instanceUuid, kept, this.#folderPathOf(kept));
      const known = this.#scanned.get(kept.object.id);
      return [kept.object.id, known && sameFields(known, mapped) ? known : mapped];
    });
  }

  /** Takes over a complete scan of all virtual machines. */
  replaceScanned(scanned: Map<string, VirtualMachine>): void {
    this.#scanned = scanned;
  }

  /** Looks at one page of a scan of hosts: taking over all of them in one go would block for long. */
  noteScannedHosts(page: readonly PropertyBag[]): void {
    for (const bag of page) this.#calendar.noteValues(worthKeeping(bag));
  }

  /** Takes over a complete scan of all hosts; of followed hosts the watch knows better. */
  replaceHosts(bags: readonly PropertyBag[]): void {
    const present = new Set(bags.map(({ object }) => object.id));
    for (const id of this.#hosts.keys()) if (!present.has(id)) this.#setHost(id, undefined);
    for (const bag of bags) {
      const watched = this.#followedHosts.has(bag.object.id) && this.#hosts.has(bag.object.id);
      if (!watched) this.#setHost(bag.object.id, worthKeeping(bag));
    }
  }

  /** Chooses the virtual machines whose details are kept; the rest falls back to what the scan saw. */
  follow(ids: ReadonlySet<string>): void {
    for (const [id, { bag }] of this.#followed) {
      if (ids.has(id)) continue;
      if (bag) this.#scanned.set(id, mapIdentity(this.#instanceUuid, bag, this.#folderPathOf(bag)));
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
    for (const id of this.#watchedHosts) if (!seen.has(id)) this.#watchedHosts.delete(id);
    this.#calendar.keep(seen);
    this.#mappedHosts.clear();
  }

  /**
   * Applies what the watch told.
   * @returns whether the identity of a virtual machine changed, and whether recent tasks of a host or cluster did.
   */
  apply(changes: readonly ObjectChange[]): {
    readonly identities: boolean;
    readonly recentTasks: boolean;
  } {
    let identities = false;
    let recentTasks = false;
    let calendar = false;
    let paths = false;
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
          calendar = this.#calendar.apply(change) || calendar;
          recentTasks ||= change.values.has(recentTaskPath);
          paths ||= changesPaths(change);
      }
    }
    if (calendar) this.#mappedHosts.clear();
    if (paths) this.#mappedMachines.clear();
    return { identities: identities || paths, recentTasks };
  }

  setUsage(bags: readonly PropertyBag[]): void {
    for (const bag of bags) {
      const followed = this.#followed.get(bag.object.id);
      if (!followed) continue;
      const usage = mapUsage(bag);
      this.#followed.set(bag.object.id, { ...followed, usage });
      this.#measure(bag.object.id, followed.usage, usage);
    }
  }

  /** Numbers move all the time: a machine is not mapped anew for them, unless others could be read than before. */
  #measure(id: string, before: Usage, { cpuDemandMhz, memoryUsedMib, refused }: Usage): void {
    const known = this.#mappedMachines.get(id);
    if (known === undefined) return;
    if (before.refused.join() !== refused.join()) this.#mappedMachines.delete(id);
    else if (before.cpuDemandMhz !== cpuDemandMhz || before.memoryUsedMib !== memoryUsedMib)
      this.#mappedMachines.set(id, { ...known, cpuDemandMhz, memoryUsedMib });
  }

  /** `asked` are the hosts and clusters whose recent tasks were read. */
  setRunning(running: RunningMaintenance, asked: ReadonlySet<string>): void {
    if (this.#calendar.setRunning(running, asked)) this.#mappedHosts.clear();
  }

  /** Whether vCenter has the maintenance attribute; undefined while that is unknown. */
  get isAttributeDefined(): boolean | undefined {
    return this.#calendar.isAttributeDefined;
  }

  /** Types of scheduled tasks that may take hosts down, or may not: nobody told us. */
  unknownTaskTypes(): readonly string[] {
    return this.#calendar.unknownTaskTypes();
  }

  /** There are custom attributes that were defined after we read their definitions. */
  lacksDefinitions(): boolean {
    return this.#calendar.lacksDefinitions();
  }

  setDefinitions(bags: readonly PropertyBag[]): void {
    for (const bag of bags) this.#calendar.setDefinitions(bag);
    this.#mappedHosts.clear();
  }

  /** Hosts whose cards say what a followed virtual machine has, and are not known or old. */
  hostsLackingCards(): ManagedObject[] {
    return [...this.#hostsOfCards()]
      .filter((id) => !this.#hostCards.has(id) || this.#agedCards.has(id))
      .map((id) => ({ type: "HostSystem", id }));
  }

  setHostCards(bags: readonly PropertyBag[]): void {
    this.#setCards(new Map(bags.map((bag) => [bag.object.id, readHostCards(worthKeeping(bag))])));
  }

  /** Records hosts whose cards cannot be had. */
  refuseHostCards(hosts: readonly ManagedObject[]): void {
    this.#setCards(new Map(hosts.map(({ id }) => [id, unreadableCards])));
  }

  /** Lets cards be read again, because they come and go with a reboot; those that nobody needs are forgotten. */
  ageHostCards(): void {
    const needed = this.#hostsOfCards();
    for (const id of this.#hostCards.keys()) {
      if (needed.has(id)) this.#agedCards.add(id);
      else this.#hostCards.delete(id);
    }
    for (const id of this.#agedCards) if (!needed.has(id)) this.#agedCards.delete(id);
  }

  /** Every host as known now, by global id. */
  hosts(): Map<string, Host> {
    const hosts = new Map<string, Host>();
    for (const [id, bag] of this.#hosts) {
      const known = this.#mappedHosts.get(id);
      const host = known ?? mapHost(this.#instanceUuid, bag, this.#surroundingsOf(bag));
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

  /** A host that the watch does not tell of yet may have begun anything since it was scanned. */
  #surroundingsOf(bag: PropertyBag): HostSurroundings {
    const around = this.#calendar.surroundings(bag);
    const unwatched = this.#watchedHosts.has(bag.object.id) ? [] : [recentTaskPath];
    const unreadable = [...unwatched, ...around.unreadable];
    return { vcenter: this.#vcenter, ...around, unreadable };
  }

  #machine(id: string, bag: PropertyBag, usage: Usage): VirtualMachine {
    const known = this.#mappedMachines.get(id);
    if (known) return known;
    const hostId = readHostReference(bag)?.id;
    const cards = hostId === undefined ? undefined : this.#hostCards.get(hostId);
    const path = this.#folderPathOf(bag);
    const machine = mapVirtualMachine(this.#instanceUuid, bag, usage, cards, path);
    this.#mappedMachines.set(id, machine);
    return machine;
  }

  /** The inventory path of the folder that a virtual machine is in; empty while it is unknown. */
  #folderPathOf(bag: PropertyBag): string {
    const folder = parentOf(bag);
    return (folder && this.#calendar.places.pathOf(folder)) ?? "";
  }

  #applyMachine(change: ObjectChange): boolean {
    const { id } = change.object;
    const followed = this.#followed.get(id);
    if (!followed) return false;
    if (change.kind === "leave") {
      this.#forgetMachine(id);
      return true;
    }
    const bag = mergeChange(followed.bag, worthKeeping(change));
    this.#followed.set(id, { ...followed, bag, needsCards: holdsCards(bag) });
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
    this.#mappedHosts.delete(id);
    if (change.kind === "leave") this.#watchedHosts.delete(id);
    else this.#watchedHosts.add(id);
    if (change.kind !== "leave")
      this.#setHost(id, mergeChange(this.#hosts.get(id), worthKeeping(change)));
    else if (this.#followedHosts.has(id)) this.#setHost(id, undefined);
  }

  #setHost(id: string, bag: PropertyBag | undefined): void {
    this.#mappedHosts.delete(id);
    if (bag) {
      this.#hosts.set(id, bag);
      this.#calendar.noteValues(bag);
    } else this.#hosts.delete(id);
  }

  #setCards(read: ReadonlyMap<string, HostCards>): void {
    const changed = new Set<string>();
    for (const [id, cards] of read) {
      this.#agedCards.delete(id);
      if (isDeepStrictEqual(this.#hostCards.get(id), cards)) continue;
      this.#hostCards.set(id, cards);
      changed.add(id);
    }
    if (changed.size === 0) return;
    for (const id of this.#followed.keys()) {
      if (changed.has(this.#hostIdOf(id) ?? "")) this.#mappedMachines.delete(id);
    }
  }

  /** The hosts whose cards say what a followed virtual machine has. */
  #hostsOfCards(): Set<string> {
    const ids = new Set<string>();
    for (const [id, followed] of this.#followed) {
      const hostId = followed.needsCards ? this.#hostIdOf(id) : undefined;
      if (hostId !== undefined) ids.add(hostId);
    }
    return ids;
  }

  /** The object id of the host under a followed virtual machine. */
  #hostIdOf(id: string): string | undefined {
    const bag = this.#followed.get(id)?.bag;
    if (bag) return readHostReference(bag)?.id;
    return this.#scanned.get(id)?.hostId?.slice(globalId(this.#instanceUuid, "").length);
  }
}

/**
 * Paths that change when a task on a host begins or ends, or when other tasks matter for it because it got to another
 * cluster; the first of them need not be pushed by vCenter.
 */
const taskSigns = [recentTaskPath, "runtime.inMaintenanceMode", parentPath];

const identityChanging: ReadonlySet<string> = new Set([
  "name",
  parentPath,
  "config.uuid",
  instanceUuidPath,
  "guest.hostName",
  "runtime.powerState",
]);

function changesIdentity(change: ObjectChange): boolean {
  return [...change.values.keys()].some((path) => identityChanging.has(path));
}

/** The inventory paths of virtual machines go through it. */
function changesPaths({ kind, object, values }: ObjectChange): boolean {
  if (!isPlace(object)) return false;
  return kind !== "modify" || values.has("name") || values.has(parentPath);
}

function holdsCards(bag: PropertyBag): boolean {
  const devices = readLentDevices(bag.values.get(devicesPath));
  return devices !== undefined && needsHostCards(devices);
}
