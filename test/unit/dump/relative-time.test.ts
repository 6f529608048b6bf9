import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { relativeIntervals, relativeTo } from "../../../hack/dump/relative-time.ts";
import { parseIntervals } from "../../../src/vsphere/intervals.ts";

const now = Date.parse("2026-11-22T12:00:00Z");
const hour = 3_600_000;

describe("a time", () => {
  it.each([
    [0, "in 0s"],
    [399, "in 399h"],
    [-2, "2h ago"],
    [0.5, "in 30m"],
    [1.25, "in 1h15m"],
    [1 / 3_600, "in 1s"],
    [-25.5, "25h30m ago"],
  ])("%f hours from now is %j", (hours, text) => {
    expect(relativeTo(now, now + hours * hour)).toBe(text);
  });
});

describe("what somebody wrote into the attribute", () => {
  it.each([
    ["nothing", "", ""],
    ["no maintenance", " None ", "none"],
    ["an interval", "2026-11-24T04:00Z/PT4H", "{in 40h}/{in 44h}"],
    [
      "an interval in another zone",
      "2026-11-24T05:00+01:00/2026-11-24T09:00+01:00",
      "{in 40h}/{in 44h}",
    ],
    ["two", "2026-11-22T10:00Z/PT4H,2026-11-24T04:00Z/PT4H", "{2h ago}/{in 2h}, {in 40h}/{in 44h}"],
    ["words", "ask Jörg, ext. 4711", "xxx xxxx, xxx. 0000"],
    ["an interval without a zone", "2026-11-24T04:00/PT4H", "0000-00-00x00:00/xx0x"],
    ["one of each", "2026-11-24T04:00Z/PT4H, later", "{in 40h}/{in 44h}, xxxxx"],
    ["an empty part", "2026-11-24T04:00Z/PT4H,", "{in 40h}/{in 44h}, ?"],
    ["braces", "{in 4h}", "?xx 0x?"],
    ["a value that only a redactor would write", "none of your business", "xxxx xx xxxx xxxxxxxx"],
  ])("as %s becomes relative, or keeps its shape alone", (_, written, relative) => {
    expect(relativeIntervals(written, now)).toBe(relative);
  });

  it("can be read in the end exactly where it could be read before", () => {
    const part = fc.oneof(
      fc.constantFrom("2026-11-24T04:00Z/PT4H", "2027-01-01T00:00Z/P1D", "P1D", "", "x"),
      fc.string({ unit: fc.constantFrom(...Array.from("0123456789TZP:/-+. abN")) }),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
        const written = parts.join(",");
        const read = parseIntervals(written.trim());
        const relative = relativeIntervals(written, now);
        const again = parseIntervals(relative.replaceAll(/\{[^}]*\}/g, inBraces));
        expect(again.problem === undefined).toBe(read.problem === undefined);
        expect(again.spans.length).toBe(read.spans.length);
      }),
    );
  });
});

/** As the simulator replaces them: any times will do, in the right order. */
function inBraces(_: string, offset: number, text: string): string {
  return text[offset - 1] === "/" ? "2026-12-01T04:00:00Z" : "2026-12-01T02:00:00Z";
}
