/** The kinds of tasks that take a host down: those of vSphere itself, and those of extensions that a site adds. */

/** Words of the vSphere Client for a task, by its `descriptionId`. */
export type TaskWords = ReadonlyMap<string, string>;

/** Remediation by Lifecycle Manager baselines; of extensions the only one that is known everywhere. */
const remediate = "com.vmware.vcIntegrity.RemediateTask";

const onHosts: TaskWords = new Map([
  ["HostSystem.enterMaintenanceMode", "Enter maintenance mode"],
  ["Drm.TrackEnterMaintenanceLro", "Enter maintenance mode"],
  ["ClusterComputeResource.enterMaintenanceMode", "Enter maintenance mode"],
  ["HostSystem.enterStandbyMode", "Enter standby mode"],
  ["Drm.EnterStandbyLRO", "Enter standby mode"],
  ["HostSystem.reboot", "Reboot host"],
  ["HostSystem.shutdown", "Shut down host"],
  [remediate, "Remediate"],
]);

/** The same on a cluster: not what DRS does there for one of its hosts, which shows on that host. */
const onClusters: TaskWords = new Map([
  ["ClusterComputeResource.enterMaintenanceMode", "Enter maintenance mode"],
  [remediate, "Remediate"],
]);

/** Known to leave hosts up. */
const harmless: ReadonlySet<string> = new Set(["com.vmware.vcIntegrity.ScanTask"]);

export class TaskTypes {
  /** Task types of extensions, for scheduled tasks. */
  readonly scheduled: ReadonlySet<string>;
  /** Tasks that end with virtual machines stopped or moved on a host. */
  readonly onHosts: TaskWords;
  readonly onClusters: TaskWords;

  /** @param more what the site adds, such as `com.dell.omevv.FirmwareUpdate` */
  constructor(more: readonly string[] = []) {
    this.scheduled = new Set([remediate, ...more]);
    const added = more.map((type) => [type, type] as const);
    this.onHosts = new Map([...added, ...onHosts]);
    this.onClusters = new Map([...added, ...onClusters]);
  }

  /** True for the task of an extension of which nobody told us whether it takes hosts down. */
  isUnknown(type: string): boolean {
    return isOfExtension(type) && !this.scheduled.has(type) && !harmless.has(type);
  }
}

/** Extensions name theirs like Java packages, vSphere names its own after the object: `HostSystem.reboot`. */
function isOfExtension(type: string): boolean {
  return /^[a-z][^.]*\.[^.]+\./.test(type);
}
