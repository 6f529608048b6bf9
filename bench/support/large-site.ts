/** A site with two vCenters, as large as the figures are promised for: devices of each kind, folders, tasks and attributes. */

export interface SiteSize {
  /** In each of the two vCenters. */
  readonly machines: number;
  readonly hosts: number;
  readonly nodes: number;
}

/** What hack/vcsim reads, one for each vCenter. */
export interface Site {
  readonly east: unknown;
  readonly west: unknown;
}

const hostsPerCluster = 25;
const profile = "grid_a100d-40c";
const a100 = {
  vendorId: "0x10de",
  deviceId: "0x20b5",
  model: "NVIDIA A100 80GB PCIe",
  memoryMib: 81_920,
};

/** Object ids repeat between the two; names and uuids do not. */
export function makeSite(size: SiteSize): Site {
  return { east: makeFleet("east", size), west: makeFleet("west", size) };
}

function makeFleet(vcenter: string, { machines, hosts, nodes }: SiteSize): unknown {
  const every = Math.floor(machines / nodes);
  const byHost = Array.from({ length: hosts }, (): unknown[] => []);
  let made = 0;
  for (let i = 0; i < machines; i++) {
    const isNode = i % every === 0 && made < nodes;
    const host = (isNode ? made : i) % hosts;
    byHost[host]?.push(aMachine(`${vcenter}-${i}`, i, isNode ? devicesOf(made, hosts) : undefined));
    if (isNode) made++;
  }
  const clusters = Array.from({ length: Math.ceil(hosts / hostsPerCluster) }, (_, c) => ({
    name: `${vcenter}-cluster-${c}`,
    folder: `row-${c % 4}`,
    ...(c % 3 === 0 && { customAttributes: { "gpuinfo.maintenance": "{in 600h}/PT4H" } }),
    scheduledTasks: [
      {
        name: "baseline",
        action: "CreateTask:com.vmware.vcIntegrity.RemediateTask",
        at: "in 900h",
      },
    ],
    hosts: byHost
      .map((virtualMachines, i) => aHost(vcenter, i, virtualMachines))
      .slice(c * hostsPerCluster, (c + 1) * hostsPerCluster),
  }));
  return {
    globalAttributes: ["gpuinfo.maintenance", "owner"],
    datacenters: [{ name: vcenter, clusters }],
  };
}

function aMachine(name: string, index: number, gpus: unknown): unknown {
  return {
    name,
    guestHostName: name,
    folder: `team-${index % 20}/pool-${index % 5}`,
    cpuDemandMhz: 100 + ((index * 7_919) % 10_007),
    guestMemoryMib: 1_024,
    ...(gpus !== undefined && { gpus, kubernetesNode: {} }),
  };
}

/** Of four nodes, two hold a vGPU, one a card, one nothing; no card is in two machines. */
function devicesOf(node: number, hosts: number): unknown[] {
  if (node % 4 < 2) return [{ kind: "vgpu", profile }];
  const slot = Math.floor(node / hosts);
  return node % 4 === 2 ? [{ kind: "passthrough", pciId: cardId(slot) }] : [];
}

function cardId(slot: number): string {
  return `0000:${(0x40 + slot).toString(16)}:00.0`;
}

function aHost(vcenter: string, index: number, virtualMachines: readonly unknown[]): unknown {
  const slots = [0, 1, 2, 3];
  return {
    name: `esxi-${index}.${vcenter}.example.com`,
    gpus: [
      { ...a100, pciId: "0000:3b:00.0", graphicsMode: "sharedDirect", vgpuProfiles: [profile] },
      ...slots.map((slot) => ({ ...a100, pciId: cardId(slot) })),
    ],
    customAttributes: { owner: `team-${index % 7}` },
    scheduledTasks: [
      {
        name: "patches",
        action: "EnterMaintenanceMode_Task",
        at: `in ${150 + ((index * 37) % 250)}h30m`,
      },
    ],
    virtualMachines,
  };
}
