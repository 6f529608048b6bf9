/** A fleet in which every property that we read tells something about some node, good or bad. */

import type { FleetMachine, KubernetesNode } from "../../../hack/stack/fleet.ts";

interface Situation {
  readonly host?: Readonly<Record<string, unknown>>;
  readonly machine?: Partial<FleetMachine> & Readonly<Record<string, unknown>>;
  /** False where it is none. */
  readonly node?: KubernetesNode | false;
}

const attribute = "gpuinfo.maintenance";
const soon = "{in 5h}/PT4H";
const late = "{in 500h}/PT4H";
const enter = { name: "patches", action: "EnterMaintenanceMode_Task" };
const card = {
  pciId: "0000:3b:00.0",
  vendorId: "0x10de",
  deviceId: "0x20b5",
  model: "NVIDIA A100 80GB PCIe",
  memoryMib: 81_920,
};
const shared = { ...card, graphicsMode: "sharedDirect", vgpuProfiles: ["grid_a100d-40c"] };
const share = { kind: "vgpu", profile: "grid_a100d-40c" };
const nothingButName = { providerId: null, systemUuid: null };

/** One host and one node each, in a cluster of which nothing is known. */
const ordinary: Readonly<Record<string, Situation>> = {
  open: {},
  "task soon": { host: { scheduledTasks: [{ ...enter, at: "in 5h" }] } },
  "task late": { host: { scheduledTasks: [{ ...enter, at: "in 399h" }] } },
  "task disabled": { host: { scheduledTasks: [{ ...enter, at: "in 5h", enabled: false }] } },
  "written soon": { host: { customAttributes: { [attribute]: soon } } },
  "written badly": { host: { customAttributes: { [attribute]: "after lunch" } } },
  "task running": {
    host: { runningTasks: [{ descriptionId: "HostSystem.enterMaintenanceMode" }] },
  },
  "in maintenance": { host: { inMaintenance: true } },
  "in quarantine": { host: { inQuarantine: true } },
  "in standby": { host: { standbyMode: "in" } },
  "not connected": { host: { connectionState: "disconnected" } },
  off: { machine: { power: "poweredOff", guestHostName: "off" } },
  card: { host: { gpus: [card] }, machine: { gpus: [{ kind: "passthrough", pciId: card.pciId }] } },
  share: { host: { gpus: [shared] }, machine: { gpus: [share] } },
  "share that stays": {
    host: {
      gpus: [{ ...shared, migrateSupported: false }],
      scheduledTasks: [{ ...enter, at: "in 5h" }],
    },
    machine: { gpus: [{ ...share, migrateSupported: null }] },
  },
  "share that moves": {
    host: { gpus: [shared], scheduledTasks: [{ ...enter, at: "in 5h" }] },
    machine: { gpus: [share] },
  },
  "by name": { node: nothingButName },
  "by guest": {
    machine: { guestHostName: "by-guest" },
    node: { ...nothingButName, name: "by-guest" },
  },
  "by path": {
    machine: { folder: "ml/team-a" },
    node: {
      ...nothingButName,
      annotations: { "topology.corinternal.com/vm": "/DC0/vm/ml/team-a/by path" },
    },
  },
  "by instance uuid": {
    machine: { instanceUuid: "5000aaaa-0000-0000-0000-000000000001" },
    node: {
      ...nothingButName,
      annotations: { "topology.corinternal.com/vm": "5000aaaa-0000-0000-0000-000000000001" },
    },
  },
};

/** A machine that was renamed, and a copy of it that has the node's name. */
const copies: Readonly<Record<string, Situation>> = {
  renamed: {
    host: { inMaintenance: true },
    machine: { uuid: "4200aaaa-0000-0000-0000-00000000000c" },
    node: { name: "copy" },
  },
  copy: { node: false },
};

/** A node on a bad host, and a copy of its machine on a good one, that only these properties tell apart. */
function copied(
  name: string,
  machine: Partial<FleetMachine>,
  copy: Partial<FleetMachine>,
  node: KubernetesNode = {},
): Readonly<Record<string, Situation>> {
  const uuid = `4200bbbb-0000-0000-0000-${Buffer.from(name).toString("hex").padStart(12, "0").slice(-12)}`;
  return {
    [name]: { host: { inMaintenance: true }, machine: { uuid, ...machine }, node },
    [`${name} (copy)`]: { machine: { uuid, ...copy }, node: false },
  };
}

const told = {
  ...copied("shown", {}, {}),
  ...copied("told", { guestHostName: "told" }, { guestHostName: "told-copy" }),
  ...copied("twin 1", { guestHostName: "twin" }, { guestHostName: "twin" }, { name: "twin" }),
};

function hostOf([name, { host = {}, machine = {}, node = {} }]: [string, Situation]) {
  const usage = { cpuDemandMhz: 1_000, guestMemoryMib: 1_000 };
  const virtualMachine: FleetMachine = {
    name,
    ...usage,
    ...machine,
    kubernetesNode: node && { name, ...node },
  };
  return { name: `esxi ${name}`, ...host, virtualMachines: [virtualMachine] };
}

function clusterOf(name: string, extra: object, situations: Readonly<Record<string, Situation>>) {
  return { name, ...extra, hosts: Object.entries(situations).map(hostOf) };
}

/** Nodes are called like their machines, those aside that are found by another name. */
export const tellingFleet = {
  datacenters: [
    {
      name: "DC0",
      clusters: [
        clusterOf("ordinary", {}, { ...ordinary, ...copies, ...told }),
        clusterOf(
          "cluster task",
          { scheduledTasks: [{ ...enter, at: "in 5h" }] },
          { "below a task": {} },
        ),
        clusterOf(
          "cluster running",
          { runningTasks: [{ descriptionId: "com.vmware.vcIntegrity.RemediateTask" }] },
          { "below a running task": {} },
        ),
        clusterOf(
          "cluster soon",
          { customAttributes: { [attribute]: soon } },
          {
            "below a written window": {},
            "written late below soon": { host: { customAttributes: { [attribute]: late } } },
          },
        ),
        clusterOf(
          "cluster late",
          { customAttributes: { [attribute]: late } },
          {
            "written soon below late": { host: { customAttributes: { [attribute]: soon } } },
          },
        ),
      ],
    },
    {
      name: "DC1",
      scheduledTasks: [{ ...enter, at: "in 6h" }],
      customAttributes: { [attribute]: soon },
      clusters: [clusterOf("below datacenter", { folder: "racks" }, { "below a datacenter": {} })],
    },
    {
      name: "DC2",
      scheduledTasks: [{ ...enter, at: "in 6h" }],
      clusters: [clusterOf("below datacenter 2", {}, { "below a datacenter's task": {} })],
    },
  ],
};
