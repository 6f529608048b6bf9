/** The vocabulary of selection: what is asked, what is known, and what the answer looks like. */

/** What a job needs of the node it runs on. */
export interface Requirement {
  /** Whether the job needs a GPU. */
  readonly gpu: boolean;
  /** Whole hours that the job must be able to run, from now; 1 to 8760. */
  readonly hours: number;
  /** What the GPUs must be like; absent where any will do, and where `gpu` is false. */
  readonly gpuNeeds?: GpuNeeds;
}

/** At least one of them is set. */
export interface GpuNeeds {
  /** As a user writes it; compared by `modelKey`. */
  readonly model?: string;
  /** GiB that each GPU must have at least. */
  readonly memoryGib?: number;
  /** How many GPUs the node must have at least. */
  readonly count?: number;
}

/** What is known of a GPU, whichever way the virtual machine holds it. */
interface GpuFacts {
  readonly vendor?: "NVIDIA" | "AMD" | "Intel";
  /** The card's model as vCenter spells it, such as `NVIDIA A100 80GB PCIe`; of a vGPU, the card that it is a share of. */
  readonly model?: string;
  /** MiB that the virtual machine has of the card's memory. */
  readonly memoryMib?: number;
  /** vMotion can move a running virtual machine that holds it. */
  readonly movesLive: boolean;
}

/** A GPU that a virtual machine holds. */
export type Gpu =
  /** A share of a card; `profile` as vSphere names it, such as `grid_a100d-40c`. */
  | (GpuFacts & { readonly kind: "vgpu"; readonly profile: string })
  /** A whole card of the host (fixed or dynamic DirectPath I/O); `pciId` such as `0000:3b:00.0`. */
  | (GpuFacts & { readonly kind: "passthrough"; readonly pciId: string });

/**
 * Where a window was read:
 * - `runningTask`: a task that enters maintenance, reboots or remediates runs now
 * - `scheduledTask`: vCenter will begin it by itself
 * - `customAttribute`: somebody wrote it on the host, its cluster or its datacenter in vCenter
 * - `maintenanceWindow`: somebody applied a MaintenanceWindow in Kubernetes
 * - `simulation`: made up
 */
export type WindowSource =
  | "runningTask"
  | "scheduledTask"
  | "customAttribute"
  | "maintenanceWindow"
  | "simulation";

/** A stretch of time in which a host is expected to be down. Times are milliseconds since the Unix epoch. */
export interface MaintenanceWindow {
  readonly startsAt: number;
  /** Absent when the source does not say how long it takes. */
  readonly endsAt?: number;
  readonly source: WindowSource;
  /** Words that a vSphere administrator recognises, such as the task's name. */
  readonly description: string;
}

/** Everything known about a host's coming maintenance. Windows are in order, and no two of them touch. */
export type MaintenanceHorizon =
  | { readonly kind: "known"; readonly windows: readonly MaintenanceWindow[] }
  /** A source could not be read: there may be more than `windows`. */
  | {
      readonly kind: "unknown";
      readonly why: string;
      readonly windows: readonly MaintenanceWindow[];
    };

/** Maintenance that was declared in Kubernetes. The same object as long as nothing changed. */
export interface DeclaredMaintenance {
  /** By the ESXi host's name, lower case. */
  readonly byHost: ReadonlyMap<string, MaintenanceHorizon>;
  /** By the cluster's name in vCenter, lower case. */
  readonly byCluster: ReadonlyMap<string, MaintenanceHorizon>;
  /** By the Kubernetes node's name. */
  readonly byNode: ReadonlyMap<string, MaintenanceHorizon>;
  /** Of every node: that what is declared could not be read for too long. */
  readonly everywhere?: MaintenanceHorizon;
}

