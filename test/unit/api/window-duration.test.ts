import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isDuration, parseDuration } from "../../../src/api/window-duration.ts";

describe("a duration", () => {
  it.each([
    ["1m", 60_000],
    ["60s", 60_000],
    ["4h", 14_400_000],
    ["90m", 5_400_000],
    ["2h30m", 9_000_000],
    ["1h0m0s", 3_600_000],
    ["744h", 31 * 24 * 3_600_000],
    ["44640m", 31 * 24 * 3_600_000],
  ])("of %s is %d ms", (text, ms) => {
    expect(isDuration(text)).toBe(true);
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    "",
    " ",
    "0s",
    "59s",
    "744h1s",
    "999h",
    "4",
    "4d",
    "-4h",
    "+4h",
    "1.5h",
    "4 h",
    "4H",
    "30m2h",
    "2h2h",
    "PT4H",
    "4h ",
    "1e3h",
    "0x1h",
    "9".repeat(400),
  ])("of %j is none", (text) => {
    expect(isDuration(text)).toBe(false);
  });

  it("is read back as it was written, whatever it is", () => {
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 31 * 24 * 3600 }), (seconds) => {
        const text = `${Math.floor(seconds / 3600)}h${Math.floor(seconds / 60) % 60}m${seconds % 60}s`;
        expect(isDuration(text)).toBe(true);
        expect(parseDuration(text)).toBe(seconds * 1_000);
      }),
    );
  });
});
