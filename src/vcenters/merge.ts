/** Puts the readings of several vCenters together. What did not change stays the same object: selection goes by that. */

import type { Freshness, Host, Inventory, VirtualMachine } from "../selection/model.ts";
import type { VcenterInventory } from "../vsphere/inventory-cache.ts";

/** What one vCenter said. */
export interface NamedReading {
  readonly name: string;
  readonly reading: VcenterInventory;
}

/** Remembers what it merged last, and of what. Object ids carry their vCenter's uuid, so they do not collide. */
export class InventoryMerger {
  readonly #hosts = rememberLast(joinMaps);
  readonly #virtualMachines = rememberLast(joinLists);
  readonly #unread = rememberLast((names: readonly string[]) => names);

  /**
   * @param unread names of vCenters that have said nothing yet
   * @returns undefined where there are no parts
   */
  merge(parts: readonly NamedReading[], unread: readonly string[]): Inventory | undefined {
    if (parts.length === 0) return undefined;
    return {
      vcenters: new Map(parts.map(({ name, reading }) => [name, freshnessOf(reading)])),
      unread: this.#unread(unread),
      hosts: this.#hosts(parts.map(({ reading }) => reading.hosts)),
      virtualMachines: this.#virtualMachines(parts.map(({ reading }) => reading.virtualMachines)),
    };
  }
}

function freshnessOf({ takenAt, usageTakenAt }: VcenterInventory): Freshness {
  return { takenAt, usageTakenAt };
}

/** The same result as long as it is given the same items. */
function rememberLast<Item, Result>(
  make: (items: readonly Item[]) => Result,
): (items: readonly Item[]) => Result {
  let last: { readonly items: readonly Item[]; readonly result: Result } | undefined;
  return (items) => {
    if (last === undefined || !sameItems(last.items, items)) last = { items, result: make(items) };
    return last.result;
  };
}

function joinMaps(maps: readonly ReadonlyMap<string, Host>[]): ReadonlyMap<string, Host> {
  const [first, ...others] = maps;
  if (first !== undefined && others.length === 0) return first;
  return new Map(maps.flatMap((map) => [...map]));
}

function joinLists(lists: readonly (readonly VirtualMachine[])[]): readonly VirtualMachine[] {
  const [first, ...others] = lists;
  return first !== undefined && others.length === 0 ? first : lists.flat();
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}
