/** A made-up cluster of any size: nodes, their machines and hosts, without a vCenter. */

import type { Inventory, NodeIdentity, VirtualMachine } from "../../src/selection/model.ts";
import { aGpu, aHostUntil, aMachine, aNode, anInventory, now } from "./builders.ts";

export interface ManyNodes {
  readonly nodes: readonly NodeIdentity[];
  readonly inventory: Inventory;
  readonly names: readonly string[];
}

const machinesPerHost = 50;

/** Three of five nodes hold a GPU, so that 40 % are rejected when one is wanted; every host is up for 400 hours. */
export function manyNodes(count: number, takenAt: Date = now): ManyNodes {
  const hosts = Array.from({ length: Math.ceil(count / machinesPerHost) }, (_, i) =>
    aHostUntil(400, { id: `vc/host-${i}`, name: `esxi-${i}.example.com` }),
  );
  const nodes: NodeIdentity[] = [];
  const machines: VirtualMachine[] = [];
  for (let i = 0; i < count; i++) {
    const name = `worker-${String(i).padStart(5, "0")}.pool-a.example.com`;
    const biosUuid = `422e4956-ad22-1139-6d72-${String(i).padStart(12, "0")}`;
    nodes.push(aNode({ name, providerId: `vsphere://${biosUuid}` }));
    machines.push(
      aMachine({
        id: `vc/vm-${i}`,
        name,
        biosUuid,
        hostId: `vc/host-${Math.floor(i / machinesPerHost)}`,
        // No two are equally busy, and the least busy is not the first.
        cpuDemandMhz: 100 + ((i * 7919 + 13) % 1_000_003),
        gpus: i % 5 < 3 ? [aGpu] : [],
      }),
    );
  }
  return {
    nodes,
    inventory: anInventory(hosts, machines, takenAt),
    names: nodes.map(({ name }) => name),
  };
}
