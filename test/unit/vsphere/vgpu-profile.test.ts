import { describe, expect, it } from "vitest";
import type { Card } from "../../../src/vsphere/host-cards.ts";
import { fitsBoard, readVgpuProfile } from "../../../src/vsphere/vgpu-profile.ts";

describe("readVgpuProfile", () => {
  it.each<[string, string | undefined, number | undefined]>([
    ["", undefined, undefined],
    ["grid_k120q", undefined, undefined],
    ["simulated", undefined, undefined],
    ["grid_a100-40", undefined, undefined],
    ["grid_a100-40x", undefined, undefined],
    ["grid_-40c", undefined, undefined],
    ["a100-40c", undefined, undefined],
    ["grid_a100-4000c", undefined, undefined],
    ["grid_m10-0q", "m10", 512],
    ["nvidia_a40-1b", "a40", 1_024],
    ["grid_m60-2b4", "m60", 2_048],
    ["grid_a100d-40c", "a100d", 40_960],
    ["GRID_A100D-40C", "a100d", 40_960],
    ["grid_a100-1-5c", "a100", 5_120],
    ["grid_a100d-1-10cme", "a100d", 10_240],
    ["grid_a100d-7-80c", "a100d", 81_920],
    ["nvidia_h200-141c", "h200", 144_384],
    ["nvidia_rtxa6000-48q", "rtxa6000", 49_152],
    ["nvidia_rtx6000-ada-24q", "rtx6000ada", 24_576],
    ["nvidia_rtxpro6000blackwelldc-2-48q", "rtxpro6000blackwelldc", 49_152],
  ])("%s", (profile, board, memoryMib) => {
    expect(readVgpuProfile(profile)).toEqual(board && { board, memoryMib });
  });
});

describe("fitsBoard", () => {
  it.each<[string, string, number | undefined, boolean]>([
    ["grid_a100-40c", "", undefined, false],
    ["grid_t4-16q", "NVIDIATesla T4", 15_360, true],
    ["grid_t4-16q", "TU104GL [Tesla T4]", undefined, true],
    ["nvidia_a40-48c", "NVIDIA A40", 46_068, true],
    ["nvidia_a40-48c", "NVIDIA L40", undefined, false],
    ["nvidia_l40-48c", "NVIDIA L40S", 46_068, false],
    ["nvidia_l40s-48c", "NVIDIA L40S", 46_068, true],
    ["nvidia_a40-48c", "NVIDIA A40", 16_384, false],
    ["nvidia_a16-16c", "GA107GL [A2/A16]", undefined, true],
    ["nvidia_rtxa6000-48q", "GA102GL [RTX A6000]", undefined, true],
    ["nvidia_rtx6000-24q", "Quadro RTX 6000", undefined, true],
    ["nvidia_rtx6000-24q", "NVIDIA RTX 6000 Ada Generation", undefined, false],
    ["nvidia_rtx6000-ada-24q", "NVIDIA RTX 6000 Ada Generation", undefined, true],
    ["nvidia_rtx6000-ada-24q", "Quadro RTX 6000", undefined, false],
    [
      "nvidia_rtxpro6000blackwelldc-2-48q",
      "NVIDIA RTX PRO 6000 Blackwell Server Edition",
      97_887,
      true,
    ],
    ["grid_a100-40c", "NVIDIA A100-PCIE-40GB", 40_960, true],
    ["grid_a100-40c", "NVIDIA A100 80GB PCIe", 81_920, false],
    ["grid_a100-40c", "NVIDIA A100-SXM4-40GB", 40_960, false],
    ["grid_a100d-40c", "NVIDIA A100 80GB PCIe", 81_920, true],
    ["grid_a100d-40c", "NVIDIA A100-SXM4-80GB", 81_920, false],
    ["grid_a100d-40c", "NVIDIA A100X", 81_920, true],
    ["grid_a100x-40c", "NVIDIA A100X", 81_920, false],
    ["grid_a100x-40c", "NVIDIA A100-SXM4-40GB", 40_960, true],
    ["grid_a100dx-40c", "NVIDIA A100-SXM4-80GB", 81_920, true],
    ["nvidia_h100-80c", "NVIDIA H100 PCIe", 81_559, true],
    ["nvidia_h100-80c", "NVIDIA H100 NVL", undefined, false],
    ["nvidia_h100xm-80c", "NVIDIA H100 80GB HBM3", 81_559, true],
    ["nvidia_h100xm-80c", "NVIDIA H100 PCIe", 81_559, false],
    ["nvidia_h100l-94c", "NVIDIA H100 NVL", 95_830, true],
    ["nvidia_h200-141c", "NVIDIA H200 NVL", 143_771, true],
  ])("%s on %s with %s MiB: %4$s", (profile, model, memoryMib, expected) => {
    const card: Card = { model, ...(memoryMib !== undefined && { memoryMib }) };
    const read = readVgpuProfile(profile);
    expect(read && fitsBoard(read, card)).toBe(expected);
  });
});
