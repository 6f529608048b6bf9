import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cut } from "../../../src/vsphere/words.ts";

describe("a text that is cut", () => {
  it.each([
    ["ends before a character that it would halve", "abc\u{1F600}", 5, "abc\u{1F600}"],
    ["ends before a character that it would halve", "abc\u{1F600}d", 5, "abc…"],
    ["loses halves that it came with", "a\uD83Db", 5, "a b"],
    ["loses what breaks lines or hides", "a\r\n\u0000\u202Eb", 5, "a b"],
  ])("%s: %j", (_, text, length, found) => {
    expect(cut(text, length)).toBe(found);
  });

  it("is short and well formed, whatever it was", () => {
    const property = fc.property(
      fc.string({ unit: "binary" }),
      fc.integer({ min: 2, max: 20 }),
      (text, length) => {
        const found = cut(text, length);
        expect(found.isWellFormed()).toBe(true);
        expect(found.length).toBeLessThanOrEqual(length);
        expect(found).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      },
    );
    fc.assert(property, { numRuns: 500 });
  });
});
