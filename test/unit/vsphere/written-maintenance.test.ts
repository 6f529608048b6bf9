import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeDefinitions,
  readAttribute,
  valuesOf,
} from "../../../src/vsphere/custom-attributes.ts";
import type { PropertyBag } from "../../../src/vsphere/decode.ts";
import { Places, parentOf } from "../../../src/vsphere/places.ts";
import { writtenMaintenance } from "../../../src/vsphere/written-maintenance.ts";
import { WrittenTexts } from "../../../src/vsphere/written-texts.ts";
import {
  aFieldsBag,
  aHostIn,
  aPlace,
  attribute,
  cluster,
  customValue,
  datacenter,
  folder,
  rootFolder,
  theTree,
} from "./tree.ts";
import { aBag, change, garbage, text, typed } from "./values.ts";

/** Key 0 is legal; the attribute has one key for hosts, and one for all other types. */
const fields = aFieldsBag({ owner: 1, [attribute]: [0, 7] });
const definitions = decodeDefinitions(fields, attribute);

const first = "2026-12-01T02:00Z/PT4H";
const second = "2026-12-02T02:00Z/PT4H";
const firstWindow = {
  startsAt: Date.UTC(2026, 11, 1, 2),
  endsAt: Date.UTC(2026, 11, 1, 6),
  source: "customAttribute",
};

/** What is written where: by name of the level. */
interface Writing {
  readonly host?: string;
  readonly cluster?: string;
  readonly folder?: string;
  readonly datacenter?: string;
  readonly root?: string;
}

const value = (key: number, words: string | undefined) =>
  words === undefined ? {} : { customValue: customValue({ 1: "somebody", [key]: words }) };

function maintenanceOf(writing: Writing, ...others: readonly PropertyBag[]) {
  const tree = [
    aPlace(rootFolder, "Datacenters", undefined, value(7, writing.root)),
    aPlace(datacenter, "DC0", rootFolder, value(7, writing.datacenter)),
    aPlace(folder, "host", datacenter, value(7, writing.folder)),
    aPlace(cluster, "gpu", folder, value(7, writing.cluster)),
  ];
  return maintenanceIn([...tree, ...others], aHostIn(cluster, value(0, writing.host)));
}

function maintenanceIn(tree: readonly PropertyBag[], host: PropertyBag, known = definitions) {
  const places = new Places(rootFolder);
  for (const bag of tree) places.apply(change("enter", bag));
  return writtenMaintenance(host, places.above(parentOf(host)), {
    name: attribute,
    definitions: known,
    formerKeys: new Set(),
    texts: new WrittenTexts(),
  });
}

describe("what is written into the attribute", () => {
  it.each<[string, Writing, string]>([
    ["on the host", { host: first }, "host esxi-a.example.com"],
    ["on its cluster", { cluster: first }, "cluster gpu"],
    ["on a folder", { folder: first }, "folder host"],
    ["on the datacenter", { datacenter: first }, "datacenter DC0"],
    [
      "on the host, before its cluster",
      { host: first, cluster: second },
      "host esxi-a.example.com",
    ],
    [
      "on the cluster, before its datacenter",
      { cluster: first, datacenter: "none" },
      "cluster gpu",
    ],
    ["on the cluster, where the host's is blank", { host: "  ", cluster: first }, "cluster gpu"],
  ])("%s gives the host's windows, and says where it was written", (_, writing, where) => {
    expect(maintenanceOf(writing)).toEqual({
      kind: "known",
      windows: [{ ...firstWindow, description: `gpuinfo.maintenance of ${where}` }],
    });
  });

  it.each<[string, Writing]>([
    ["nothing anywhere", {}],
    ["a blank", { host: " \t" }],
    ["an empty text", { cluster: "" }],
    ["none, on a nearer object", { host: "none", cluster: first }],
    ["none in other letters, with blanks", { cluster: " NonE ", datacenter: first }],
  ])("as %s means that none is planned", (_, writing) => {
    expect(maintenanceOf(writing)).toEqual({ kind: "known", windows: [] });
  });

  it("is put in order, and merged where it touches", () => {
    const words = `${second}, 2026-12-01T06:00Z/PT1H, ${first}`;
    expect(maintenanceOf({ cluster: words })).toMatchObject({
      windows: [
        {
          startsAt: firstWindow.startsAt,
          endsAt: firstWindow.endsAt + 3_600_000,
          description: "gpuinfo.maintenance of cluster gpu",
        },
        { startsAt: Date.UTC(2026, 11, 2, 2) },
      ],
    });
  });

  it("keeps windows that are over: they are dropped where the clock is known", () => {
    expect(maintenanceOf({ host: "2020-01-01T00:00Z/PT1H" }).windows).toHaveLength(1);
  });

  it("that cannot be read leaves the host's maintenance unknown, and what can be read in force", () => {
    const horizon = maintenanceOf({ cluster: `${first}, tomorrow`, datacenter: second });
    expect(horizon).toEqual({
      kind: "unknown",
      why:
        'gpuinfo.maintenance of cluster gpu: "tomorrow" is no interval; wanted ISO 8601 intervals with a time zone, ' +
        "separated by commas, such as 2026-12-01T02:00Z/PT4H, or none",
      windows: [{ ...firstWindow, description: "gpuinfo.maintenance of cluster gpu" }],
    });
  });

  it("counts twice where the attribute is defined for all types and for hosts once more", () => {
    const both = customValue({ 0: first, 7: second });
    expect(maintenanceIn(theTree, aHostIn(cluster, { customValue: both })).windows).toHaveLength(2);
  });

  it("is not mixed up with other attributes", () => {
    const other = customValue({ 1: first });
    expect(maintenanceIn(theTree, aHostIn(cluster, { customValue: other })).windows).toEqual([]);
  });
});

