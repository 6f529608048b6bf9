/** Compares two inventories, so that listeners need not: what is equal stays the same object. */
import type { Freshness, Host, VirtualMachine } from "../selection/model.ts";
import { sameFields } from "./same-fields.ts";

/** What one vCenter said. Never changed in place. */
export interface VcenterInventory extends Freshness {
  readonly hosts: ReadonlyMap<string, Host>;
  readonly virtualMachines: readonly VirtualMachine[];
}

/** How an inventory differs from the one before: by facts, by usage numbers alone, or by its time alone. */
export type InventoryChange = "state" | "usage" | "freshness";

/** `next` with every object of `previous` that says the same, and what kind of difference is left. */
export function reuse(
  previous: VcenterInventory | undefined,
  next: VcenterInventory,
): { readonly change: InventoryChange; readonly inventory: VcenterInventory } {
  if (!previous) return { change: "state", inventory: next };
  const known = new Map(previous.virtualMachines.map((machine) => [machine.id, machine]));
  const virtualMachines = next.virtualMachines.map((machine) =>
    same(known.get(machine.id), machine),
  );
  const hosts = new Map(
    [...next.hosts].map(([id, host]) => [id, same(previous.hosts.get(id), host)]),
  );
  const change = worst(hostChange(previous.hosts, hosts), machineChange(known, virtualMachines));
  const { takenAt, usageTakenAt } = next;
  const facts = change === "freshness" ? previous : { hosts, virtualMachines };
  return { change, inventory: { ...facts, takenAt, usageTakenAt } };
}

function same<Item extends object>(previous: Item | undefined, next: Item): Item {
  return previous && sameFields(previous, next) ? previous : next;
}

function hostChange(
  previous: VcenterInventory["hosts"],
  next: VcenterInventory["hosts"],
): InventoryChange {
  const equal =
    previous.size === next.size && [...next].every(([id, host]) => previous.get(id) === host);
  return equal ? "freshness" : "state";
}

function machineChange(
  previous: ReadonlyMap<string, VirtualMachine>,
  next: readonly VirtualMachine[],
): InventoryChange {
  if (previous.size !== next.length) return "state";
  const changed = next.filter((machine) => previous.get(machine.id) !== machine);
  if (changed.length === 0) return "freshness";
  return changed.every((machine) => differsInUsage(previous.get(machine.id), machine))
    ? "usage"
    : "state";
}

function differsInUsage(previous: VirtualMachine | undefined, next: VirtualMachine): boolean {
  if (!previous) return false;
  const { cpuDemandMhz, memoryUsedMib } = previous;
  return sameFields(previous, { ...next, cpuDemandMhz, memoryUsedMib });
}

function worst(a: InventoryChange, b: InventoryChange): InventoryChange {
  const order: readonly InventoryChange[] = ["freshness", "usage", "state"];
  return order.indexOf(a) > order.indexOf(b) ? a : b;
}
