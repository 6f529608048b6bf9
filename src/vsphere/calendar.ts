/** Knows of every host where it stands and which maintenance is coming, from all that vCenter tells about either. */
import { isDeepStrictEqual } from "node:util";
import type { MaintenanceHorizon } from "../selection/model.ts";
import { joinHorizons, noMaintenance } from "../selection/windows.ts";
import { type AttributeDefinitions, decodeDefinitions, valuesOf } from "./custom-attributes.ts";
import type { ManagedObject, ObjectChange, PropertyBag } from "./decode.ts";
import type { HostSurroundings } from "./mapping.ts";
import { mergeChange } from "./merge-change.ts";
import {
  type Ancestry,
  clusterIn,
  isComputeResource,
  isPlace,
  Places,
  parentOf,
} from "./places.ts";
import { parentPath, recentTaskPath } from "./properties.ts";
import type { RunningMaintenance } from "./recent-tasks.ts";
import { Schedule } from "./schedule.ts";
import {
  decodeScheduledTask,
  decodeTaskManager,
  extensionTaskType,
  type ScheduledTask,
} from "./scheduled-tasks.ts";
import { TaskTypes } from "./task-types.ts";
import { idInWords, nameInWords } from "./words.ts";
import { writtenMaintenance } from "./written-maintenance.ts";
import { WrittenTexts } from "./written-texts.ts";

export interface CalendarOptions {
  readonly rootFolder: ManagedObject;
  /** Name of the custom attribute that holds maintenance windows. */
  readonly maintenanceAttribute: string;
  /** Which tasks take hosts down; those of vSphere where absent. */
  readonly taskTypes?: TaskTypes;
}

const unread: AttributeDefinitions = {
  kind: "unknown",
  why: "vCenter's custom attributes were not read yet",
};

/** Object ids here are those of one vCenter. */
export class Calendar {
  readonly places: Places;
  readonly #attribute: string;
  readonly #taskTypes: TaskTypes;
  readonly #texts = new WrittenTexts();
  /** Scheduled tasks and their manager. */
  readonly #tasks = new Map<string, PropertyBag>();
  #fields: PropertyBag | undefined;
  #schedule: Schedule | undefined;
  #definitions: AttributeDefinitions = unread;
  /** Under which the attribute was ever defined in this session. */
  readonly #everKeys = new Set<number>();
  #formerKeys: ReadonlySet<number> = new Set();
  /** Keys of values of which we do not know what attribute they belong to. */
  readonly #undefinedKeys = new Set<number>();
  readonly #lostKeys = new Set<number>();
  #running: RunningMaintenance = new Map();
  /** Hosts and clusters whose recent tasks were read. */
  #asked: ReadonlySet<string> = new Set();

  constructor({ rootFolder, maintenanceAttribute, taskTypes = new TaskTypes() }: CalendarOptions) {
    this.places = new Places(rootFolder);
    this.#attribute = maintenanceAttribute;
    this.#taskTypes = taskTypes;
  }

  /** Whether vCenter has the attribute; undefined while that is unknown. */
  get isAttributeDefined(): boolean | undefined {
    return this.#definitions.kind === "known" ? this.#definitions.keys.size > 0 : undefined;
  }

