/**
 * Joins Kubernetes nodes with the virtual machines they run in.
 *
 * Keys, first one that hits wins: the override annotation, which decides alone; spec.providerID;
 * status.nodeInfo.systemUUID in both byte orders; CSINode's node id; then the machine's name. Two machines for one
 * node, or two nodes for one machine, are never guessed about.
 */

import { type Claims, gatherClaims, strongestClaims } from "./claims.ts";
import { indexMachines, type MachineIndex } from "./machine-index.ts";
import { isSettled, type Match, matchNode } from "./match.ts";
import { claimedByOthers, nothingFound, perhapsElsewhere, severalFound } from "./match-messages.ts";
import type {
  DeclaredMaintenance,
  Host,
  Inventory,
  MaintenanceHorizon,
  NodeBinding,
  NodeIdentity,
  VirtualMachine,
} from "./model.ts";
import { vcenterNamed } from "./vcenter-name.ts";
import { joinHorizons, noMaintenance } from "./windows.ts";

/** No MaintenanceWindow was applied in Kubernetes. */
export const nothingDeclared: DeclaredMaintenance = {
  byHost: new Map(),
  byCluster: new Map(),
  byNode: new Map(),
};

/** One binding per node, in the order of the nodes given. */
export function bindNodes(
  nodes: readonly NodeIdentity[],
  inventory: Inventory,
  declared: DeclaredMaintenance = nothingDeclared,
): readonly NodeBinding[] {
  const index = indexMachines(inventory.virtualMachines);
  const matches = nodes.map((node) => matchNode(node, index));
  const context = { claims: gatherClaims(matches), index, inventory, declared };
  return matches.map((match) => toBinding(match, context));
}

/** What vCenter says of the host, and what was declared for it, its cluster or the node. */
export function horizonOf(
  node: NodeIdentity,
  host: Host,
  { byHost, byCluster, byNode, everywhere }: DeclaredMaintenance,
): MaintenanceHorizon {
  const declared = [
    everywhere,
    byHost.get(host.name.toLowerCase()),
    byCluster.get(host.cluster.toLowerCase()),
    byNode.get(node.name),
  ].filter((horizon) => horizon !== undefined);
  return declared.length === 0 ? host.horizon : joinHorizons([host.horizon, ...declared]);
}

/** What was declared for the node itself goes with it. */
export function fixedHorizonOf(
  node: NodeIdentity,
  { byNode, everywhere }: DeclaredMaintenance,
): MaintenanceHorizon {
  const fixed = byNode.get(node.name) ?? noMaintenance;
  return everywhere === undefined ? fixed : joinHorizons([everywhere, fixed]);
}

export interface MachinesOfInterest {
  /** Ids of the machines that are, or may be, one of the nodes: those worth watching closely. */
  readonly machineIds: ReadonlySet<string>;
  /** Names of nodes without a machine, in the order of the nodes. */
  readonly unmatchedNodes: readonly string[];
}

/** Cheap: it is asked for every vCenter, with that one's machines, whenever the nodes or the machines change. */
export function machinesOfInterest(
  nodes: readonly NodeIdentity[],
  virtualMachines: readonly VirtualMachine[],
): MachinesOfInterest {
  const index = indexMachines(virtualMachines);
  const machineIds = new Set<string>();
  const unmatchedNodes: string[] = [];
  for (const node of nodes) {
    const { named } = matchNode(node, index);
    if (named.length === 0) unmatchedNodes.push(node.name);
    for (const { id } of named) machineIds.add(id);
  }
  return { machineIds, unmatchedNodes };
}

interface Context {
  readonly claims: Claims;
  readonly index: MachineIndex;
  readonly inventory: Inventory;
  readonly declared: DeclaredMaintenance;
}

type UnboundReason =
  | "Ambiguous"
  | "NoVirtualMachine"
  | "InventoryNotReady"
  | "NoHost"
  | "VirtualMachineOff";

function toBinding(match: Match, context: Context): NodeBinding {
  const { claims, index, inventory } = context;
  const { node, machines, confidence } = match;
  const [vm, ...others] = machines;
  if (vm === undefined) return notFound(node, nothingFound(match, index), inventory);
  if (inventory.unread.length > 0 && !isSettled(match))
    return notReady(node, perhapsElsewhere(match), inventory);
  if (others.length > 0) return rejected(node, "Ambiguous", severalFound(match));
  const strongest = strongestClaims(claims, vm.id);
  if (strongest.length > 1 || strongest[0]?.confidence !== confidence)
    return rejected(node, "Ambiguous", claimedByOthers(vm, confidence, strongest));
  return onItsHost(vm, match, context);
}

function notFound(node: NodeIdentity, message: string, inventory: Inventory): NodeBinding {
  if (inventory.unread.length > 0) return notReady(node, message, inventory);
  return rejected(node, "NoVirtualMachine", message);
}

function notReady(node: NodeIdentity, message: string, { unread }: Inventory): NodeBinding {
  const notRead = `not read yet: ${unread.map(vcenterNamed).join(", ")}`;
  return rejected(node, "InventoryNotReady", `${message}; ${notRead}`);
}

function onItsHost(
  vm: VirtualMachine,
  { node, confidence }: Match,
  { inventory, declared }: Context,
): NodeBinding {
  const host = vm.hostId === undefined ? undefined : inventory.hosts.get(vm.hostId);
  if (host === undefined) {
    if (vm.power !== "poweredOn")
      return rejected(node, "VirtualMachineOff", `virtual machine ${vm.name} is ${vm.power}`);
    const message = `virtual machine ${vm.name} is on no host that vCenter shows us`;
    return rejected(node, "NoHost", message);
  }
  const horizon = horizonOf(node, host, declared);
  const fixedHorizon = fixedHorizonOf(node, declared);
  const candidate = { node, virtualMachine: vm, host, confidence, horizon, fixedHorizon };
  return { kind: "bound", candidate };
}

function rejected({ name }: NodeIdentity, reason: UnboundReason, message: string): NodeBinding {
  return { kind: "unbound", node: name, reason, message };
}
