import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { readDeclaredWindow } from "../../../src/api/declared-window.ts";
import { readDemand } from "../../../src/api/demand.ts";
import { expandWindow } from "../../../src/api/expand-window.ts";
import { GpuInfoSpec } from "../../../src/api/gpuinfo.ts";
import { apiVersion } from "../../../src/api/group.ts";
import { Pod } from "../../../src/api/pod.ts";
import { requirementFromSpec } from "../../../src/api/requirement.ts";

function read(name: string): unknown {
  return parse(readFileSync(`samples/${name}.yaml`, "utf8"));
}

const Sample = z.object({ spec: z.unknown() });

const Job = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    completionMode: z.string().optional(),
    completions: z.int().optional(),
    parallelism: z.int().optional(),
    template: Pod,
  }),
});

describe("the sample GPUInfos", () => {
  it("need a GPU for 100, 250, 75 and 200 hours", () => {
    expect([1, 2, 3, 4].map((n) => read(`gpu${n}`))).toEqual(
      [100, 250, 75, 200].map((desAccTime, i) => ({
        apiVersion,
        kind: "GPUInfo",
        metadata: { name: `gpu${i + 1}` },
        spec: { desAccTime, gpuRequired: true },
      })),
    );
  });

  it("need a kind of GPU, the fifth of them", () => {
    expect(requirementFromSpec(GpuInfoSpec.parse(Sample.parse(read("gpu5")).spec))).toEqual({
      gpu: true,
      hours: 100,
      gpuNeeds: { model: "NVIDIA A100 80GB PCIe", memoryGib: 40 },
    });
  });
});

describe("the sample Jobs", () => {
  it.each([
    ["gpu-job", { kind: "needs", requirement: { gpu: true, hours: 100 }, warnings: [] }],
    ["cpu-job", { kind: "needs", requirement: { gpu: false, hours: 72 }, warnings: [] }],
    ["indexed-job", { kind: "needs", requirement: { gpu: true, hours: 96 }, warnings: [] }],
    [
      "model-job",
      {
        kind: "needs",
        requirement: {
          gpu: true,
          hours: 100,
          gpuNeeds: { model: "NVIDIA A100 80GB PCIe", memoryGib: 40 },
        },
        warnings: [],
      },
    ],
    ["gpuinfo-job", { kind: "reference", name: "gpu1", warnings: [] }],
  ])("%s asks for what it says, with nothing to warn about", (name, demand) => {
    const { metadata, spec } = Job.parse(read(`jobs/${name}`));
    expect(metadata.name).toBe(name);
    expect(readDemand(spec.template)).toEqual(demand);
  });

  it("train on four pods, each with an index", () => {
    expect(Job.parse(read("jobs/indexed-job")).spec).toMatchObject({
      completionMode: "Indexed",
      completions: 4,
      parallelism: 4,
    });
  });
});

describe("the sample MaintenanceWindows", () => {
  it.each([
    ["once", "2026-12-12T21:00:00.000Z", "2026-12-13T03:00:00.000Z"],
    ["monthly", "2026-12-05T21:00:00.000Z", "2026-12-06T05:00:00.000Z"],
    ["nodes", "2026-12-31T06:00:00.000Z", "2026-12-31T08:30:00.000Z"],
  ])("%s comes when it says", (name, startsAt, endsAt) => {
    const window = readDeclaredWindow(read(`maintenance/${name}`));
    expect(expandWindow(window, new Date("2026-11-22T12:00:00Z"))).toMatchObject({
      kind: "known",
      windows: expect.arrayContaining([
        expect.objectContaining({ startsAt: Date.parse(startsAt), endsAt: Date.parse(endsAt) }),
      ]),
      validUntil: Date.parse(endsAt),
    });
  });
});
