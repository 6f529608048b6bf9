import { describe, expect, it } from "vitest";
import { GpuInfoSpec } from "../../../src/api/gpuinfo.ts";
import { requirementFromSpec } from "../../../src/api/requirement.ts";
import { specCases } from "../../support/gpuinfo-spec-cases.ts";

describe("a GPUInfo's spec", () => {
  it.each(specCases)("is judged as the API server does: $why", ({ spec, ok }) => {
    expect(GpuInfoSpec.safeParse(spec).success).toBe(ok);
  });

  it.each([
    [{}, { gpu: false, hours: 1 }],
    [
      { gpuRequired: true, desAccTime: 100 },
      { gpu: true, hours: 100 },
    ],
    [
      { gpuRequired: true, gpuModel: " NVIDIA L40S ", gpuMemoryGiB: 44, gpuCount: 2 },
      { gpu: true, hours: 1, gpuNeeds: { model: "NVIDIA L40S", memoryGib: 44, count: 2 } },
    ],
    [
      { gpuRequired: true, gpuCount: 1 },
      { gpu: true, hours: 1, gpuNeeds: { count: 1 } },
    ],
  ])("%j becomes the requirement", (spec, requirement) => {
    expect(requirementFromSpec(GpuInfoSpec.parse(spec))).toEqual(requirement);
  });
});
