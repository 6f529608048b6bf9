import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sameFields } from "../../../src/vsphere/same-fields.ts";

describe("sameFields", () => {
  it.each<[string, object, object, boolean]>([
    ["the same fields in another order", { a: 1, b: 2 }, { b: 2, a: 1 }, true],
    ["empty lists", { a: [] }, { a: [] }, true],
    ["an empty list and one that is not", { a: [] }, { a: [undefined] }, false],
    ["lists of equal objects", { a: [{ b: 1 }] }, { a: [{ b: 1 }] }, true],
    ["lists of other objects", { a: [{ b: 1 }] }, { a: [{ b: 2 }] }, false],
    ["a field that is absent", { a: 1 }, { a: 1, b: undefined }, false],
    ["as many fields with other names", { a: undefined }, { b: undefined }, false],
    ["nothing and an object", { a: null }, { a: {} }, false],
  ])("compares %s", (_, a, b, expected) => {
    expect(sameFields(a, b)).toBe(expected);
  });

  it("says what a comparison in depth says", () => {
    const record = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.jsonValue({ maxDepth: 2 }), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(record, record, (a, b) => {
        expect(sameFields(a, b)).toBe(isDeepStrictEqual(a, b));
        expect(sameFields(a, structuredClone(a))).toBe(isDeepStrictEqual(a, structuredClone(a)));
      }),
    );
  });
});
