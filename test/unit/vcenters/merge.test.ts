import { describe, expect, it } from "vitest";
import { InventoryMerger, type NamedReading } from "../../../src/vcenters/merge.ts";
import type { VcenterInventory } from "../../../src/vsphere/inventory-cache.ts";
import { aHost, aMachine, now } from "../../support/builders.ts";

const later = new Date(now.getTime() + 30_000);

function aReading(name: string, overrides: Partial<VcenterInventory> = {}): VcenterInventory {
  const host = aHost({ id: `${name}/host-1`, vcenter: name });
  return {
    takenAt: now,
    usageTakenAt: now,
    hosts: new Map([[host.id, host]]),
    virtualMachines: [aMachine({ id: `${name}/vm-1`, hostId: host.id })],
    ...overrides,
  };
}

const part = (name: string, overrides?: Partial<VcenterInventory>): NamedReading => ({
  name,
  reading: aReading(name, overrides),
});

describe("InventoryMerger", () => {
  it("is nothing where nothing was read", () => {
    expect(new InventoryMerger().merge([], ["east"])).toBeUndefined();
  });

  it("holds everything of everybody, each with its own age", () => {
    const west = part("west", { takenAt: later });
    const merged = new InventoryMerger().merge([part("east"), west], ["far"]);
    expect([...(merged?.hosts.keys() ?? [])]).toEqual(["east/host-1", "west/host-1"]);
    expect(merged?.virtualMachines.map(({ id }) => id)).toEqual(["east/vm-1", "west/vm-1"]);
    expect(merged?.vcenters).toEqual(
      new Map([
        ["east", { takenAt: now, usageTakenAt: now }],
        ["west", { takenAt: later, usageTakenAt: now }],
      ]),
    );
    expect(merged?.unread).toEqual(["far"]);
  });

  it("hands on the objects of a single one", () => {
    const only = part("vcenter");
    const merged = new InventoryMerger().merge([only], []);
    expect(merged?.hosts).toBe(only.reading.hosts);
    expect(merged?.virtualMachines).toBe(only.reading.virtualMachines);
  });

  it("keeps its objects while only times change", () => {
    const merger = new InventoryMerger();
    const [east, west] = [part("east"), part("west")];
    const before = merger.merge([east, west], ["far"]);
    const fresher = { name: "west", reading: { ...west.reading, takenAt: later } };
    const after = merger.merge([east, fresher], ["far"]);
    expect(after?.vcenters.get("west")?.takenAt).toBe(later);
    expect(after?.hosts).toBe(before?.hosts);
    expect(after?.virtualMachines).toBe(before?.virtualMachines);
    expect(after?.unread).toBe(before?.unread);
  });

  it("makes new objects of what changed in one of them, and of nothing else", () => {
    const merger = new InventoryMerger();
    const [east, west] = [part("east"), part("west")];
    const before = merger.merge([east, west], ["far"]);
    const moved = { ...west.reading, virtualMachines: [aMachine({ id: "west/vm-2" })] };
    const after = merger.merge([east, { name: "west", reading: moved }], []);
    expect(after?.hosts).toBe(before?.hosts);
    expect(after?.virtualMachines.map(({ id }) => id)).toEqual(["east/vm-1", "west/vm-2"]);
    expect(after?.unread).toEqual([]);
  });
});
