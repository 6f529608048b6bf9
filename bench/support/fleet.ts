/** Makes vSphere fleets of any size for benchmarks, and knows the right answer for each GPUInfo without asking gpuinfo. */

export interface FleetSize {
  readonly machines: number;
  readonly hosts: number;
  /** How many of the machines are Kubernetes nodes. */
  readonly nodes: number;
}

interface FleetHost {
  readonly name: string;
  /** Until its scheduled maintenance. */
  readonly hours: number;
}

export interface FleetNode {
  readonly name: string;
  readonly host: FleetHost;
  readonly cpuDemandMhz: number;
  readonly gpu: boolean;
}

export interface Fleet {
  readonly hosts: readonly FleetHost[];
  readonly nodes: readonly FleetNode[];
  /** What hack/vcsim reads. */
  readonly file: unknown;
}

const profile = "grid_a100d-40c";

/** Nodes are spread evenly over machines and hosts; half of them hold a GPU; no two have the same CPU demand. */
export function makeFleet({ machines, hosts, nodes }: FleetSize): Fleet {
  const fleetHosts = Array.from(
    { length: hosts },
    (_, i): FleetHost => ({
      name: `esxi-${i}.example.com`,
      hours: 150 + ((i * 37) % 250),
    }),
  );
  const every = Math.floor(machines / nodes);
  const fleetNodes: FleetNode[] = [];
  const filesOfHost = fleetHosts.map((): unknown[] => []);
  for (let i = 0; i < machines; i++) {
    const name = `worker-${i}`;
    const isNode = i % every === 0 && fleetNodes.length < nodes;
    const index = (isNode ? fleetNodes.length : i) % hosts;
    const cpuDemandMhz = 100 + ((i * 7919) % 1_000_003);
    const gpu = isNode && fleetNodes.length % 2 === 0;
    const host = fleetHosts[index];
    if (host !== undefined && isNode) fleetNodes.push({ name, host, cpuDemandMhz, gpu });
    filesOfHost[index]?.push({
      name,
      guestHostName: name,
      cpuDemandMhz,
      guestMemoryMib: 1_024,
      ...(gpu && { gpus: [{ kind: "vgpu", profile }] }),
      ...(isNode && { kubernetesNode: {} }),
    });
  }
  const file = {
    datacenters: [
      {
        name: "DC0",
        clusters: [
          {
            name: "all",
            hosts: fleetHosts.map(({ name, hours }, i) => ({
              name,
              gpus: [aCard()],
              // The half hour keeps the whole hours the same while the benchmark runs.
              scheduledTasks: [
                { name: "patches", action: "EnterMaintenanceMode_Task", at: `in ${hours}h30m` },
              ],
              virtualMachines: filesOfHost[i],
            })),
          },
        ],
      },
    ],
  };
  return { hosts: fleetHosts, nodes: fleetNodes, file };
}

function aCard() {
  return {
    pciId: "0000:3b:00.0",
    vendorId: "0x10de",
    deviceId: "0x20b5",
    model: "NVIDIA A100 80GB PCIe",
    memoryMib: 81_920,
    graphicsMode: "sharedDirect",
    vgpuProfiles: [profile],
  };
}

/** The node with the least CPU demand among those that have what is asked for; written without src/selection on purpose. */
export function rightNode(
  { nodes }: Fleet,
  { gpu, hours }: { gpu: boolean; hours: number },
  hostsInMaintenance: ReadonlySet<string> = new Set(),
): FleetNode | undefined {
  let best: FleetNode | undefined;
  for (const node of nodes) {
    const fits =
      node.gpu === gpu && node.host.hours >= hours && !hostsInMaintenance.has(node.host.name);
    if (fits && (best === undefined || node.cpuDemandMhz < best.cpuDemandMhz)) best = node;
  }
  return best;
}
