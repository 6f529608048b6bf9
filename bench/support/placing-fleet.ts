/** A vSphere fleet to place pods in: three kinds of nodes in fixed shares, each with room for every pod of a benchmark. */

import type { Requirement } from "../../src/selection/model.ts";

/** What a node is good for: a GPU and 400 hours, none and 400 hours, none and 50 hours. */
export type NodeKind = "gpu" | "long" | "short";

export interface PlacingFleet {
  readonly kinds: ReadonlyMap<string, NodeKind>;
  /** What hack/vcsim reads. */
  readonly file: unknown;
}

/** Six of ten nodes fit. */
export const wideNeeds: Requirement = { gpu: false, hours: 100 };
/** One of ten fits. */
export const narrowNeeds: Requirement = { gpu: true, hours: 100 };

/** Of ten hosts one after the other. */
const pattern: readonly NodeKind[] = [
  "gpu",
  "long",
  "long",
  "short",
  "long",
  "long",
  "short",
  "long",
  "long",
  "short",
];
const profile = "grid_a100d-40c";
/** As many nodes on each host, whatever their number. */
const nodesPerHost = 20;

/** One machine per node; no two are equally busy. */
export function makePlacingFleet(nodes: number): PlacingFleet {
  const kinds = new Map<string, NodeKind>();
  const hosts = Array.from({ length: nodes / nodesPerHost }, (_, i) => {
    const kind = pattern[i % pattern.length] ?? "short";
    const virtualMachines = Array.from({ length: nodesPerHost }, (__, place) => {
      const index = i * nodesPerHost + place;
      const name = `worker-${String(index).padStart(5, "0")}.pool-a.example.com`;
      kinds.set(name, kind);
      return aMachine(name, kind, 100 + ((index * 7919) % 10_007));
    });
    return aHost(`esxi-${i}.example.com`, kind, virtualMachines);
  });
  const file = { datacenters: [{ name: "DC0", clusters: [{ name: "all", hosts }] }] };
  return { kinds, file };
}

function aMachine(name: string, kind: NodeKind, cpuDemandMhz: number): object {
  return {
    name,
    guestHostName: name,
    cpuDemandMhz,
    guestMemoryMib: 1_024,
    ...(kind === "gpu" && { gpus: [{ kind: "vgpu", profile }] }),
    // A node that fills up would change the list that kube-scheduler asks about.
    kubernetesNode: { allocatable: { cpu: "1000", pods: "10000" } },
  };
}

function aHost(name: string, kind: NodeKind, virtualMachines: readonly object[]): object {
  // The half hour keeps the whole hours the same while the benchmark runs.
  const at = kind === "short" ? "in 50h30m" : "in 400h30m";
  return {
    name,
    gpus: [aCard()],
    scheduledTasks: [{ name: "patches", action: "EnterMaintenanceMode_Task", at }],
    virtualMachines,
  };
}

function aCard(): object {
  return {
    pciId: "0000:3b:00.0",
    vendorId: "0x10de",
    deviceId: "0x20b5",
    model: "NVIDIA A100 80GB PCIe",
    memoryMib: 1_048_576,
    graphicsMode: "sharedDirect",
    vgpuProfiles: [profile],
  };
}
