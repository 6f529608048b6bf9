import { describe, expect, it } from "vitest";
import { describeElapsed, describeStep } from "../../../hack/stack/tools/progress.ts";

describe("the progress of a build", () => {
  it.each([
    [0, "0 s"],
    [59_400, "59 s"],
    [59_600, "1 min 00 s"],
    [425_000, "7 min 05 s"],
  ])("calls %i ms %s", (ms, words) => {
    expect(describeElapsed(ms)).toBe(words);
  });

  it("says how far it is", () => {
    expect(describeStep({ kind: "fetching", modules: 12 })).toBe(
      "fetching sources, 12 modules so far",
    );
    expect(describeStep({ kind: "compiling", compiled: 5, total: 90 })).toBe(
      "compiled 5 of at most 90 packages",
    );
  });
});
