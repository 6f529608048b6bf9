import { describe, expect, it } from "vitest";
import { reuse, type VcenterInventory } from "../../../src/vsphere/inventory-diff.ts";
import { aHost, aMachine, now } from "../../support/builders.ts";

const before: VcenterInventory = {
  takenAt: now,
  usageTakenAt: now,
  hosts: new Map([["vc/host-1", aHost()]]),
  virtualMachines: [aMachine(), aMachine({ id: "vc/vm-2" })],
};
/** The same facts in other objects. */
const again = (changes: Partial<VcenterInventory> = {}): VcenterInventory => ({
  ...structuredClone(before),
  takenAt: new Date(before.takenAt.getTime() + 1_000),
  ...changes,
});

describe("reuse", () => {
  it("takes the first inventory as it is", () => {
    expect(reuse(undefined, before)).toEqual({ change: "state", inventory: before });
  });

  it("keeps everything but the time when nothing changed", () => {
    const { change, inventory } = reuse(before, again());
    expect(change).toBe("freshness");
    expect(inventory.virtualMachines).toBe(before.virtualMachines);
    expect(inventory.hosts).toBe(before.hosts);
    expect(inventory.takenAt.getTime()).toBe(before.takenAt.getTime() + 1_000);
    expect(before.takenAt).not.toBe(inventory.takenAt);
  });

  it("does not mind the order in which vCenter tells", () => {
    const virtualMachines = before.virtualMachines.toReversed();
    expect(reuse(before, again({ virtualMachines })).change).toBe("freshness");
  });

  it.each<[string, Partial<VcenterInventory>, string]>([
    [
      "usage",
      {
        virtualMachines: [
          aMachine({ cpuDemandMhz: 1, memoryUsedMib: 2 }),
          aMachine({ id: "vc/vm-2" }),
        ],
      },
      "usage",
    ],
    [
      "usage and a name",
      { virtualMachines: [aMachine({ cpuDemandMhz: 1 }), aMachine({ id: "vc/vm-2", name: "x" })] },
      "state",
    ],
    [
      "a machine more",
      { virtualMachines: [...before.virtualMachines, aMachine({ id: "vc/vm-3" })] },
      "state",
    ],
    ["a machine less", { virtualMachines: [aMachine()] }, "state"],
    ["another machine", { virtualMachines: [aMachine(), aMachine({ id: "vc/vm-3" })] }, "state"],
    ["a host", { hosts: new Map([["vc/host-1", aHost({ maintenance: "in" })]]) }, "state"],
    ["no host", { hosts: new Map() }, "state"],
    ["another host", { hosts: new Map([["vc/host-2", aHost({ id: "vc/host-2" })]]) }, "state"],
  ])("sees a change of %s", (_, changes, expected) => {
    expect(reuse(before, again(changes)).change).toBe(expected);
  });

  it("keeps the objects that did not change beside one that did", () => {
    const virtualMachines = [aMachine({ cpuDemandMhz: 1 }), aMachine({ id: "vc/vm-2" })];
    const { inventory } = reuse(before, again({ virtualMachines }));
    expect(inventory.virtualMachines[0]).toBe(virtualMachines[0]);
    expect(inventory.virtualMachines[1]).toBe(before.virtualMachines[1]);
  });
});
