/** Builders with sensible defaults, so that a test shows only what matters to it. */

import type { GpuInfo, GpuInfoStatus } from "../../src/api/gpuinfo.ts";
import type {
  Candidate,
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
    ...overrides,
  };
}

export function aMachine(overrides: Partial<VirtualMachine> = {}): VirtualMachine {
  return {
    id: "vc/vm-1",
    name: "worker-1",
    biosUuid: "422e4956-ad22-1139-6d72-59cc8f26bc90",
    guestHostName: "",
    power: "poweredOn",
    hostId: "vc/host-1",
    cpuDemandMhz: 100,
    memoryUsedMib: 1024,
    gpus: [],
    unreadable: [],
    ...overrides,
  };
}

export function aHost(overrides: Partial<Host> = {}): Host {
  return {
    id: "vc/host-1",
    name: "esxi-a.example.com",
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
  return {
    node: aNode(),
    virtualMachine: aMachine(),
    host: aHost(),
    confidence: "id",
    ...overrides,
  };
}

export const aGpu = { kind: "vgpu", profile: "grid_a100d-40c" } as const;

export function anInventory(
  hosts: readonly Host[],
  virtualMachines: readonly VirtualMachine[],
  takenAt: Date = now,
): Inventory {
  return {
    takenAt,
    usageTakenAt: takenAt,
    hosts: new Map(hosts.map((host) => [host.id, host])),
    virtualMachines,
  };
}

export const aPolicy: SelectionPolicy = {
  gpuPolicy: "exact",
  toleratedTaints: new Set(["nvidia.com/gpu"]),
};

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
