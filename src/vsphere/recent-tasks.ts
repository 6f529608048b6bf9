/** Tells from the tasks that run on hosts and clusters which of them take hosts down; no property of the host says so. */
import type { MaintenanceHorizon, MaintenanceWindow } from "../selection/model.ts";
import { mergeWindows } from "../selection/windows.ts";
import { type PropertyBag, readList, readReference, readString, readTime } from "./decode.ts";
import { orUndefined } from "./or-undefined.ts";
import { recentTaskPath } from "./properties.ts";
import { TaskTypes, type TaskWords } from "./task-types.ts";
import { nameInWords } from "./words.ts";

/** Running maintenance by the id of the host or cluster that it runs on; those without any are not in it. */
export type RunningMaintenance = ReadonlyMap<string, MaintenanceHorizon>;

/** `bags` are hosts and clusters with `recentTask`, and tasks; `now` in milliseconds stands for a time that vCenter does not tell. */
export function runningMaintenance(
  bags: readonly PropertyBag[],
  now: number,
  types = new TaskTypes(),
): RunningMaintenance {
  const tasks = new Map(bags.filter(isTask).map((bag) => [bag.object.id, bag]));
  const running = new Map<string, MaintenanceHorizon>();
  for (const entity of bags.filter((bag) => !isTask(bag))) {
    const takingDown = entity.object.type === "HostSystem" ? types.onHosts : types.onClusters;
    const horizon = horizonOf(entity, tasks, takingDown, now);
    if (horizon) running.set(entity.object.id, horizon);
  }
  return running;
}

/** The hosts and clusters that told of their tasks, if only that they may not be seen. */
export function askedFor(bags: readonly PropertyBag[]): ReadonlySet<string> {
  return new Set(bags.filter((bag) => !isTask(bag)).map(({ object }) => object.id));
}

/** What the tasks among these do, of those that run or wait to run. */
export function descriptionIdsOf(bags: readonly PropertyBag[]): readonly string[] {
  const tasks = bags.filter((bag) => isTask(bag) && !isOver(bag));
  return tasks.flatMap((task) => textIn(task, "info.descriptionId") ?? []);
}

function horizonOf(
  entity: PropertyBag,
  tasks: ReadonlyMap<string, PropertyBag>,
  takingDown: TaskWords,
  now: number,
): MaintenanceHorizon | undefined {
  const fault = entity.refused.get(recentTaskPath) ?? entity.refused.get("*");
  if (fault !== undefined)
    return unknown(`vCenter answers ${fault} for the recent tasks of ${nameInWords(entity)}`, []);
  const ids = taskIds(entity);
  if (!ids) return unknown(`the recent tasks of ${nameInWords(entity)} have an unknown form`, []);
  const found = ids.flatMap((id) => meaningOf(tasks.get(id), takingDown, now) ?? []);
  const windows = mergeWindows(found.filter((meaning) => typeof meaning !== "string"));
  const why = found.find((meaning) => typeof meaning === "string");
  if (why !== undefined) return unknown(`${why}, on ${nameInWords(entity)}`, windows);
  return windows.length > 0 ? { kind: "known", windows } : undefined;
}

function unknown(why: string, windows: readonly MaintenanceWindow[]): MaintenanceHorizon {
  return { kind: "unknown", why, windows };
}

/** A window, why there may be one, or nothing. A task that is gone has ended. */
function meaningOf(
  task: PropertyBag | undefined,
  takingDown: TaskWords,
  now: number,
): MaintenanceWindow | string | undefined {
  if (!task || isOver(task)) return undefined;
  const descriptionId = textIn(task, "info.descriptionId");
  const words = takingDown.get(descriptionId ?? "");
  if (descriptionId !== undefined && words === undefined) return undefined;
  const refused = whyRefused(task);
  if (refused !== undefined) return refused;
  if (words === undefined) return `task ${task.object.id} does not say what it does`;
  const startsAt = queuedAt(task) ?? now;
  return { startsAt, source: "runningTask", description: `${words} (running)` };
}

function whyRefused({ object, refused }: PropertyBag): string | undefined {
  const path = ["info.descriptionId", "info.state", "*"].find((candidate) =>
    refused.has(candidate),
  );
  return path && `vCenter answers ${refused.get(path)} for ${path} of task ${object.id}`;
}

function isTask({ object }: PropertyBag): boolean {
  return object.type === "Task";
}

/** Queued counts as running. */
function isOver(task: PropertyBag): boolean {
  const state = textIn(task, "info.state");
  return state === "success" || state === "error";
}

function textIn(task: PropertyBag, path: string): string | undefined {
  return orUndefined(() => readString(task.values.get(path), path));
}

function queuedAt(task: PropertyBag): number | undefined {
  return orUndefined(() => readTime(task.values.get("info.queueTime"), "info.queueTime"));
}

function taskIds(entity: PropertyBag): string[] | undefined {
  return orUndefined(() => {
    const value = entity.values.get(recentTaskPath);
    const tasks = readList(value, "ManagedObjectReference", recentTaskPath);
    return tasks.map((task) => readReference(task, recentTaskPath).id);
  });
}
