/** Reads the nodes of a cluster, and gives each to the machine that it most likely is: a fleet file has nodes with machines. */

import type { KubeClient } from "../../src/kube/client.ts";
import { at, listAt, textAt } from "../../src/kube/json.ts";
import { readNode } from "../../src/kube/nodes.ts";
import { csiNodes, nodes, pathOf, type Resource } from "../../src/kube/resource.ts";
import { swapByteOrder, uuidIn, uuidOfProviderId } from "../../src/selection/uuids.ts";
import type { KubernetesNode } from "../stack/fleet.ts";
import type { FleetFile, Machine } from "./fleet-file.ts";
import { overrideAnnotation } from "./redact.ts";

export type NamedNode = KubernetesNode & { readonly name: string };

type Requests = Pick<KubeClient, "request">;

const pageSize = 500;
const vsphereCsi = "csi.vsphere.vmware.com";

/** @throws KubeError */
export async function readNodes(client: Requests, signal: AbortSignal): Promise<NamedNode[]> {
  const csiIds = new Map(
    (await list(client, csiNodes, signal)).map((item) => [nameOf(item), csiNodeIdOf(item)]),
  );
  const items = await list(client, nodes, signal);
  return items.map((item) => toNode(item, csiIds.get(nameOf(item)) ?? null));
}

async function list(client: Requests, resource: Resource, signal: AbortSignal): Promise<unknown[]> {
  const items: unknown[] = [];
  let token: string | undefined;
  do {
    const query = { limit: pageSize, continue: token };
    const page = await client.request({ method: "GET", path: pathOf(resource), query, signal });
    items.push(...listAt(page, "items"));
    token = textAt(page, "metadata", "continue") || undefined;
  } while (token !== undefined);
  return items;
}

function nameOf(item: unknown): string {
  return textAt(item, "metadata", "name") ?? "";
}

function csiNodeIdOf(csiNode: unknown): string | null {
  const driver = listAt(csiNode, "spec", "drivers").find(
    (one) => textAt(one, "name") === vsphereCsi,
  );
  return textAt(driver, "nodeID") ?? null;
}

function toNode(item: unknown, csiNodeId: string | null): NamedNode {
  const { name, providerId, systemUuid, ready, unschedulable, taints, vmOverride } = readNode(item);
  return {
    name,
    providerId: providerId || null,
    systemUuid: systemUuid || null,
    csiNodeId,
    ready,
    unschedulable,
    taints,
    labels: textsAt(item, "metadata", "labels"),
    allocatable: textsAt(item, "status", "allocatable"),
    ...(vmOverride !== "" && { annotations: { [overrideAnnotation]: vmOverride } }),
  };
}

function textsAt(item: unknown, ...path: string[]): Record<string, string> {
  const map = at(item, ...path);
  if (typeof map !== "object" || map === null) return {};
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, String(value)]));
}

/** The file with the nodes in it, and the names of those for which there was no machine left. */
export interface WithNodes {
  readonly fleet: FleetFile;
  readonly leftOut: readonly string[];
}

/** What a node is known by stands in the node, so one that sits with another machine is matched all the same. */
export function withNodes(fleet: FleetFile, all: readonly NamedNode[]): WithNodes {
  const machines = fleet.datacenters
    .flatMap(({ clusters }) => clusters)
    .flatMap(({ hosts }) => hosts)
    .flatMap(({ virtualMachines }) => virtualMachines);
  const taken = new Map<Machine, NamedNode>();
  const byKey = new Map(
    machines.flatMap((machine) => keysOfMachine(machine).map((key) => [key, machine])),
  );
  const homeless = all.filter((node) => {
    const own = keysOfNode(node).map((key) => byKey.get(key));
    const machine = own.find((candidate) => candidate !== undefined && !taken.has(candidate));
    if (machine !== undefined) taken.set(machine, node);
    return machine === undefined;
  });
  const free = machines.filter((machine) => !taken.has(machine)).values();
  const leftOut = homeless.filter((node) => {
    const { value: machine } = free.next();
    if (machine !== undefined) taken.set(machine, node);
    return machine === undefined;
  });
  const attach = (machine: Machine): Machine => {
    const kubernetesNode = taken.get(machine);
    return kubernetesNode === undefined ? machine : { ...machine, kubernetesNode };
  };
  return { fleet: mapMachines(fleet, attach), leftOut: leftOut.map(({ name }) => name) };
}

function keysOfMachine({ uuid = "", name, guestHostName = "" }: Machine): string[] {
  return [uuid, name, guestHostName].map((key) => key.toLowerCase()).filter((key) => key !== "");
}

function keysOfNode({ name, providerId, systemUuid, csiNodeId }: NamedNode): string[] {
  const system = uuidIn(systemUuid ?? "") ?? "";
  const ids = [
    uuidOfProviderId(providerId ?? "") ?? "",
    system,
    swapByteOrder(system),
    csiNodeId ?? "",
  ];
  return [...ids, name].map((key) => key.toLowerCase()).filter((key) => key !== "");
}

function mapMachines(fleet: FleetFile, change: (machine: Machine) => Machine): FleetFile {
  return {
    ...fleet,
    datacenters: fleet.datacenters.map((datacenter) => ({
      ...datacenter,
      clusters: datacenter.clusters.map((cluster) => ({
        ...cluster,
        hosts: cluster.hosts.map((host) => ({
          ...host,
          virtualMachines: host.virtualMachines.map(change),
        })),
      })),
    })),
  };
}
