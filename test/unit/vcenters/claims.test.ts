import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VcenterClaims } from "../../../src/vcenters/claims.ts";

const names = ["east", "west", "far"];

describe("VcenterClaims", () => {
  it("lets everybody have a vCenter of its own, and claim it again", () => {
    const claims = new VcenterClaims(names);
    expect(claims.claim("east", "uuid-1")).toEqual({});
    expect(claims.claim("west", "uuid-2")).toEqual({});
    expect(claims.claim("east", "uuid-1")).toEqual({});
    expect(names.filter((name) => claims.isRefused(name))).toEqual([]);
  });

  it("refuses the second of two that reach the same vCenter", () => {
    const claims = new VcenterClaims(names);
    claims.claim("east", "uuid-1");
    expect(claims.claim("west", "uuid-1")).toEqual({ heldBy: "east" });
    expect(claims.isRefused("west")).toBe(true);
  });

  it("takes it from the second where that came sooner, so that every replica reads under the same name", () => {
    const claims = new VcenterClaims(names);
    claims.claim("west", "uuid-1");
    expect(claims.claim("east", "uuid-1")).toEqual({ takenFrom: "west" });
    expect(claims.isRefused("west")).toBe(true);
    expect(claims.isRefused("east")).toBe(false);
  });

  it("lets go of a vCenter when its Secret names another one", () => {
    const claims = new VcenterClaims(names);
    claims.claim("east", "uuid-1");
    claims.claim("west", "uuid-1");
    expect(claims.claim("east", "uuid-2")).toEqual({ hasMoved: true });
    expect(claims.claim("east", "uuid-2")).toEqual({});
    expect(claims.claim("west", "uuid-1")).toEqual({});
    expect(claims.isRefused("west")).toBe(false);
  });

  it("lets go of it also where the other one is refused", () => {
    const claims = new VcenterClaims(names);
    claims.claim("east", "uuid-1");
    claims.claim("west", "uuid-2");
    expect(claims.claim("west", "uuid-1")).toEqual({ heldBy: "east", hasMoved: true });
    expect(claims.claim("far", "uuid-2")).toEqual({});
  });

  it("never leaves a vCenter to two names, nor one that answers to none", () => {
    const claim = fc.tuple(fc.constantFrom(...names), fc.constantFrom("uuid-1", "uuid-2"));
    fc.assert(
      fc.property(fc.array(claim), (sequence) => {
        const claims = new VcenterClaims(names);
        for (const [name, uuid] of sequence) claims.claim(name, uuid);
        const last = new Map(sequence);
        // Those who were refused try again, as their sessions do.
        for (const [name, uuid] of [...last, ...last]) claims.claim(name, uuid);
        for (const uuid of new Set(last.values())) {
          const readers = [...last].filter(
            ([name, own]) => own === uuid && !claims.isRefused(name),
          );
          const [first] = names.filter((name) => last.get(name) === uuid);
          expect(readers).toEqual([[first, uuid]]);
        }
      }),
    );
  });
});