  /** Scheduled tasks of extensions on hosts, or above hosts, of which nobody told us what they do to them. */
  unknownTaskTypes(): readonly string[] {
    const types = [...this.#tasks.values()].flatMap((task) => extensionTaskType(task) ?? []);
    return types.filter((type) => this.#taskTypes.isUnknown(type));
  }

  /**
   * Takes over a change of anything but hosts and virtual machines.
   * @returns whether the surroundings of hosts may differ.
   */
  apply(change: ObjectChange): boolean {
    if (tellsTasksOnly(change)) return false;
    if (change.object.type === "CustomFieldsManager") this.#applyDefinitions(change);
    else if (isPlace(change.object)) this.#applyPlace(change);
    else this.#applyTask(change);
    return true;
  }

  /** Forgets places and tasks that are not among these. */
  keep(ids: ReadonlySet<string>): void {
    this.places.keep(ids);
    for (const id of this.#tasks.keys()) if (!ids.has(id)) this.#tasks.delete(id);
    this.#schedule = undefined;
  }

  /**
   * `asked` are the hosts and clusters whose recent tasks were read: nobody else is believed to have none.
   * @returns whether anything differs.
   */
  setRunning(running: RunningMaintenance, asked: ReadonlySet<string>): boolean {
    if (isDeepStrictEqual(asked, this.#asked) && isDeepStrictEqual(running, this.#running))
      return false;
    this.#running = running;
    this.#asked = asked;
    return true;
  }

  /**
   * Looks at the values of an object's attributes as it arrives. Some may be of attributes that were defined after we
   * read the definitions: vCenter need not push those. Texts are read now, because all at once takes too long.
   */
  noteValues(bag: PropertyBag): void {
    if (this.#definitions.kind === "unknown") return;
    const { keys, allKeys } = this.#definitions;
    for (const { key, text } of valuesOf(bag)) {
      if (keys.has(key)) this.#texts.read(text);
      else if (!allKeys.has(key) && !this.#lostKeys.has(key)) this.#undefinedKeys.add(key);
    }
  }

  /** There are values whose definitions are to be read. */
  lacksDefinitions(): boolean {
    return this.#undefinedKeys.size > 0;
  }

  /** Takes over definitions that were read on purpose; keys that are still not defined are not asked for again. */
  setDefinitions(bag: PropertyBag): void {
    this.#setDefinitions(bag);
    for (const key of this.#undefinedKeys) this.#lostKeys.add(key);
    this.#undefinedKeys.clear();
  }

  /** What is around a host, and what is coming for it. */
  surroundings(host: PropertyBag): Omit<HostSurroundings, "vcenter"> {
    const ancestry = this.places.above(parentOf(host));
    const { places, hidden } = ancestry;
    const ids = new Set([host, ...places].map(({ object }) => object.id));
    if (hidden) ids.add(hidden.id);
    const running = joinHorizons([...ids].map((id) => this.#running.get(id) ?? noMaintenance));
    return {
      cluster: clusterIn(ancestry) ?? "",
      entering: running.windows.length > 0,
      unreadable: [
        ...(running.kind === "unknown" || !this.#wasAsked(host, places) ? [recentTaskPath] : []),
        ...(isComputeResource(places[0]) ? [] : [parentPath]),
      ],
      horizon: joinHorizons([
        running,
        this.#currentSchedule().horizonOf(ids),
        writtenMaintenance(host, ancestry, {
          name: this.#attribute,
          definitions: this.#definitions,
          formerKeys: this.#formerKeys,
          texts: this.#texts,
        }),
        hiddenMaintenance(host, ancestry),
      ]),
    };
  }

  /** A task that runs on the host, or on its cluster, would be known. */
  #wasAsked(host: PropertyBag, [nearest]: Ancestry["places"]): boolean {
    if (!this.#asked.has(host.object.id)) return false;
    return !nearest || !isComputeResource(nearest) || this.#asked.has(nearest.object.id);
  }

  #applyDefinitions(change: ObjectChange): void {
    if (change.kind === "leave") this.#definitions = unread;
    else this.#setDefinitions(mergeChange(this.#fields, change));
  }

  #setDefinitions(bag: PropertyBag): void {
    this.#fields = bag;
    this.#definitions = decodeDefinitions(bag, this.#attribute);
    if (this.#definitions.kind === "unknown") return;
    const { keys, allKeys } = this.#definitions;
    for (const key of allKeys) this.#undefinedKeys.delete(key);
    for (const key of keys) this.#everKeys.add(key);
    this.#formerKeys = new Set([...this.#everKeys].filter((key) => !keys.has(key)));
  }

  #applyPlace(change: ObjectChange): void {
    this.places.apply(change);
    if (change.kind !== "leave") this.noteValues(change);
  }

  #applyTask(change: ObjectChange): void {
    const { id } = change.object;
    this.#schedule = undefined;
    if (change.kind === "leave") this.#tasks.delete(id);
    else this.#tasks.set(id, mergeChange(this.#tasks.get(id), change));
  }

  #currentSchedule(): Schedule {
    this.#schedule ??= new Schedule(readTasks([...this.#tasks.values()], this.#taskTypes));
    return this.#schedule;
  }
}

/** Tasks and attributes of what we are not shown could go unnoticed, and a MaintenanceWindow of a cluster without a name. */
function hiddenMaintenance(host: PropertyBag, ancestry: Ancestry): MaintenanceHorizon {
  const what = whatIsHidden(host, ancestry);
  if (what === undefined) return noMaintenance;
  const why = `vCenter does not show ${what}, which may have maintenance: give the account the Read-only role at the root, propagated`;
  return { kind: "unknown", why, windows: [] };
}

function whatIsHidden(host: PropertyBag, ancestry: Ancestry): string | undefined {
  const { places, hidden, complete } = ancestry;
  const [nearest = host] = places;
  const top = places.at(-1) ?? host;
  if (!complete) return `${hidden ? idInWords(hidden) : "what is"} above ${nameInWords(top)}`;
  return clusterIn(ancestry) === undefined ? `the name of ${nameInWords(nearest)}` : undefined;
}

function readTasks(bags: readonly PropertyBag[], types: TaskTypes): ScheduledTask[] {
  const manager = bags.find(({ object }) => object.type === "ScheduledTaskManager");
  const tasks = bags.filter(({ object }) => object.type === "ScheduledTask");
  return [decodeTaskManager(manager), ...tasks.map((task) => decodeScheduledTask(task, types))];
}

/** Which tasks run on a cluster is not kept: that they changed is a sign to read them. */
function tellsTasksOnly({ kind, values, refused }: ObjectChange): boolean {
  return (
    kind === "modify" &&
    [...values.keys(), ...refused.keys()].every((path) => path === recentTaskPath)
  );
}