/** An ESXi host. */
export interface Host {
  /** `instanceUuid/moref`: object ids repeat between vCenters. */
  readonly id: string;
  /** The name of its vCenter in our configuration. */
  readonly vcenter: string;
  readonly name: string;
  /** Name of the cluster that it belongs to; empty when it stands alone or that is unknown. */
  readonly cluster: string;
  readonly connection: "connected" | "disconnected" | "notResponding";
  readonly maintenance: "none" | "entering" | "in";
  readonly inQuarantine: boolean;
  /** Clock of one core, MHz; 0 when unknown. */
  readonly cpuMhz: number;
  readonly horizon: MaintenanceHorizon;
  /** Property paths that vCenter refused to show us, or that have not been read yet; a host with any of them is never placed on. */
  readonly unreadable: readonly string[];
}

/** A virtual machine that may be a Kubernetes node. */
export interface VirtualMachine {
  /** `instanceUuid/moref`. */
  readonly id: string;
  readonly name: string;
  /** SMBIOS uuid, lower case. Not unique: copies and restored machines share it. Empty when unknown. */
  readonly biosUuid: string;
  /** vCenter's own uuid of it, lower case, unique in one vCenter. Empty when unknown. */
  readonly instanceUuid: string;
  /** Such as `/DC0/vm/ml/worker-7`, names escaped as vSphere does (`%2f`, `%5c`, `%25`). Empty when unknown. */
  readonly inventoryPath: string;
  /** What VMware Tools reports; empty when unknown. */
  readonly guestHostName: string;
  readonly power: "poweredOn" | "poweredOff" | "suspended";
  /** Absent while the machine is registered on no host. */
  readonly hostId?: string;
  /** quickStats.overallCpuDemand, MHz. */
  readonly cpuDemandMhz: number;
  /** quickStats.guestMemoryUsage, MiB. */
  readonly memoryUsedMib: number;
  readonly gpus: readonly Gpu[];
  /** It holds a device, GPU or not, that keeps it on its host while it runs: maintenance there stops it. */
  readonly pinned: boolean;
  /** Property paths that vCenter refused to show us, or that have not been read yet: a machine that is no node has its devices among them. */
  readonly unreadable: readonly string[];
}

/** How recent it is what one vCenter said. */
export interface Freshness {
  /** The last moment at which this was known to be what vCenter says. */
  readonly takenAt: Date;
  /** When the CPU and memory numbers were read: vCenter never pushes those. */
  readonly usageTakenAt: Date;
}

/** What one or several vCenters said. Never changed in place. */
export interface Inventory {
  /** By the vCenter's name in our configuration: all that were read. */
  readonly vcenters: ReadonlyMap<string, Freshness>;
  /** Names of vCenters that have not been read yet: a node without a machine, or with one that is not certain, may be one of theirs. */
  readonly unread: readonly string[];
  readonly hosts: ReadonlyMap<string, Host>;
  readonly virtualMachines: readonly VirtualMachine[];
}

/** A Kubernetes taint. */
export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

/** What Kubernetes says about a node, as far as selection cares. */
export interface NodeIdentity {
  readonly name: string;
  /** `spec.providerID`; empty when unset. */
  readonly providerId: string;
  /** `status.nodeInfo.systemUUID`; empty when unset. */
  readonly systemUuid: string;
  /** The node's Ready condition is True. */
  readonly ready: boolean;
  /** `spec.unschedulable`: the node is cordoned. */
  readonly unschedulable: boolean;
  readonly taints: readonly Taint[];
  /** Annotation `topology.corinternal.com/vm`: which virtual machine it is, by uuid or inventory path; empty when unset. */
  readonly vmOverride: string;
  /** The node's id in its CSINode for `csi.vsphere.vmware.com`: a uuid; empty when there is none. */
  readonly csiNodeId: string;
}

/**
 * Why a node does not fit, in the order in which the checks are made.
 * The words are an API: the condition, the events, the log, the metric and the docs use them unchanged.
 */
export const reasons = [
  "UnknownNode",
  "Ambiguous",
  "NoVirtualMachine",
  "InventoryNotReady",
  "NodeNotReady",
  "NodeUnschedulable",
  "NodeTainted",
  "InventoryStale",
  "NotReadable",
  "VirtualMachineOff",
  "NoHost",
  "HostNotConnected",
  "HostInMaintenance",
  "HostEnteringMaintenance",
  "HostInQuarantine",
  "NoGpu",
  "GpuNotWanted",
  "GpuModelMismatch",
  "GpuMemoryTooSmall",
  "TooFewGpus",
  "MaintenanceUnknown",
  "TooFewHours",
] as const;
export type Reason = (typeof reasons)[number];

