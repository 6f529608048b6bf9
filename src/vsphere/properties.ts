/** Every vSphere property that gpuinfo reads, with the reason. All are leaves: whole `runtime` or `summary` objects cost 100 times as much. */

/** Of virtual machines, hosts and what is above them: the way up to the root. */
export const parentPath = "parent";

/** Of every virtual machine: what people may name it by, where its SMBIOS uuid says too little. */
export const instanceUuidPath = "config.instanceUuid";

/** Of every virtual machine: to find which one is a Kubernetes node. */
export const identityPaths = [
  "name",
  parentPath,
  "config.uuid",
  instanceUuidPath,
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

/** Of hosts and what is above them: custom attributes, one of which holds maintenance windows. */
export const customValuePath = "customValue";

/** Of every host: whether it is up and stays up, where it stands, and the above. */
export const hostPaths = [
  "name",
  parentPath,
  customValuePath,
  "runtime.connectionState",
  "runtime.inMaintenanceMode",
  "runtime.inQuarantineMode",
  "runtime.standbyMode",
  cpuMhzPath,
] as const;

/** Of folders, datacenters, clusters and the compute resources of single hosts. */
export const placePaths = ["name", parentPath, customValuePath] as const;

/** Of the CustomFieldsManager: the names of custom attributes. */
export const fieldsPath = "field";

/** Of hosts under Kubernetes nodes and of clusters, beside the above: tells that a maintenance task may have begun. */
export const recentTaskPath = "recentTask";

/** Of hosts under nodes with a vGPU or a passed-through device: which devices are GPUs. */
export const pciPath = "hardware.pciDevice";

/** Of the same hosts: the cards' models and memory, and which of them are shared as vGPUs. */
export const graphicsPath = "config.graphicsInfo";

/** Of the same hosts: which vGPU profiles they can move live. */
export const sharedGpuPath = "config.sharedGpuCapabilities";

/** Of the recent tasks of hosts under nodes and of their clusters, polled: entering maintenance shows nowhere else. */
export const taskPaths = ["info.descriptionId", "info.state", "info.queueTime"] as const;

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