describe("what vCenter does not show", () => {
  const refused = { customValue: "NoPermission" };

  it("of the host's attributes leaves its maintenance unknown", () => {
    expect(maintenanceIn(theTree, aHostIn(cluster, {}, refused))).toEqual({
      kind: "unknown",
      why: "vCenter answers NoPermission for the custom attributes of host esxi-a.example.com: give the account the Read-only role at the root, propagated",
      windows: [],
    });
  });

  it("of its cluster's matters only where the host has none of its own", () => {
    const shut = aPlace(cluster, "gpu", folder, {}, refused);
    expect(maintenanceOf({}, shut)).toMatchObject({
      kind: "unknown",
      why: expect.stringContaining("cluster gpu"),
    });
    expect(maintenanceOf({ host: "none" }, shut)).toEqual({ kind: "known", windows: [] });
  });

  it("does not matter at all where nobody defined the attribute", () => {
    const none = decodeDefinitions(aFieldsBag({ owner: 1 }), attribute);
    expect(maintenanceIn([], aHostIn(cluster, {}, refused), none)).toEqual({
      kind: "known",
      windows: [],
    });
  });

  it("of the definitions leaves everything unknown", () => {
    const manager = aBag({ type: "CustomFieldsManager", id: "x" }, {}, { field: "NoPermission" });
    const unknown = decodeDefinitions(manager, attribute);
    expect(maintenanceIn(theTree, aHostIn(cluster), unknown)).toMatchObject({
      kind: "unknown",
      why: expect.stringContaining("vCenter answers NoPermission for its custom attributes"),
    });
  });

  it.each<[string, unknown]>([
    ["no list", text("x")],
    ["without a key", typed("ArrayOfCustomFieldValue", { CustomFieldValue: { value: first } })],
    [
      "with a key that is none",
      typed("ArrayOfCustomFieldValue", { CustomFieldValue: { key: "zero", value: first } }),
    ],
  ])("in a known form, but %s, leaves it unknown", (_, odd) => {
    expect(maintenanceIn(theTree, aHostIn(cluster, { customValue: odd }))).toMatchObject({
      kind: "unknown",
      why: "the custom attributes of host esxi-a.example.com have an unknown form",
    });
  });
});

describe("definitions", () => {
  it("find the attribute by its name in any letters, under each of its keys", () => {
    const found = decodeDefinitions(
      aFieldsBag({ "GPUinfo.Maintenance ": [0, 4], other: 2 }),
      attribute,
    );
    expect(found).toEqual({ kind: "known", keys: new Set([0, 4]), allKeys: new Set([0, 2, 4]) });
  });

  it("may be none at all", () => {
    expect(decodeDefinitions(aFieldsBag({}), attribute)).toMatchObject({
      kind: "known",
      keys: new Set(),
    });
  });

  it("are not guessed from garbage", () => {
    const manager = { type: "CustomFieldsManager", id: "x" };
    const odd = aBag(manager, {
      field: typed("ArrayOfCustomFieldDef", { CustomFieldDef: { name: attribute } }),
    });
    expect(decodeDefinitions(odd, attribute).kind).toBe("unknown");
    const property = fc.property(
      garbage,
      (field) => void decodeDefinitions(aBag(manager, { field }), attribute),
    );
    expect(() => fc.assert(property)).not.toThrow();
  });
});

describe("whatever is written", () => {
  const anything = fc.oneof(
    fc.constantFrom(first, second, "none", "", " ", "never", `${first},`, "2026-02-30T00:00Z/PT1H"),
    fc.string({ unit: "binary" }),
  );

  it("is known and open only where it is blank or none", () => {
    const property = fc.property(anything, (host) => {
      const { kind, windows } = maintenanceOf({ host });
      const isOpen = kind === "known" && windows.length === 0;
      expect(isOpen).toBe(/^(none)?$/i.test(host.trim()));
    });
    fc.assert(property, { numRuns: 500 });
  });

  it("by whatever server breaks nothing, and hides no window that is nearer", () => {
    const property = fc.property(garbage, garbage, (above, below) => {
      const odd = aPlace(cluster, "gpu", folder, { customValue: above });
      expect(maintenanceOf({ host: first }, odd).windows).toHaveLength(1);
      const bag = aHostIn(cluster, { customValue: below });
      expect(valuesOf(bag).every(({ key }) => Number.isSafeInteger(key))).toBe(true);
      expect(["blank", "written", "unknown"]).toContain(readAttribute(bag, new Set([0])).kind);
    });
    fc.assert(property, { numRuns: 500 });
  });
});
