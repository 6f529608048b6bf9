/** A fleet that one can keep in the head: what each node is good for stands in its name. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchDir } from "../../hack/stack/scratch.ts";

const vgpu = { kind: "vgpu", profile: "grid_a100d-40c" };
const card = {
  pciId: "0000:3b:00.0",
  vendorId: "0x10de",
  deviceId: "0x20b5",
  model: "NVIDIA A100 80GB PCIe",
  memoryMib: 81_920,
  graphicsMode: "sharedDirect",
  vgpuProfiles: [vgpu.profile],
};

function machine(name: string, cpuDemandMhz: number, rest: object = {}) {
  return {
    name,
    guestHostName: name,
    cpuDemandMhz,
    guestMemoryMib: 512,
    kubernetesNode: {},
    ...rest,
  };
}

/**
 * | host   | until maintenance | nodes                              |
 * | ------ | ----------------- | ---------------------------------- |
 * | esxi-a | 399 h             | gpu-a (vGPU, 20 MHz)               |
 * | esxi-b | 120 h             | gpu-b (passthrough, 10 MHz)        |
 * | esxi-c | none planned      | gpu-c (vGPU, 900 MHz), cpu-c (5 MHz) |
 */
const smallFleet = {
  datacenters: [
    {
      name: "DC0",
      clusters: [
        {
          name: "all",
          hosts: [
            {
              name: "esxi-a.example.com",
              gpus: [card],
              scheduledTasks: [
                { name: "patches", action: "EnterMaintenanceMode_Task", at: "in 399h30m" },
              ],
              virtualMachines: [machine("gpu-a", 20, { gpus: [vgpu] })],
            },
            {
              name: "esxi-b.example.com",
              gpus: [card],
              scheduledTasks: [{ name: "firmware", action: "RebootHost_Task", at: "in 120h30m" }],
              virtualMachines: [
                machine("gpu-b", 10, { gpus: [{ kind: "passthrough", pciId: card.pciId }] }),
              ],
            },
            {
              name: "esxi-c.example.com",
              gpus: [card],
              virtualMachines: [machine("gpu-c", 900, { gpus: [vgpu] }), machine("cpu-c", 5)],
            },
          ],
        },
      ],
    },
  ],
};

/**
 * Another vCenter with the same objects under the same ids: its machines are called `west-gpu-a` and so on, run on
 * `esxi-a.west.example.com` and so on, and have a tenth of the CPU demand.
 */
function westernFleet(): object {
  const text = JSON.stringify(smallFleet)
    .replaceAll(/"(?:guestHostName|name)":"(?=[cg]pu-)/g, (key) => `${key}west-`)
    .replaceAll(".example.com", ".west.example.com")
    .replaceAll(/"cpuDemandMhz":(\d+)/g, (_, mhz) => `"cpuDemandMhz":${Math.floor(mhz / 10)}`);
  const fleet: object = JSON.parse(text);
  return { ...fleet, instanceUuid: "00000000-0000-4000-8000-000000000eee" };
}

/** The small fleet, and another of the same shape. */
export async function twoFleetFiles(): Promise<{ readonly east: string; readonly west: string }> {
  return { east: await fleetFile(), west: await fleetFile(westernFleet()) };
}

/** Writes a fleet where the simulator can read it. */
export async function fleetFile(fleet: object = smallFleet): Promise<string> {
  const file = join(await scratchDir("fleet"), "fleet.json");
  writeFileSync(file, JSON.stringify(fleet));
  return file;
}
