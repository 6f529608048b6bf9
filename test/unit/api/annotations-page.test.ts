import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";
import { readDemand } from "../../../src/api/demand.ts";
import { group } from "../../../src/api/group.ts";
import { annotationKeys } from "../../../src/api/names.ts";
import { Pod } from "../../../src/api/pod.ts";

const page = readFileSync("docs/annotations.md", "utf8");

/** The pod template in what an example shows: the innermost object with annotations of ours. */
function templateIn(value: unknown): Pod | undefined {
  const found = Pod.safeParse(value).data;
  if (found?.metadata.annotations) return found;
  if (typeof value !== "object" || value === null) return undefined;
  return Object.values(value)
    .map(templateIn)
    .find((template) => template !== undefined);
}

const templates = [...page.matchAll(/```yaml\n(.*?)```/gs)]
  .flatMap(([, text = ""]) => parseAllDocuments(text).map((document): unknown => document.toJS()))
  .map(templateIn)
  .filter((template) => template !== undefined);

/** `gpu-required: "false"`, with `nvidia.com/gpu: 1` → what was found, and the parts of the answer between the dots. */
const refusalRows = page
  .slice(page.indexOf("## What is refused"), page.indexOf("## What you are warned about"))
  .matchAll(/^\| (`.*`) \| `(.*)` \|$/gm);
const refusals = [...refusalRows].map(([, found = "", answer = ""]) => ({
  found,
  parts: answer.split("…").map((part) => part.trim()),
}));

function podFrom(found: string): Pod {
  const [own = "", beside = "{}"] = found.replaceAll("`", "").split(", with ");
  const entries = Object.entries(z.record(z.string(), z.string()).parse(parse(`{${own}}`)));
  const annotations = Object.fromEntries(entries.map(([key, value]) => [`${group}/${key}`, value]));
  return Pod.parse({
    metadata: { annotations },
    spec: { containers: [{ resources: { limits: parse(beside) } }] },
  });
}

describe("the page about annotations", () => {
  it("shows examples, each of which is accepted", () => {
    expect(templates.map((template) => readDemand(template))).toEqual([
      { kind: "needs", requirement: { gpu: true, hours: 100 }, warnings: [] },
      {
        kind: "needs",
        requirement: {
          gpu: true,
          hours: 72,
          gpuNeeds: { model: "NVIDIA A100 80GB PCIe", memoryGib: 40, count: 2 },
        },
        warnings: [],
      },
      { kind: "reference", name: "nightly-training", warnings: [] },
      { kind: "needs", requirement: { gpu: true, hours: 96 }, warnings: [] },
    ]);
  });

  it("shows more than a few refusals", () => {
    expect(refusals.length).toBeGreaterThan(4);
  });

  it.each(refusals)("tells the answer to $found", ({ found, parts }) => {
    const demand = readDemand(podFrom(found));
    const message = demand.kind === "refused" ? demand.message : demand.kind;
    for (const part of parts) expect(message).toContain(part);
  });

  it.each([
    annotationKeys.desAccTime,
    annotationKeys.gpuRequired,
    annotationKeys.gpuModel,
    annotationKeys.gpuMemoryGib,
    annotationKeys.gpuCount,
    annotationKeys.gpuInfo,
    annotationKeys.injected,
  ])("has a row about %s", (key) => {
    expect(page).toMatch(new RegExp(`^\\|.* \`${key}\` \\|`, "m"));
  });
});
