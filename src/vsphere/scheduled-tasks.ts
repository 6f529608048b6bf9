/** Reads vCenter's scheduled tasks as a calendar: which host goes down when. */
import type { MaintenanceHorizon, MaintenanceWindow } from "../selection/model.ts";
import {
  childOf,
  type PropertyBag,
  readBoolean,
  readReference,
  readString,
  readTime,
  typeOf,
} from "./decode.ts";

/** What one scheduled task means for hosts. */
export type ScheduledTask =
  /** Nothing: it is disabled, has no next run, or does something else. */
  | { readonly kind: "irrelevant" }
  | {
      readonly kind: "maintenance";
      readonly hostIds: readonly string[];
      readonly window: MaintenanceWindow;
    }
  /** It may be maintenance of any host. */
  | { readonly kind: "unreadable"; readonly why: string };

/** Methods that take a host down. */
const maintenanceMethods: ReadonlySet<string> = new Set([
  "EnterMaintenanceMode_Task",
  "RebootHost_Task",
  "ShutdownHost_Task",
  "PowerDownHostToStandBy_Task",
]);

/** Extension tasks that take a host down: remediation by Lifecycle Manager baselines. */
const maintenanceTaskTypes: ReadonlySet<string> = new Set(["com.vmware.vcIntegrity.RemediateTask"]);

/** Reads one scheduled task; host ids are bare object ids. */
export function decodeScheduledTask(bag: PropertyBag): ScheduledTask {
  const [refused] = bag.refused;
  if (refused) {
    const [path, fault] = refused;
    return {
      kind: "unreadable",
      why: `vCenter answers ${fault} for ${path} of scheduled task ${bag.object.id}`,
    };
  }
  const startsAt = bag.values.get("info.nextRunTime");
  if (startsAt === undefined || !isEnabled(bag) || !takesHostDown(bag.values.get("info.action"))) {
    return { kind: "irrelevant" };
  }
  return {
    kind: "maintenance",
    hostIds: hostIds(bag),
    window: {
      startsAt: readTime(startsAt, "info.nextRunTime"),
      source: "scheduledTask",
      description: readString(bag.values.get("info.name") ?? "", "info.name"),
    },
  };
}

/** What is coming for each host, from all scheduled tasks; windows in the order in which they start. */
export function calendarOf(tasks: Iterable<ScheduledTask>): (hostId: string) => MaintenanceHorizon {
  const windows = new Map<string, MaintenanceWindow[]>();
  for (const task of tasks) {
    if (task.kind === "unreadable") return () => ({ kind: "unknown", why: task.why });
    if (task.kind === "irrelevant") continue;
    for (const hostId of task.hostIds)
      windows.set(hostId, [...(windows.get(hostId) ?? []), task.window]);
  }
  return (hostId) => ({ kind: "known", windows: (windows.get(hostId) ?? []).toSorted(byStart) });
}

function byStart(a: MaintenanceWindow, b: MaintenanceWindow): number {
  return a.startsAt - b.startsAt || (a.description < b.description ? -1 : 1);
}

function isEnabled(bag: PropertyBag): boolean {
  const enabled = bag.values.get("info.enabled");
  return enabled === undefined || readBoolean(enabled, "info.enabled");
}

function takesHostDown(action: unknown): boolean {
  switch (typeOf(action)) {
    case "MethodAction":
      return maintenanceMethods.has(readString(childOf(action, "name"), "action.name"));
    case "CreateTaskAction":
      return maintenanceTaskTypes.has(
        readString(childOf(action, "taskTypeId"), "action.taskTypeId"),
      );
    default:
      return false;
  }
}

function hostIds(bag: PropertyBag): string[] {
  const targets = ["info.entity", "info.taskObject"].flatMap((path) => {
    const value = bag.values.get(path);
    return value === undefined ? [] : [readReference(value, path)];
  });
  return [...new Set(targets.filter(({ type }) => type === "HostSystem").map(({ id }) => id))];
}
