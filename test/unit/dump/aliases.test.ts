import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Aliases, HostNames, numbered, Uuids } from "../../../hack/dump/aliases.ts";
import { swapByteOrder } from "../../../src/selection/uuids.ts";

const aHostNames = () =>
  new HostNames(
    new Aliases(numbered("vm", 4)),
    new Aliases((number) => (number === 1 ? "example.com" : `d${number}.example.com`)),
  );

describe("names of hosts", () => {
  it.each([
    ["empty", "", ""],
    ["short", "worker-7", "vm-0001"],
    ["with a domain", "worker-7.corp.example.org", "vm-0001.example.com"],
    ["an address", "10.0.0.7", "vm-0001"],
    ["with a dot at the end", "worker-7.", "vm-0001"],
    ["with a dot at the start", ".worker", "vm-0001"],
    ["no host name at all", "Worker 7 (old)", "vm-0001"],
    ["what a guest without a name says", "localhost.localdomain", "localhost"],
  ])("that are %s get an alias", (_, name, alias) => {
    expect(aHostNames().of(name)).toBe(alias);
  });

  it("stay the short one of the long, in any case, and tell domains apart", () => {
    const names = aHostNames();
    expect(
      [
        "worker-7.a.example.org",
        "WORKER-7",
        "worker-7.b.example.org",
        "worker-8.A.example.org",
      ].map((name) => names.of(name)),
    ).toEqual(["vm-0001.example.com", "vm-0001", "vm-0001.d2.example.com", "vm-0002.example.com"]);
  });
});

describe("uuids", () => {
  const uuid = fc.uuid();

  it("are equal exactly where the originals are", () => {
    fc.assert(
      fc.property(fc.uniqueArray(uuid, { minLength: 2 }), (originals) => {
        const uuids = new Uuids();
        const aliases = [...originals, ...originals].map((text) => uuids.of(text));
        expect(new Set(aliases).size).toBe(originals.length);
        expect(aliases.slice(0, originals.length)).toEqual(aliases.slice(originals.length));
      }),
    );
  });

  it("keep the relation to the other byte order, whichever is met first", () => {
    fc.assert(
      fc.property(uuid, fc.boolean(), (original, swappedFirst) => {
        const uuids = new Uuids();
        if (swappedFirst) uuids.of(swapByteOrder(original));
        const alias = uuids.of(original);
        expect(uuids.of(swapByteOrder(original))).toBe(swapByteOrder(alias));
      }),
    );
  });

  it("that are the same in both byte orders stay so", () => {
    const symmetric = new Uuids().of("01020201-0303-0404-0000-000000000007");
    expect(swapByteOrder(symmetric)).toBe(symmetric);
  });

  it("in upper case stay in upper case, and are otherwise the same", () => {
    const uuids = new Uuids();
    const lower = uuids.of("421e4592-c069-924d-ce20-7e7533fab926");
    expect(uuids.of("421E4592-C069-924D-CE20-7E7533FAB926")).toBe(lower.toUpperCase());
  });

  it("that are none are not repeated", () => {
    expect(new Uuids().of("VMware-42 1e 45 92")).toBe("not-a-uuid");
    expect(new Uuids().of("")).toBe("");
  });
});
