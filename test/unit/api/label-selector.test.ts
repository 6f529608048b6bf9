import { describe, expect, it } from "vitest";
import { LabelSelector, selects } from "../../../src/api/label-selector.ts";

const labels = { rack: "7", zone: "", "example.com/gpu": "true" };

function expression(key: string, operator: string, ...values: string[]): LabelSelector {
  return LabelSelector.parse({ matchExpressions: [{ key, operator, values }] });
}

describe("a label selector", () => {
  it.each<[string, LabelSelector, boolean]>([
    ["everything when it is empty", {}, true],
    ["everything when its parts are empty", { matchLabels: {}, matchExpressions: [] }, true],
    ["by one label", { matchLabels: { rack: "7" } }, true],
    ["not by another value", { matchLabels: { rack: "8" } }, false],
    ["not by a label that is absent", { matchLabels: { row: "" } }, false],
    ["by an empty value", { matchLabels: { zone: "" } }, true],
    ["by all labels, not by one of them", { matchLabels: { rack: "7", row: "1" } }, false],
    ["by In", expression("rack", "In", "6", "7"), true],
    ["not by In of others", expression("rack", "In", "6"), false],
    ["not by In of a label that is absent", expression("row", "In", "7"), false],
    ["by NotIn of others", expression("rack", "NotIn", "6"), true],
    ["by NotIn of a label that is absent", expression("row", "NotIn", "7"), true],
    ["not by NotIn of its own", expression("rack", "NotIn", "7"), false],
    ["by Exists of an empty label", expression("zone", "Exists"), true],
    ["not by Exists of what every object inherits", expression("constructor", "Exists"), false],
    ["by DoesNotExist", expression("row", "DoesNotExist"), true],
    ["not by DoesNotExist of its own", expression("example.com/gpu", "DoesNotExist"), false],
    [
      "not when labels fit and an expression does not",
      { matchLabels: { rack: "7" }, ...expression("row", "Exists") },
      false,
    ],
  ])("selects %s", (_, selector, expected) => {
    expect(selects(selector, labels)).toBe(expected);
  });

  it.each([
    { matchExpressions: [{ key: "rack", operator: "Gt", values: ["6"] }] },
    { matchExpressions: [{ key: "a b", operator: "Exists" }] },
    { matchLabels: { rack: "a b" } },
    { matchLabels: { rack: 7 } },
    { matchLabels: { rack: "x".repeat(64) } },
  ])("is refused as %j", (selector) => {
    expect(LabelSelector.safeParse(selector).success).toBe(false);
  });
});
