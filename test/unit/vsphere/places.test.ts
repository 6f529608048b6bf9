import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ManagedObject } from "../../../src/vsphere/decode.ts";
import { clusterIn, Places } from "../../../src/vsphere/places.ts";
import { aPlace, cluster, datacenter, folder, rootFolder, theTree } from "./tree.ts";
import { change, garbage, text } from "./values.ts";

function placesOf(...bags: readonly Parameters<typeof change>[1][]): Places {
  const places = new Places(rootFolder);
  for (const bag of bags) places.apply(change("enter", bag));
  return places;
}

const idsAbove = (places: Places, object: ManagedObject) =>
  places.above(object).places.map(({ object: { id } }) => id);

describe("what is above a host", () => {
  it("is its cluster, folders and datacenter, nearest first, up to the root", () => {
    const places = placesOf(...theTree);
    expect(idsAbove(places, cluster)).toEqual([
      "domain-c8",
      "group-h4",
      "datacenter-2",
      "group-d1",
    ]);
    expect(places.above(cluster).complete).toBe(true);
  });

  it("names its cluster, unescaped", () => {
    const places = placesOf(...theTree, aPlace(cluster, "gpu%2fa%25", folder));
    expect(clusterIn(places.above(cluster))).toBe("gpu/a%");
  });

  it("has a cluster of unknown name where that is refused, and where the way to it is", () => {
    const nameless = aPlace(cluster, "", folder, { name: undefined }, { name: "NoPermission" });
    expect(clusterIn(placesOf(...theTree, nameless).above(cluster))).toBeUndefined();
    expect(clusterIn(placesOf().above(cluster))).toBeUndefined();
  });

  it("is no cluster for a host that stands alone", () => {
    const alone: ManagedObject = { type: "ComputeResource", id: "domain-s9" };
    const places = placesOf(...theTree, aPlace(alone, "esxi-z.example.com", folder));
    expect(clusterIn(places.above(alone))).toBe("");
    expect(places.above(alone).complete).toBe(true);
  });

  it.each<[string, Places, string | undefined]>([
    ["nothing is known of", placesOf(), "domain-c8"],
    ["ends where vCenter does not let us look", placesOf(...theTree.slice(2)), "datacenter-2"],
    ["hides its way up", placesOf(...theTree, aPlace(datacenter, "DC0", undefined)), undefined],
    [
      "has a way up of unknown form",
      placesOf(...theTree, aPlace(folder, "host", undefined, { parent: text("x") })),
      undefined,
    ],
    ["goes in a circle", placesOf(...theTree, aPlace(folder, "host", cluster)), undefined],
    ["is above itself", placesOf(aPlace(cluster, "gpu", cluster)), undefined],
  ])("that %s is not complete", (_, places, hidden) => {
    expect(places.above(cluster)).toMatchObject({ complete: false });
    expect(places.above(cluster).hidden?.id).toBe(hidden);
    expect(places.pathOf(cluster)).toBeUndefined();
  });

  it("is not complete for a host that does not tell where it is", () => {
    expect(placesOf(...theTree).above(undefined)).toEqual({ places: [], complete: false });
  });

  it("follows renames, moves and removals", () => {
    const places = placesOf(...theTree);
    places.apply(change("modify", aPlace(cluster, "renamed", datacenter)));
    expect(idsAbove(places, cluster)).toEqual(["domain-c8", "datacenter-2", "group-d1"]);
    expect(clusterIn(places.above(cluster))).toBe("renamed");
    places.apply(change("leave", aPlace(datacenter, "DC0", rootFolder)));
    expect(places.above(cluster).hidden).toEqual(datacenter);
    places.keep(new Set());
    expect(places.above(cluster).hidden).toEqual(cluster);
  });
});

describe("the path of a folder", () => {
  const ml: ManagedObject = { type: "Folder", id: "group-v9" };
  const vm: ManagedObject = { type: "Folder", id: "group-v3" };
  const tree = [...theTree, aPlace(vm, "vm", datacenter)];

  it.each<[string, string, string]>([
    ["a plain name", "ml", "/DC0/vm/ml"],
    ["a slash, which stays escaped", "a%2fb", "/DC0/vm/a%2fb"],
    ["a slash escaped in capitals", "a%2Fb", "/DC0/vm/a%2fb"],
    ["a percent sign and a backslash", "a%25b%5c", "/DC0/vm/a%25b%5c"],
    ["blanks and other letters", "größe 2", "/DC0/vm/größe 2"],
  ])("has %s", (_, name, path) => {
    expect(placesOf(...tree, aPlace(ml, name, vm)).pathOf(ml)).toBe(path);
  });

  it("is empty for the root folder", () => {
    expect(placesOf(...tree).pathOf(rootFolder)).toBe("");
  });

  it("is unknown while a name on the way is", () => {
    const nameless = aPlace(vm, "vm", datacenter, { name: undefined }, { name: "NoPermission" });
    expect(placesOf(...tree, aPlace(ml, "ml", vm), nameless).pathOf(ml)).toBeUndefined();
  });
});

describe("whatever vCenter tells of places", () => {
  const ids = ["group-d1", "a", "b", "c", "d"];
  const object = fc.constantFrom(...ids).map((id) => ({ type: "Folder", id }));

  it("gives every place at most once, and is complete only where the root is reached", () => {
    const links = fc.array(fc.tuple(object, fc.option(object, { nil: undefined })), {
      maxLength: 8,
    });
    const property = fc.property(links, object, (pairs, start) => {
      const places = placesOf(...pairs.map(([child, parent]) => aPlace(child, child.id, parent)));
      const { places: above, complete } = places.above(start);
      const found = above.map(({ object: { id } }) => id);
      expect(new Set(found).size).toBe(found.length);
      expect(complete).toBe(found.at(-1) === rootFolder.id);
      expect(places.pathOf(start) !== undefined).toBe(complete);
    });
    fc.assert(property, { numRuns: 500 });
  });

  it("breaks nothing", () => {
    const property = fc.property(garbage, garbage, (name, parent) => {
      const places = placesOf(...theTree, aPlace(cluster, "", undefined, { name, parent }));
      const above = places.above(cluster);
      expect(above.complete).toBe(above.places.at(-1)?.object.id === rootFolder.id);
      expect(above.complete || clusterIn(above) !== "").toBe(true);
      places.pathOf(cluster);
    });
    fc.assert(property, { numRuns: 500 });
  });
});
