/** Fleets for the tests of placement: what each node is good for stands in its name. */

import { fleetFile } from "./small-fleet.ts";

const vgpu = { kind: "vgpu", profile: "grid_a100d-40c" };

/** Two cards, so that two machines of a host can run at once. */
function cards(): object[] {
  return ["0000:3b:00.0", "0000:86:00.0"].map((pciId) => ({
    pciId,
    vendorId: "0x10de",
    deviceId: "0x20b5",
    model: "NVIDIA A100 80GB PCIe",
    memoryMib: 81_920,
    graphicsMode: "sharedDirect",
    vgpuProfiles: [vgpu.profile],
  }));
}

function gpuMachine(name: string, cpuDemandMhz: number): object {
  const kubernetesNode = { allocatable: { "nvidia.com/gpu": 1 } };
  return { ...machine(name, cpuDemandMhz), gpus: [vgpu], kubernetesNode };
}

function machine(name: string, cpuDemandMhz: number): object {
  return { name, guestHostName: name, cpuDemandMhz, guestMemoryMib: 512, kubernetesNode: {} };
}

function host(letter: string, hours: number | undefined, virtualMachines: object[]): object {
  const at = `in ${hours}h30m`;
  const tasks = [{ name: "patches", action: "EnterMaintenanceMode_Task", at }];
  return {
    name: `esxi-${letter}.example.com`,
    gpus: cards(),
    ...(hours !== undefined && { scheduledTasks: tasks }),
    virtualMachines,
  };
}

function datacenter(hosts: object[]): object {
  return { datacenters: [{ name: "DC0", clusters: [{ name: "all", hosts }] }] };
}

/**
 * The less time a host has, the idler its nodes: whoever looks at load alone chooses wrongly.
 *
 * | host   | until maintenance | nodes, each with its CPU demand       |
 * | ------ | ----------------- | ------------------------------------- |
 * | esxi-a | 399 h             | gpu-a 30 MHz                          |
 * | esxi-b | 120 h             | gpu-b 20 MHz, cpu-b 10 MHz            |
 * | esxi-c | 2000 h            | gpu-c 900 MHz, cpu-c 500 MHz          |
 * | esxi-d | 40 h              | gpu-d 2 MHz, cpu-d 1 MHz              |
 */
export async function placementFleet(): Promise<string> {
  return fleetFile(
    datacenter([
      host("a", 399, [gpuMachine("gpu-a", 30)]),
      host("b", 120, [gpuMachine("gpu-b", 20), machine("cpu-b", 10)]),
      host("c", 2_000, [gpuMachine("gpu-c", 900), machine("cpu-c", 500)]),
      host("d", 40, [gpuMachine("gpu-d", 2), machine("cpu-d", 1)]),
    ]),
  );
}

/** Names of the two nodes with a GPU in {@link crowdFleet}. */
export const rareNodes = ["rare-1", "rare-2"] as const;
const hostsInCrowd = 15;
const nodesPerHost = 20;

/** 300 nodes without planned maintenance, of which two have a GPU; one node is much idler than all others. */
export async function crowdFleet(): Promise<string> {
  const hosts = Array.from({ length: hostsInCrowd }, (_, index) => {
    const plain = Array.from({ length: nodesPerHost }, (__, place) =>
      machine(`plain-${index * nodesPerHost + place}`, 200 + place),
    );
    if (index === 0) plain[0] = machine("plain-idle", 1);
    const rare = rareNodes[[3, 11].indexOf(index)];
    if (rare !== undefined) plain[7] = gpuMachine(rare, 5_000);
    return host(String(index), undefined, plain);
  });
  return fleetFile(datacenter(hosts));
}
