/** Reads vCenter's scheduled tasks one by one: which of them take hosts down, and when. */
import type { MaintenanceWindow } from "../selection/model.ts";
import {
  childOf,
  type ManagedObject,
  type PropertyBag,
  readBoolean,
  readReference,
  readString,
  readTime,
  typeOf,
} from "./decode.ts";
import { protocolError } from "./errors.ts";
import { orUndefined } from "./or-undefined.ts";
import { isPlace } from "./places.ts";
import { scheduledTasksPath } from "./properties.ts";
import { TaskTypes } from "./task-types.ts";
import { cut } from "./words.ts";

/** What one scheduled task means for its targets: a host, or a place and all hosts below it. */
export type ScheduledTask =
  /** Nothing: it is disabled, has no next run, or does something else. */
  | { readonly kind: "irrelevant" }
  | {
      readonly kind: "maintenance";
      readonly targets: readonly ManagedObject[];
      readonly window: MaintenanceWindow;
    }
  | {
      readonly kind: "unreadable";
      /** Absent where it may concern anything. */
      readonly targets?: readonly ManagedObject[];
      readonly why: string;
    };

/** Methods that take a host down. */
const maintenanceMethods: ReadonlySet<string> = new Set([
  "EnterMaintenanceMode_Task",
  "RebootHost_Task",
  "ShutdownHost_Task",
  "PowerDownHostToStandBy_Task",
]);

/** Reads one scheduled task. What is refused, or has an unknown form, matters only where the rest does not settle it. */
export function decodeScheduledTask(bag: PropertyBag, types = new TaskTypes()): ScheduledTask {
  const enabled = read(bag, "info.enabled", isEnabled);
  const startsAt = read(bag, "info.nextRunTime", readNextRun);
  const action = read(bag, "info.action", (value) => takesHostDown(value, types));
  const isHarmless = says(enabled, false) || says(startsAt, undefined) || says(action, false);
  if (isHarmless) return { kind: "irrelevant" };
  const entity = read(bag, "info.entity", readTarget);
  const object = read(bag, "info.taskObject", readTarget);
  if (!entity.ok) return { kind: "unreadable", why: entity.why };
  if (!object.ok) return { kind: "unreadable", why: object.why };
  const targets = unique([entity.value, object.value]);
  if (targets.length === 0) return { kind: "unreadable", why: `${inWords(bag)} has no entity` };
  if (!enabled.ok) return { kind: "unreadable", targets, why: enabled.why };
  if (!action.ok) return { kind: "unreadable", targets, why: action.why };
  if (!startsAt.ok) return { kind: "unreadable", targets, why: startsAt.why };
  const description = nameOf(bag) || inWords(bag);
  const window = { startsAt: startsAt.value ?? 0, source: "scheduledTask", description } as const;
  return { kind: "maintenance", targets, window };
}

/** The task type of an extension that a scheduled task will start on a host or on something that may be above one. */
export function extensionTaskType(bag: PropertyBag): string | undefined {
  const enabled = read(bag, "info.enabled", isEnabled);
  const startsAt = read(bag, "info.nextRunTime", readNextRun);
  if (says(enabled, false) || says(startsAt, undefined)) return undefined;
  const targets = ["info.entity", "info.taskObject"].map((path) => read(bag, path, readTarget));
  const isOnHosts = targets.some(
    (target) => target.ok && target.value && mayConcernHosts(target.value),
  );
  if (!isOnHosts) return undefined;
  const type = read(bag, "info.action", taskTypeOf);
  return type.ok ? type.value : undefined;
}

/** Reads the ScheduledTaskManager, which says whether tasks may be seen at all; absent while vCenter did not tell of it. */
export function decodeTaskManager(bag: PropertyBag | undefined): ScheduledTask {
  if (!bag) return { kind: "unreadable", why: "vCenter's scheduled tasks were not read yet" };
  const fault = bag.refused.get(scheduledTasksPath) ?? bag.refused.values().next().value;
  if (fault === undefined) return { kind: "irrelevant" };
  const why = `vCenter answers ${fault} for its scheduled tasks: give the account the Read-only role at the root`;
  return { kind: "unreadable", why };
}

/** A value, or why there is none. */
type Reading<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly why: string };

function read<Value>(
  bag: PropertyBag,
  path: string,
  decode: (value: unknown, path: string) => Value,
): Reading<Value> {
  const fault = bag.refused.get(path) ?? bag.refused.get("*");
  if (fault !== undefined)
    return { ok: false, why: `vCenter answers ${fault} for ${path} of ${inWords(bag)}` };
  const value = orUndefined(() => ({
    ok: true as const,
    value: decode(bag.values.get(path), path),
  }));
  return value ?? { ok: false, why: `${path} of ${inWords(bag)} has an unknown form` };
}

function says<Value>(reading: Reading<Value>, value: Value): boolean {
  return reading.ok && reading.value === value;
}

function isEnabled(value: unknown, path: string): boolean {
  return value === undefined || readBoolean(value, path);
}

function readNextRun(value: unknown, path: string): number | undefined {
  return value === undefined ? undefined : readTime(value, path);
}

/** vCenter tells what a task is about in two places, which need not both be set. */
function readTarget(value: unknown, path: string): ManagedObject | undefined {
  return value === undefined ? undefined : readReference(value, path);
}

function mayConcernHosts(object: ManagedObject): boolean {
  return object.type === "HostSystem" || isPlace(object);
}

function taskTypeOf(action: unknown): string | undefined {
  if (typeOf(action) !== "CreateTaskAction") return undefined;
  return readString(childOf(action, "taskTypeId"), "action.taskTypeId");
}

function takesHostDown(action: unknown, types: TaskTypes): boolean {
  if (action === undefined) return false;
  switch (typeOf(action)) {
    case "MethodAction":
      return maintenanceMethods.has(readString(childOf(action, "name"), "action.name"));
    case "CreateTaskAction":
      return types.scheduled.has(taskTypeOf(action) ?? "");
    case "":
      throw protocolError("UnexpectedValue", "info.action: wanted a type, found none");
    default:
      return false;
  }
}

function unique(targets: readonly (ManagedObject | undefined)[]): ManagedObject[] {
  const known = targets.filter((target) => target !== undefined);
  return [...new Map(known.map((target) => [target.id, target])).values()];
}

function inWords(bag: PropertyBag): string {
  const name = nameOf(bag);
  return `scheduled task ${bag.object.id}${name ? ` (${name})` : ""}`;
}

/** Empty where it cannot be read. */
function nameOf(bag: PropertyBag): string {
  const name = orUndefined(() => readString(bag.values.get("info.name"), "info.name"));
  return cut(name ?? "", 80);
}
