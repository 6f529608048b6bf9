/** Brings bindings up to date where nothing changed that decides which machine is whose: that is most changes. */

import type { Candidate, Inventory, NodeBinding, NodeIdentity, VirtualMachine } from "./model.ts";

/** Bindings, and what they were made of. */
export interface Bound {
  readonly nodes: readonly NodeIdentity[];
  readonly inventory: Inventory;
  readonly bindings: readonly NodeBinding[];
}

/**
 * @returns the same as `bindNodes`, at a small part of its cost; what did not change is the same object as before.
 * Undefined where everything has to be bound anew.
 */
export function rebind(
  before: Bound,
  nodes: readonly NodeIdentity[],
  inventory: Inventory,
): readonly NodeBinding[] | undefined {
  if (!sameThroughout(before.nodes, nodes, sameNodeKeys)) return undefined;
  if (!sameThroughout(before.inventory.virtualMachines, inventory.virtualMachines, sameMachineKeys))
    return undefined;
  if (!sameHostIds(before.inventory, inventory)) return undefined;
  const current = changedMachines(before.inventory, inventory);
  return before.bindings.map((binding, i) => {
    const node = nodes[i];
    if (binding.kind === "unbound" || node === undefined) return binding;
    const { candidate } = binding;
    const { virtualMachine: machine } = candidate;
    const next: Candidate = {
      ...candidate,
      node,
      virtualMachine: current.get(machine.id) ?? machine,
      host: inventory.hosts.get(candidate.host.id) ?? candidate.host,
    };
    return sameParts(candidate, next) ? binding : { kind: "bound", candidate: next };
  });
}

function sameThroughout<T>(
  before: readonly T[],
  now: readonly T[],
  sameKeys: (a: T, b: T) => boolean,
): boolean {
  if (before === now) return true;
  return (
    before.length === now.length &&
    now.every((item, i) => {
      const previous = before[i];
      return previous === item || (previous !== undefined && sameKeys(previous, item));
    })
  );
}

function sameNodeKeys(a: NodeIdentity, b: NodeIdentity): boolean {
  return a.name === b.name && a.providerId === b.providerId && a.systemUuid === b.systemUuid;
}

/** What `bindNodes` asks of a machine: a key more there is a line more here. */
function sameMachineKeys(a: VirtualMachine, b: VirtualMachine): boolean {
  return (
    a.id === b.id &&
    a.name === b.name &&
    a.biosUuid === b.biosUuid &&
    a.guestHostName === b.guestHostName &&
    a.power === b.power &&
    a.hostId === b.hostId
  );
}

function sameHostIds({ hosts: before }: Inventory, { hosts }: Inventory): boolean {
  if (before === hosts) return true;
  if (before.size !== hosts.size) return false;
  for (const id of hosts.keys()) if (!before.has(id)) return false;
  return true;
}

function changedMachines(
  { virtualMachines: before }: Inventory,
  { virtualMachines: now }: Inventory,
): ReadonlyMap<string, VirtualMachine> {
  if (before === now) return new Map();
  return new Map(
    now.flatMap((machine, i) => (before[i] === machine ? [] : [[machine.id, machine]])),
  );
}

function sameParts(a: Candidate, b: Candidate): boolean {
  return a.node === b.node && a.virtualMachine === b.virtualMachine && a.host === b.host;
}
