import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gpuLabels, modelLabel } from "../../../src/api/gpu-labels.ts";
import { labelKeys } from "../../../src/api/names.ts";
import { modelKey } from "../../../src/selection/gpu-totals.ts";
import type { Gpu } from "../../../src/selection/model.ts";
import { aGpu } from "../../support/builders.ts";

const { gpu, gpuModel, gpuMemoryGib, gpuCount } = labelKeys;

const a100 = { ...aGpu, model: "NVIDIA A100 80GB PCIe", memoryMib: 40_960 };
const l40s = { ...aGpu, model: "NVIDIA L40S", memoryMib: 46_068 };

/** What the API server accepts as the value of a label, and not empty. */
const valid = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

describe("the labels about GPUs", () => {
  it.each<[string, readonly Gpu[], object]>([
    ["no GPU", [], { [gpu]: "false" }],
    ["one of which nothing is known", [aGpu], { [gpu]: "true", [gpuCount]: "1" }],
    [
      "one",
      [a100],
      { [gpu]: "true", [gpuModel]: "nvidia-a100-80gb-pcie", [gpuMemoryGib]: "40", [gpuCount]: "1" },
    ],
    [
      "two alike, the model of one spelled as a label",
      [a100, { ...a100, model: "nvidia-a100-80gb-pcie" }],
      { [gpu]: "true", [gpuModel]: "nvidia-a100-80gb-pcie", [gpuMemoryGib]: "40", [gpuCount]: "2" },
    ],
    [
      "two models: the memory is that of the smaller",
      [a100, l40s],
      { [gpu]: "true", [gpuMemoryGib]: "40", [gpuCount]: "2" },
    ],
    ["one of several unknown", [a100, aGpu], { [gpu]: "true", [gpuCount]: "2" }],
    [
      "a model in no letter or digit of ASCII",
      [{ ...a100, model: "显卡" }],
      { [gpu]: "true", [gpuMemoryGib]: "40", [gpuCount]: "1" },
    ],
    [
      "less than half a GiB",
      [{ ...aGpu, memoryMib: 511 }],
      { [gpu]: "true", [gpuMemoryGib]: "0", [gpuCount]: "1" },
    ],
    [
      "memory that is no number",
      [{ ...l40s, memoryMib: Number.NaN }],
      { [gpu]: "true", [gpuModel]: "nvidia-l40s", [gpuCount]: "1" },
    ],
    [
      "memory without end",
      [{ ...l40s, memoryMib: Number.POSITIVE_INFINITY }],
      { [gpu]: "true", [gpuModel]: "nvidia-l40s", [gpuCount]: "1" },
    ],
    [
      "memory below zero",
      [{ ...l40s, memoryMib: -4096 }],
      { [gpu]: "true", [gpuModel]: "nvidia-l40s", [gpuCount]: "1" },
    ],
  ])("of %s", (_what, gpus, labels) => {
    expect(gpuLabels(gpus)).toEqual(labels);
  });

  it("are valid whatever vCenter says of the cards", () => {
    const anyGpu = fc.record({
      model: fc.string({ unit: "binary", maxLength: 200 }),
      memoryMib: fc.oneof(fc.double(), fc.integer()),
    });
    fc.assert(
      fc.property(fc.array(anyGpu, { maxLength: 3 }), (facts) => {
        const labels = gpuLabels(facts.map((each) => ({ ...aGpu, ...each })));
        for (const value of Object.values(labels)) expect(value).toMatch(valid);
      }),
    );
  });
});

describe("the label of a model", () => {
  it("is the same for every spelling, and differs between long names that begin alike", () => {
    const long = "NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition 96 GB GDDR7";
    expect(modelLabel(long)).toBe(modelLabel(long.toUpperCase().replaceAll(" ", "_")));
    expect(modelLabel(long)).toMatch(valid);
    expect(modelLabel(`${long} 2`)).not.toBe(modelLabel(long));
  });

  it("tells two models apart exactly where selection does", () => {
    const word = fc.constantFrom("A100", "a100", "80GB", "PCIe", "pcie", "(R)", "L40S");
    const name = fc.array(word, { minLength: 1, maxLength: 20 }).map((words) => words.join(" "));
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(modelLabel(a) === modelLabel(b)).toBe(modelKey(a) === modelKey(b));
      }),
    );
  });
});
