import { describe, expect, it } from "vitest";
import { gpuTotals, modelKey } from "../../../src/selection/gpu-totals.ts";
import type { Gpu } from "../../../src/selection/model.ts";

const gpu = (model?: string, memoryMib?: number): Gpu => ({
  kind: "passthrough",
  pciId: "0000:3b:00.0",
  movesLive: false,
  ...(model !== undefined && { model }),
  ...(memoryMib !== undefined && { memoryMib }),
});

describe("gpuTotals", () => {
  it.each<[string, Gpu[], ReturnType<typeof gpuTotals>]>([
    ["none", [], { count: 0 }],
    ["one of which nothing is known", [gpu()], { count: 1 }],
    [
      "two models, of which a pod may get either",
      [gpu("A100", 1024), gpu("L40S", 2048)],
      { count: 2, memoryGib: 1 },
    ],
    [
      "one model spelt in two ways",
      [gpu("A100 PCIe"), gpu("a100-pcie")],
      { count: 2, model: "A100 PCIe" },
    ],
    ["one of unknown model among others", [gpu("A100"), gpu()], { count: 2 }],
    [
      "one of unknown memory among others",
      [gpu("A100", 1024), gpu("A100")],
      { count: 2, model: "A100" },
    ],
    [
      "an H100 that is sold with 80 GB",
      [gpu("H100", 81_559)],
      { count: 1, model: "H100", memoryGib: 80 },
    ],
    [
      "an L40S that is sold with 48 GB, ECC on",
      [gpu("L40S", 46_068)],
      { count: 1, model: "L40S", memoryGib: 45 },
    ],
    ["a share of half a GiB", [gpu("A16", 512)], { count: 1, model: "A16", memoryGib: 0 }],
  ])("of %s", (_, gpus, expected) => {
    expect(gpuTotals(gpus)).toEqual(expected);
  });
});

describe("modelKey", () => {
  it.each([
    ["NVIDIA A100 80GB PCIe", "nvidia-a100-80gb-pcie"],
    ["NVIDIA-A100-80GB-PCIe", "nvidia-a100-80gb-pcie"],
    ["  nvidia a100 80gb pcie ", "nvidia-a100-80gb-pcie"],
    ["GA100 [A100 PCIe 80GB]", "ga100-a100-pcie-80gb"],
    ["AMD Instinct™ MI300X", "amd-instinct-mi300x"],
    ["---", ""],
  ])("of %j", (model, expected) => {
    expect(modelKey(model)).toBe(expected);
  });
});