/** How sure we are that a virtual machine is a node's: the user says so, by one of its ids, or only by its name. */
export type Confidence = "override" | "id" | "name";

/** A node joined with its virtual machine and host: it can be judged. */
export interface Candidate {
  readonly node: NodeIdentity;
  readonly virtualMachine: VirtualMachine;
  readonly host: Host;
  readonly confidence: Confidence;
  /** The host's maintenance, and what was declared for host, cluster or node in Kubernetes. */
  readonly horizon: MaintenanceHorizon;
  /** Of that, what concerns the node wherever its machine is: vMotion does not get it out of the way. */
  readonly fixedHorizon: MaintenanceHorizon;
}

/** A node that was rejected, and why; `message` names what was found and what was wanted. */
export interface Rejected {
  readonly node: string;
  readonly reason: Reason;
  readonly message: string;
}

/** The outcome of joining one node with the inventory. */
export type NodeBinding =
  | { readonly kind: "bound"; readonly candidate: Candidate }
  | ({ readonly kind: "unbound" } & Rejected);

/** A candidate that fits. */
export interface Fitting extends Candidate {
  /** Whole hours until the host's next known maintenance; 8760 where none is known. */
  readonly hoursAvailable: number;
  /** That maintenance; absent where none is known. */
  readonly window?: MaintenanceWindow;
  /** Its CPU and memory numbers are too old to compare it by. */
  readonly usageIsOld: boolean;
}

/** The answer for one requirement: every node is in exactly one of the two lists. */
export interface Ranking {
  readonly requirement: Requirement;
  /** The oldest of what the vCenters said that are not too old to be believed. */
  readonly takenAt: Date;
  /** Best first. The same object as long as neither a verdict nor the order changed. */
  readonly fitting: readonly Fitting[];
  /** By node name. The same object as long as no verdict changed: a key for whatever is made of the verdicts. */
  readonly rejected: readonly Rejected[];
}

/** What a site may set about selection. */
export interface SelectionPolicy {
  /** `exact`: jobs without GPU are kept off GPU nodes. `atLeast`: they use GPU nodes last. */
  readonly gpuPolicy: "exact" | "atLeast";
  /** Keys of NoSchedule and NoExecute taints that do not reject a node. */
  readonly toleratedTaints: ReadonlySet<string>;
  /**
   * What maintenance does to a job whose virtual machine vMotion can move. `soft-counts`: it ends the job's hours as
   * for any other. `hard`: it does not, the machine is moved before.
   */
  readonly evacuation: "hard" | "soft-counts";
  /** What to do with a host of which not all maintenance can be read. */
  readonly unknownMaintenance: "reject" | "assume-open";
}

/** A ranking, or why there can be none. */
export type Selection =
  | { readonly kind: "ranked"; readonly ranking: Ranking }
  | {
      readonly kind: "unavailable";
      readonly reason: "InventoryNotReady" | "InventoryStale" | "NodesNotReady";
      readonly message: string;
    };

/** Who asks, and what only the asker knows. */
export interface Question {
  /**
   * `advice`, the default: every check is made. `pod`: kube-scheduler judges for itself whether the node is ready,
   * cordoned or tainted, and knows sooner, so `NodeNotReady`, `NodeUnschedulable` and `NodeTainted` are left to it.
   */
  readonly audience?: Audience;
  /** What the asker itself is counted with already: not held against the node. */
  readonly own?: NodeLoad;
}

/** CPU that a job will use on a node. */
export interface NodeLoad {
  readonly node: string;
  /** Thousandths of a core. */
  readonly milliCpu: number;
}

export type Audience = "advice" | "pod";

/** The one port that reconciler, extender and webhook ask. It costs next to nothing while nothing changes. */
export type SelectNodes = (requirement: Requirement, question?: Question) => Selection;
