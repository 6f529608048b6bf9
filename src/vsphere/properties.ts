/** Every vSphere property that gpuinfo reads, with the reason. All are leaves: whole `runtime` or `summary` objects cost 100 times as much. */

/** Of every virtual machine: to find which one is a Kubernetes node. */
export const identityPaths = [
  "name",
  "config.uuid",
  "guest.hostName",
  "runtime.powerState",
  "runtime.host",
] as const;

/** Of virtual machines that are Kubernetes nodes: the devices, among which GPUs are. */
export const devicesPath = "config.hardware.device";

/** All that is watched of virtual machines that are Kubernetes nodes. */
export const virtualMachinePaths = [...identityPaths, devicesPath] as const;

/** Of virtual machines that are Kubernetes nodes, polled: vCenter never pushes quickStats. */
export const usagePaths = [
  "summary.quickStats.overallCpuDemand",
  "summary.quickStats.guestMemoryUsage",
] as const;

/** Of every host: how fast a core is, because Kubernetes counts CPU in cores and vSphere in MHz. */
export const cpuMhzPath = "summary.hardware.cpuMhz";

/** Of every host: whether it is up and stays up, and the above. */
export const hostPaths = [
  "name",
  "runtime.connectionState",
  "runtime.inMaintenanceMode",
  "runtime.inQuarantineMode",
  "runtime.standbyMode",
  cpuMhzPath,
] as const;

/** Of hosts under Kubernetes nodes, beside the above: tells that a maintenance task may have begun. */
export const recentTaskPath = "recentTask";

/** Of hosts under nodes with a passed-through device: which devices are GPUs. */
export const pciPath = "hardware.pciDevice";

/** Of the recent tasks of hosts under nodes, polled: entering maintenance shows nowhere else. */
export const taskPaths = ["info.descriptionId", "info.state"] as const;

/** Of every scheduled task: the maintenance calendar. */
export const scheduledTaskPaths = [
  "info.name",
  "info.enabled",
  "info.entity",
  "info.taskObject",
  "info.action",
  "info.nextRunTime",
] as const;

/** Of the ScheduledTaskManager: the way to the tasks. */
export const scheduledTasksPath = "scheduledTask";
