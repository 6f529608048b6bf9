import { describe, expect, it } from "vitest";
import type { VirtualMachine } from "../../../src/selection/model.ts";
import { Calendar } from "../../../src/vsphere/calendar.ts";
import type { ManagedObject, PropertyBag } from "../../../src/vsphere/decode.ts";
import { InventoryState } from "../../../src/vsphere/inventory-state.ts";
import { escapeName, mapIdentity, unescapeName } from "../../../src/vsphere/mapping.ts";
import { aPlace, datacenter, refTo, rootFolder } from "./tree.ts";
import { aBag, aMachineBag, change, text } from "./values.ts";

const vmFolder: ManagedObject = { type: "Folder", id: "group-v3" };
const mlFolder: ManagedObject = { type: "Folder", id: "group-v9" };
const places: readonly PropertyBag[] = [
  aPlace(rootFolder, "Datacenters", undefined),
  aPlace(datacenter, "DC0", rootFolder),
  aPlace(vmFolder, "vm", datacenter),
  aPlace(mlFolder, "ml%2fteam a", vmFolder),
];

/** A state in which worker-1 was scanned, and followed if wanted. */
function aState(
  values: Record<string, unknown>,
  { follow = false, refused = {} }: { follow?: boolean; refused?: Record<string, string> } = {},
): InventoryState {
  const calendar = new Calendar({ rootFolder, maintenanceAttribute: "maintenance" });
  const state = new InventoryState("vcenter", "vc", calendar);
  state.apply(places.map((bag) => change("enter", bag)));
  const bag = aMachineBag(values, refused);
  state.replaceScanned(new Map(state.mapScanned([bag])));
  if (follow) state.follow(new Set(["vm-1"]));
  if (follow) state.apply([change("enter", bag)]);
  return state;
}

const machine = (state: InventoryState): VirtualMachine | undefined => state.virtualMachines()[0];
const inMl = { parent: refTo(mlFolder) };

describe("the inventory path of a virtual machine", () => {
  it.each([false, true])("is its folders and its name, followed or not (%s)", (follow) => {
    expect(machine(aState(inMl, { follow }))?.inventoryPath).toBe("/DC0/vm/ml%2fteam a/worker-1");
  });

  it.each([
    ["a slash", "a%2Fb", "a%2fb"],
    ["a backslash", "a%5cb", "a%5cb"],
    ["a percent sign", "100%25", "100%25"],
    ["a percent sign that is not escaped", "100%", "100%25"],
    ["what looks like an escaped slash", "a%252fb", "a%252fb"],
  ])("keeps %s in the name escaped", (_, name, escaped) => {
    const { inventoryPath } = mapIdentity("vc", aMachineBag({ name: text(name) }), "/DC0/vm");
    expect(inventoryPath).toBe(`/DC0/vm/${escaped}`);
    expect(unescapeName(escapeName(unescapeName(name)))).toBe(unescapeName(name));
  });

  it.each([
    ["in a vApp", {}],
    ["in a folder that we may not see", { parent: refTo({ type: "Folder", id: "group-v77" }) }],
  ])("is unknown for a machine %s", (_, values) => {
    expect(machine(aState(values))?.inventoryPath).toBe("");
  });

  it("follows a machine that is put into another folder", () => {
    const state = aState(inMl, { follow: true });
    const moved = aBag({ type: "VirtualMachine", id: "vm-1" }, { parent: refTo(vmFolder) });
    expect(state.apply([change("modify", moved)])).toMatchObject({ identities: true });
    expect(machine(state)?.inventoryPath).toBe("/DC0/vm/worker-1");
  });

  it("follows a folder that is renamed", () => {
    const state = aState(inMl, { follow: true });
    expect(machine(state)?.inventoryPath).toContain("team a");
    const renamed = change("modify", aBag(mlFolder, { name: text("ml") }));
    expect(state.apply([renamed])).toMatchObject({ identities: true });
    expect(machine(state)?.inventoryPath).toBe("/DC0/vm/ml/worker-1");
  });
});

describe("the instance uuid of a virtual machine", () => {
  it("is read, in small letters", () => {
    const uuid = "502E4956-AD22-1139-6D72-59CC8F26BC90";
    const { instanceUuid } = mapIdentity("vc", aMachineBag({ "config.instanceUuid": text(uuid) }));
    expect(instanceUuid).toBe(uuid.toLowerCase());
  });
});

it("a machine whose folder and instance uuid may not be read can be placed on all the same", () => {
  const refused = { parent: "NoPermission", "config.instanceUuid": "NoPermission" };
  expect(machine(aState({}, { refused }))).toMatchObject({
    instanceUuid: "",
    inventoryPath: "",
    unreadable: ["config.hardware.device"],
  });
});
