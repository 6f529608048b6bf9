/** Tells from the tasks that run on hosts which of them are on their way into maintenance; no property of the host says so. */
import type { PropertyBag } from "./decode.ts";
import { readList, readReference, readString } from "./decode.ts";
import { recentTaskPath } from "./properties.ts";

/** Tasks that end with the host's virtual machines stopped or moved. */
const enteringTasks: ReadonlySet<string> = new Set([
  "HostSystem.enterMaintenanceMode",
  "Drm.TrackEnterMaintenanceLro",
  "ClusterComputeResource.enterMaintenanceMode",
  "HostSystem.reboot",
  "HostSystem.shutdown",
  "com.vmware.vcIntegrity.RemediateTask",
]);

/** The ids of hosts with such a task running or waiting to run. `bags` are hosts with `recentTask`, and tasks. */
export function hostsEntering(bags: readonly PropertyBag[]): ReadonlySet<string> {
  const running = new Set(bags.filter(isEntering).map(({ object }) => object.id));
  const hosts = bags.filter(({ object }) => object.type === "HostSystem");
  return new Set(
    hosts
      .filter((host) => taskIds(host).some((id) => running.has(id)))
      .map(({ object }) => object.id),
  );
}

function isEntering(bag: PropertyBag): boolean {
  if (bag.object.type !== "Task") return false;
  const state = readString(bag.values.get("info.state") ?? "", "info.state");
  const description = readString(bag.values.get("info.descriptionId") ?? "", "info.descriptionId");
  return (state === "running" || state === "queued") && enteringTasks.has(description);
}

function taskIds(host: PropertyBag): string[] {
  const tasks = readList(host.values.get(recentTaskPath), "ManagedObjectReference", recentTaskPath);
  return tasks.map((task) => readReference(task, recentTaskPath).id);
}
