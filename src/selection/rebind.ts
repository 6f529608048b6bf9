/** Brings bindings up to date where nothing changed that decides which machine is whose: that is most changes. */

import { fixedHorizonOf, horizonOf } from "./bind.ts";
import { hidesName, mayRun } from "./machine-doubts.ts";
import type {
  Candidate,
  DeclaredMaintenance,
  Inventory,
  MaintenanceHorizon,
  NodeBinding,
  NodeIdentity,
  VirtualMachine,
} from "./model.ts";

/** Bindings, and what they were made of. */
export interface Bound {
  readonly nodes: readonly NodeIdentity[];
  readonly inventory: Inventory;
  readonly declared: DeclaredMaintenance;
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
  declared: DeclaredMaintenance,
): readonly NodeBinding[] | undefined {
  if (!sameThroughout(before.nodes, nodes, sameNodeKeys)) return undefined;
  if (!sameHostIds(before.inventory, inventory)) return undefined;
  const same = (a: VirtualMachine, b: VirtualMachine) =>
    sameMachineKeys(a, b) && isOnHost(a, inventory) === isOnHost(b, inventory);
  if (!sameThroughout(before.inventory.virtualMachines, inventory.virtualMachines, same))
    return undefined;
  if (before.inventory.unread.join() !== inventory.unread.join()) return undefined;
  const current = changedMachines(before.inventory, inventory);
  return before.bindings.map((binding, i) => {
    const node = nodes[i];
    if (binding.kind === "unbound" || node === undefined) return binding;
    const { candidate } = binding;
    const { id } = candidate.virtualMachine;
    const virtualMachine = current.get(id) ?? candidate.virtualMachine;
    const host = inventory.hosts.get(virtualMachine.hostId ?? "") ?? candidate.host;
    const isSame = host === candidate.host && before.declared === declared;
    const next: Candidate = {
      ...candidate,
      node,
      virtualMachine,
      host,
      horizon: isSame
        ? candidate.horizon
        : reuseEqual(candidate.horizon, horizonOf(node, host, declared)),
      fixedHorizon:
        before.declared === declared
          ? candidate.fixedHorizon
          : reuseEqual(candidate.fixedHorizon, fixedHorizonOf(node, declared)),
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
  return (
    a.name === b.name &&
    a.providerId === b.providerId &&
    a.systemUuid === b.systemUuid &&
    a.vmOverride === b.vmOverride &&
    a.csiNodeId === b.csiNodeId
  );
}

/** What `bindNodes` asks of a machine: a key more there is a line more here. */
function sameMachineKeys(a: VirtualMachine, b: VirtualMachine): boolean {
  return (
    a.id === b.id &&
    a.name === b.name &&
    a.biosUuid === b.biosUuid &&
    a.instanceUuid === b.instanceUuid &&
    a.inventoryPath === b.inventoryPath &&
    a.guestHostName === b.guestHostName &&
    a.power === b.power &&
    mayRun(a) === mayRun(b) &&
    hidesName(a) === hidesName(b)
  );
}

/** On which of them does not matter: it is looked up anew. */
function isOnHost({ hostId }: VirtualMachine, { hosts }: Inventory): boolean {
  return hostId !== undefined && hosts.has(hostId);
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
  return (
    a.node === b.node &&
    a.virtualMachine === b.virtualMachine &&
    a.host === b.host &&
    a.horizon === b.horizon &&
    a.fixedHorizon === b.fixedHorizon
  );
}

function reuseEqual(before: MaintenanceHorizon, now: MaintenanceHorizon): MaintenanceHorizon {
  return JSON.stringify(before) === JSON.stringify(now) ? before : now;
}
