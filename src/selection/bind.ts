/**
 * Joins Kubernetes nodes with the virtual machines they run in.
 *
 * Keys, first one that hits wins: spec.providerID, status.nodeInfo.systemUUID in both byte orders, then the
 * machine's name. Two machines for one node, or two nodes for one machine, are never guessed about.
 */

import type {
  Candidate,
  Confidence,
  Inventory,
  NodeBinding,
  NodeIdentity,
  VirtualMachine,
} from "./model.ts";

/** One binding per node, in the order of the nodes given. */
export function bindNodes(
  nodes: readonly NodeIdentity[],
  inventory: Inventory,
): readonly NodeBinding[] {
  const index = indexMachines(inventory.virtualMachines);
  const matches = nodes.map((node) => match(node, index));
  const claims = countClaims(matches);
  return nodes.map((node, i) => toBinding(node, matches[i] ?? noMatch, claims, inventory));
}

export interface MachinesOfInterest {
  /** Ids of the machines that are, or may be, one of the nodes: those worth watching closely. */
  readonly machineIds: ReadonlySet<string>;
  /** How many nodes have no machine. */
  readonly unmatchedNodes: number;
}

export function machinesOfInterest(
  nodes: readonly NodeIdentity[],
  virtualMachines: readonly VirtualMachine[],
): MachinesOfInterest {
  const index = indexMachines(virtualMachines);
  const matches = nodes.map((node) => match(node, index).machines);
  return {
    machineIds: new Set(matches.flat().map((vm) => vm.id)),
    unmatchedNodes: matches.filter((machines) => machines.length === 0).length,
  };
}

interface MachineIndex {
  readonly byUuid: ReadonlyMap<string, readonly VirtualMachine[]>;
  readonly byName: ReadonlyMap<string, readonly VirtualMachine[]>;
  readonly unreadable: number;
}

interface Match {
  readonly machines: readonly VirtualMachine[];
  readonly confidence: Confidence;
  /** What was looked for, for the message when nothing was found. */
  readonly triedKeys: readonly string[];
  readonly unreadable: number;
}

const noMatch: Match = { machines: [], confidence: "id", triedKeys: [], unreadable: 0 };

function indexMachines(machines: readonly VirtualMachine[]): MachineIndex {
  const byUuid = new Map<string, VirtualMachine[]>();
  const byName = new Map<string, VirtualMachine[]>();
  let unreadable = 0;
  for (const vm of machines) {
    if (vm.biosUuid !== "") push(byUuid, vm.biosUuid, vm);
    else unreadable += 1;
    if (vm.power !== "poweredOn") continue;
    const name = vm.name.toLowerCase();
    const guestName = vm.guestHostName.toLowerCase();
    if (name !== "") push(byName, name, vm);
    if (guestName !== "" && guestName !== name) push(byName, guestName, vm);
  }
  return { byUuid, byName, unreadable };
}

function push(map: Map<string, VirtualMachine[]>, key: string, vm: VirtualMachine): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [vm]);
  else list.push(vm);
}

function match(node: NodeIdentity, index: MachineIndex): Match {
  const triedKeys: string[] = [];
  const found = (machines: readonly VirtualMachine[], confidence: Confidence): Match => ({
    machines,
    confidence,
    triedKeys,
    unreadable: index.unreadable,
  });

  const providerUuid = uuidOfProviderId(node.providerId);
  if (providerUuid !== undefined) {
    triedKeys.push(`providerID ${node.providerId}`);
    const machines = index.byUuid.get(providerUuid) ?? [];
    if (machines.length > 0) return found(machines, "id");
  }
  if (node.systemUuid !== "") {
    triedKeys.push(`systemUUID ${node.systemUuid}`);
    const uuid = node.systemUuid.toLowerCase();
    const machines = distinct([
      ...(index.byUuid.get(uuid) ?? []),
      ...(index.byUuid.get(swapByteOrder(uuid)) ?? []),
    ]);
    if (machines.length > 0) return found(machines, "id");
  }
  triedKeys.push(`name ${node.name}`);
  return found(index.byName.get(node.name.toLowerCase()) ?? [], "name");
}

function distinct(machines: readonly VirtualMachine[]): readonly VirtualMachine[] {
  return [...new Map(machines.map((vm) => [vm.id, vm])).values()];
}

/** `vsphere://UUID` → the uuid in lower case; anything else is some other cloud's. */
function uuidOfProviderId(providerId: string): string | undefined {
  return /^vsphere:\/\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i
    .exec(providerId.trim())?.[1]
    ?.toLowerCase();
}

/**
 * The same 16 bytes with the first three groups read the other way round. Guests of virtual hardware 13 and
 * later report the SMBIOS uuid little-endian, and one cluster may hold both (kubernetes/kubernetes#58927).
 */
export function swapByteOrder(uuid: string): string {
  const [a, b, c, ...rest] = uuid.split("-");
  if (a === undefined || b === undefined || c === undefined) return uuid;
  return [reverseBytes(a), reverseBytes(b), reverseBytes(c), ...rest].join("-");
}

function reverseBytes(hex: string): string {
  return (hex.match(/../g) ?? []).toReversed().join("");
}

function countClaims(matches: readonly Match[]): ReadonlyMap<string, number> {
  const claims = new Map<string, number>();
  for (const { machines } of matches) {
    for (const vm of machines) claims.set(vm.id, (claims.get(vm.id) ?? 0) + 1);
  }
  return claims;
}

function toBinding(
  node: NodeIdentity,
  { machines, confidence, triedKeys, unreadable }: Match,
  claims: ReadonlyMap<string, number>,
  inventory: Inventory,
): NodeBinding {
  const rejected = (
    reason: "Ambiguous" | "NoVirtualMachine" | "NoHost" | "VirtualMachineOff",
    message: string,
  ) => ({ kind: "unbound", node: node.name, reason, message }) as const;

  const [vm, ...others] = machines;
  if (vm === undefined) {
    return rejected("NoVirtualMachine", nothingFound(triedKeys, unreadable));
  }
  if (others.length > 0) {
    const names = machines.map((m) => `${m.name} (${m.id})`).join(", ");
    return rejected("Ambiguous", `${machines.length} virtual machines match: ${names}`);
  }
  const claimants = claims.get(vm.id) ?? 1;
  if (claimants > 1) {
    return rejected(
      "Ambiguous",
      `${claimants} nodes match the virtual machine ${vm.name} (${vm.id})`,
    );
  }
  const host = vm.hostId === undefined ? undefined : inventory.hosts.get(vm.hostId);
  if (host === undefined) {
    if (vm.power !== "poweredOn")
      return rejected("VirtualMachineOff", `virtual machine ${vm.name} is ${vm.power}`);
    return rejected("NoHost", `virtual machine ${vm.name} is on no host that vCenter shows us`);
  }
  const candidate: Candidate = { node, virtualMachine: vm, host, confidence };
  return { kind: "bound", candidate };
}

function nothingFound(triedKeys: readonly string[], unreadable: number): string {
  const base = `no virtual machine has ${triedKeys.join(" or ")}`;
  if (unreadable === 0) return base;
  return `${base}; the uuid of ${unreadable} virtual machines could not be read (privilege System.Read missing?)`;
}
