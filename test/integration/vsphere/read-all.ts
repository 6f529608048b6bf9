/** What one new session reads of a vCenter, with the details of every machine. */
import type { VcenterInventory } from "../../../src/vsphere/inventory-cache.ts";
import type { Vcenter } from "../../support/vcenter.ts";
import { watchedCache } from "./watched-cache.ts";

export async function readAll(vcenter: Pick<Vcenter, "settings">): Promise<VcenterInventory> {
  const { cache, untilLive } = watchedCache(vcenter, { interest: allOf });
  try {
    cache.start();
    await untilLive();
    const inventory = cache.current();
    if (inventory === undefined) throw new Error("live without an inventory");
    return inventory;
  } finally {
    await cache.stop();
  }
}

function allOf(machines: VcenterInventory["virtualMachines"]): ReadonlySet<string> {
  return new Set(machines.map(({ id }) => id));
}
