/** Small fleets, in the shape of hack/vcsim/fleet.schema.json. */

const card = { pciId: "0000:3b:00.0", vendorId: "0x10de", deviceId: "0x20b5" };

/** Two hosts with two workers each; `worker-1` holds a card, `worker-3` a vGPU. */
export const smallFleet = {
  datacenters: [
    {
      name: "DC1",
      clusters: [
        {
          name: "C1",
          hosts: [
            {
              name: "esxi-a.example.com",
              gpus: [card],
              scheduledTasks: [
                { name: "patch", action: "EnterMaintenanceMode_Task", at: "in 399h" },
              ],
              virtualMachines: [
                {
                  name: "worker-1",
                  uuid: "422e4956-ad22-1139-6d72-59cc8f26bc90",
                  guestHostName: "worker-1.example.com",
                  cpuDemandMhz: 87,
                  guestMemoryMib: 327,
                  gpus: [{ kind: "passthrough", pciId: "0000:3b:00.0" }],
                },
                { name: "worker-2" },
                { name: "bystander" },
              ],
            },
            {
              name: "esxi-b.example.com",
              gpus: [{ ...card, graphicsMode: "sharedDirect", vgpuProfiles: ["grid_a100-40c"] }],
              virtualMachines: [
                { name: "worker-3", gpus: [{ kind: "vgpu", profile: "grid_a100-40c" }] },
                { name: "worker-4", power: "poweredOff" },
              ],
            },
            { name: "esxi-c.example.com" },
          ],
        },
      ],
    },
  ],
};

/** Two datacenters with a host and a worker each. */
export const twoDatacenters = {
  datacenters: ["DC1", "DC2"].map((name) => ({
    name,
    clusters: [
      {
        name: `cluster of ${name}`,
        hosts: [
          {
            name: `esxi.${name}.example.com`,
            virtualMachines: [{ name: `worker in ${name}` }],
          },
        ],
      },
    ],
  })),
};

/** One host with that many virtual machines, of which `workers` are followed. */
export function fleetOf(machines: number, workers: number) {
  const virtualMachines = Array.from({ length: machines }, (_, index) => ({
    name: index < workers ? `worker-${index}` : `bystander-${index}`,
    cpuDemandMhz: index + 1,
  }));
  const hosts = [{ name: "esxi-a.example.com", virtualMachines }];
  return { datacenters: [{ name: "DC1", clusters: [{ name: "C1", hosts }] }] };
}
