import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { labelValue } from "../../../src/api/label-value.ts";

/** What the API server accepts as the value of a label. */
const valid = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;

describe("a label value", () => {
  it.each([
    ["", ""],
    ["esxi-a.example.com", "esxi-a.example.com"],
    ["rack 7 (left)", "rack-7-left"],
    ["  a\tb  ", "a-b"],
    ["fe80::17", "fe8017"],
    ["10.0.0.7", "10.0.0.7"],
    ["-esxi_", "esxi"],
    ["%2fesxi", "2fesxi"],
    ["x".repeat(63), "x".repeat(63)],
  ])("of %j is %j", (text, value) => {
    expect(labelValue(text)).toBe(value);
  });

  it("of a text without any letter or digit that may stand in it is a hash", () => {
    expect(labelValue("主机")).toMatch(/^[0-9a-f]{8}$/);
    expect(labelValue("主机")).not.toBe(labelValue("主人"));
  });

  it("keeps two long texts apart that begin alike", () => {
    const long = `esxi.${"rack-7.".repeat(12)}`;
    const values = [labelValue(`${long}a`), labelValue(`${long}b`)];
    expect(new Set(values).size).toBe(2);
    for (const value of values) expect(value).toMatch(/^esxi\.rack-7\./);
  });

  it("is valid whatever the text is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        expect(labelValue(text)).toMatch(valid);
      }),
    );
  });

  it("is nothing only where the text is nothing", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 200 }), (text) => {
        expect(labelValue(text)).not.toBe("");
      }),
    );
  });

  it("is left as it is where it is valid already", () => {
    fc.assert(
      fc.property(fc.stringMatching(valid), (text) => {
        expect(labelValue(text)).toBe(text);
      }),
    );
  });
});
