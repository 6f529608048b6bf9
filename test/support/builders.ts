/** Builders with sensible defaults, so that a test shows only what matters to it. */

import type { GpuInfo, GpuInfoStatus } from "../../src/api/gpuinfo.ts";
import type { VcenterAges } from "../../src/selection/judge.ts";
import type {
  Candidate,
  Fitting,
  Host,
  Inventory,
  MaintenanceWindow,
  NodeIdentity,
  SelectionPolicy,
  VirtualMachine,
} from "../../src/selection/model.ts";

export const now = new Date("2026-11-22T12:00:00Z");

export function hoursFromNow(hours: number): number {
  return now.getTime() + hours * 3_600_000;
}

export function aNode(overrides: Partial<NodeIdentity> = {}): NodeIdentity {
  return {
    name: "worker-1",
    providerId: "",
    systemUuid: "",
    ready: true,
    unschedulable: false,
    taints: [],
    vmOverride: "",
    csiNodeId: "",
    ...overrides,
  };
}

export function aMachine(overrides: Partial<VirtualMachine> = {}): VirtualMachine {
  return {
    id: "vc/vm-1",
    name: "worker-1",
    biosUuid: "422e4956-ad22-1139-6d72-59cc8f26bc90",
    instanceUuid: "",
    inventoryPath: "",
    guestHostName: "",
    power: "poweredOn",
    hostId: "vc/host-1",
    cpuDemandMhz: 100,
    memoryUsedMib: 1024,
    gpus: [],
    pinned: false,
    unreadable: [],
    ...overrides,
  };
}

export function aHost(overrides: Partial<Host> = {}): Host {
  return {
    id: "vc/host-1",
    vcenter: "vcenter",
    name: "esxi-a.example.com",
    cluster: "gpu",
    connection: "connected",
    maintenance: "none",
    inQuarantine: false,
    cpuMhz: 2_000,
    horizon: { kind: "known", windows: [] },
    unreadable: [],
    ...overrides,
  };
}

export function aWindow(overrides: Partial<MaintenanceWindow> = {}): MaintenanceWindow {
  return {
    startsAt: hoursFromNow(400),
    source: "scheduledTask",
    description: "monthly patches",
    ...overrides,
  };
}

/** A host whose next maintenance is that many hours away. */
export function aHostUntil(hours: number, overrides: Partial<Host> = {}): Host {
  const windows = [aWindow({ startsAt: hoursFromNow(hours) })];
  return aHost({ horizon: { kind: "known", windows }, ...overrides });
}

export function aCandidate(overrides: Partial<Candidate> = {}): Candidate {
  const { host = aHost() } = overrides;
  return {
    node: aNode(),
    virtualMachine: aMachine(),
    host,
    confidence: "id",
    horizon: host.horizon,
    fixedHorizon: { kind: "known", windows: [] },
    ...overrides,
  };
}

export const aGpu = { kind: "vgpu", profile: "grid_a100d-40c", movesLive: true } as const;

export function anInventory(
  hosts: readonly Host[],
  virtualMachines: readonly VirtualMachine[],
  takenAt: Date = now,
): Inventory {
  return {
    vcenters: new Map([["vcenter", { takenAt, usageTakenAt: takenAt }]]),
    unread: [],
    hosts: new Map(hosts.map((host) => [host.id, host])),
    virtualMachines,
  };
}

export const aPolicy: SelectionPolicy = {
  gpuPolicy: "exact",
  toleratedTaints: new Set(["nvidia.com/gpu"]),
  evacuation: "soft-counts",
  unknownMaintenance: "reject",
};

/** Of createSelector: what a vCenter said counts for a quarter of an hour. */
export const selectionSettings = {
  ...aPolicy,
  hardMaxAgeMs: 900_000,
  usageHardMaxAgeMs: 900_000,
  simulate: false,
};

/** Nothing that any vCenter said is too old. */
export const freshVcenters: VcenterAges = { stale: new Map(), oldUsage: new Set() };

/** A candidate that fits. */
export function aFitting(
  candidate: Partial<Candidate> = {},
  { hoursAvailable = 400 }: { hoursAvailable?: number } = {},
): Fitting {
  return { ...aCandidate(candidate), hoursAvailable, usageIsOld: false };
}

export function aGpuInfo({
  spec = {},
  status = {},
  metadata = {},
}: {
  spec?: Partial<GpuInfo["spec"]>;
  status?: GpuInfoStatus;
  metadata?: Partial<GpuInfo["metadata"]>;
} = {}): GpuInfo {
  return {
    metadata: {
      name: "gpu1",
      namespace: "default",
      uid: "uid-1",
      generation: 1,
      resourceVersion: "1",
      ...metadata,
    },
    spec: { desAccTime: 100, gpuRequired: true, ...spec },
    status,
  };
}
