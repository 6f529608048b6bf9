import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { readDemand } from "../../../src/api/demand.ts";
import { apiVersion } from "../../../src/api/group.ts";
import { Pod } from "../../../src/api/pod.ts";

function read(name: string): unknown {
  return parse(readFileSync(`samples/${name}.yaml`, "utf8"));
}

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
});

describe("the sample Jobs", () => {
  it.each([
    ["gpu-job", { kind: "needs", requirement: { gpu: true, hours: 100 }, warnings: [] }],
    ["cpu-job", { kind: "needs", requirement: { gpu: false, hours: 72 }, warnings: [] }],
    ["indexed-job", { kind: "needs", requirement: { gpu: true, hours: 96 }, warnings: [] }],
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
