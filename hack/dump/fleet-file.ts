/** A fleet file as a dump writes it; hack/vcsim/fleet.schema.json describes every field. */
import type { KubernetesNode } from "../stack/fleet.ts";

export interface FleetFile {
  readonly instanceUuid: string;
  readonly apiVersion: string;
  readonly clockSkew?: string;
  readonly globalAttributes: readonly string[];
  readonly datacenters: readonly Datacenter[];
}

/** What can hold maintenance. */
interface Holder {
  readonly name: string;
  readonly customAttributes?: Readonly<Record<string, string>>;
  readonly scheduledTasks: readonly ScheduledTask[];
}

export interface Datacenter extends Holder {
  /** Names of folders separated by slashes, with `%2f` for a slash in a name. */
  readonly folder?: string;
  readonly clusters: readonly Cluster[];
}

export interface Cluster extends Holder {
  readonly folder?: string;
  readonly runningTasks: readonly RunningTask[];
  readonly hosts: readonly Host[];
}

export interface Host extends Holder {
  readonly cpuMhz?: number;
  readonly connectionState?: string;
  readonly standbyMode?: string;
  readonly inMaintenance?: boolean;
  readonly inQuarantine?: boolean;
  readonly gpus: readonly HostGpu[];
  readonly pciDevices: readonly PciDevice[];
  readonly runningTasks: readonly RunningTask[];
  readonly virtualMachines: readonly Machine[];
}

export interface ScheduledTask {
  readonly name: string;
  readonly action: string;
  /** `in 399h` or `2h ago`. */
  readonly at: string;
  readonly enabled: boolean;
}

export interface RunningTask {
  readonly descriptionId: string;
  readonly state: string;
}

export interface PciDevice {
  readonly pciId: string;
  readonly vendorId: string;
  readonly deviceId: string;
  readonly classId: string;
}

export interface HostGpu extends PciDevice {
  readonly vendorName?: string;
  readonly model: string;
  readonly pciName: string;
  readonly memoryMib: number;
  readonly graphicsMode?: string;
  readonly inGraphicsInfo: boolean;
  readonly vgpuProfiles: readonly VgpuProfile[];
}

export interface VgpuProfile {
  readonly profile: string;
  readonly migrateSupported: boolean | null;
}

/** A device that the host lends to a machine. */
export type LentDevice =
  | { readonly kind: "vgpu"; readonly profile: string; readonly migrateSupported: boolean | null }
  | { readonly kind: "passthrough"; readonly pciId: string }
  | {
      readonly kind: "dynamic";
      readonly vendorId: string;
      readonly deviceId: string;
      readonly assignedPciId?: string;
    }
  | { readonly kind: "dvx"; readonly deviceClass: string };

export interface Machine {
  readonly name: string;
  readonly uuid?: string;
  readonly instanceUuid?: string;
  readonly power: string;
  readonly cpuDemandMhz: number;
  readonly guestMemoryMib: number;
  readonly guestHostName?: string;
  readonly folder?: string;
  readonly vApp?: string;
  readonly onNoHost?: boolean;
  readonly gpus: readonly LentDevice[];
  readonly kubernetesNode?: KubernetesNode & { readonly name: string };
}
