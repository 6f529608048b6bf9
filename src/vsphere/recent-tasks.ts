/** Tells from the tasks that run on hosts and clusters which of them take hosts down; no property of the host says so. */
import type { MaintenanceHorizon, MaintenanceWindow } from "../selection/model.ts";
import { mergeWindows } from "../selection/windows.ts";
import { type PropertyBag, readList, readReference, readString, readTime } from "./decode.ts";
import { orUndefined } from "./or-undefined.ts";
import { recentTaskPath } from "./properties.ts";
import { nameInWords } from "./words.ts";

/** Running maintenance by the id of the host or cluster that it runs on; those without any are not in it. */
export type RunningMaintenance = ReadonlyMap<string, MaintenanceHorizon>;

/** Tasks that end with virtual machines stopped or moved on a host, with the words of the vSphere Client for them. */
const takingHostDown: ReadonlyMap<string, string> = new Map([
  ["HostSystem.enterMaintenanceMode", "Enter maintenance mode"],
  ["Drm.TrackEnterMaintenanceLro", "Enter maintenance mode"],
  ["ClusterComputeResource.enterMaintenanceMode", "Enter maintenance mode"],
  ["HostSystem.enterStandbyMode", "Enter standby mode"],
  ["Drm.EnterStandbyLRO", "Enter standby mode"],
  ["HostSystem.reboot", "Reboot host"],
  ["HostSystem.shutdown", "Shut down host"],
  ["com.vmware.vcIntegrity.RemediateTask", "Remediate"],
]);

/** The same on a cluster: not what DRS does there for one of its hosts, which shows on that host. */
const takingClusterDown: ReadonlyMap<string, string> = new Map([
  ["ClusterComputeResource.enterMaintenanceMode", "Enter maintenance mode"],
  ["com.vmware.vcIntegrity.RemediateTask", "Remediate"],
]);

/** `bags` are hosts and clusters with `recentTask`, and tasks; `now` in milliseconds stands for a time that vCenter does not tell. */
export function runningMaintenance(bags: readonly PropertyBag[], now: number): RunningMaintenance {
  const tasks = new Map(bags.filter(isTask).map((bag) => [bag.object.id, bag]));
  const running = new Map<string, MaintenanceHorizon>();
  for (const entity of bags.filter((bag) => !isTask(bag))) {
    const horizon = horizonOf(entity, tasks, now);
    if (horizon) running.set(entity.object.id, horizon);
  }
  return running;
}

function horizonOf(
  entity: PropertyBag,
  tasks: ReadonlyMap<string, PropertyBag>,
  now: number,
): MaintenanceHorizon | undefined {
  const fault = entity.refused.get(recentTaskPath) ?? entity.refused.get("*");
  if (fault !== undefined)
    return unknown(`vCenter answers ${fault} for the recent tasks of ${nameInWords(entity)}`, []);
  const ids = taskIds(entity);
  if (!ids) return unknown(`the recent tasks of ${nameInWords(entity)} have an unknown form`, []);
  const takingDown = entity.object.type === "HostSystem" ? takingHostDown : takingClusterDown;
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
  takingDown: ReadonlyMap<string, string>,
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
