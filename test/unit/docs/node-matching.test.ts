import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nodeOverride } from "../../../src/api/names.ts";
import { bindNodes } from "../../../src/selection/bind.ts";
import { aHost, aMachine, aNode, anInventory } from "../../support/builders.ts";

const page = readFileSync("docs/node-matching.md", "utf8");

const annotations = [...page.matchAll(/^\$ kubectl annotate node worker-7 (\S+)$/gm)].map(
  ([, annotation = ""]) => annotation,
);

describe("the page about node matching", () => {
  it("shows both ways to write the annotation", () => {
    expect(annotations).toHaveLength(2);
  });

  it("shows the message of copies word for word", () => {
    const machines = [
      aMachine({ id: "…/vm-41", inventoryPath: "/DC0/vm/ml/worker-7" }),
      aMachine({ id: "…/vm-97", inventoryPath: "/DC0/vm/restored/worker-7" }),
    ];
    const node = aNode({ name: "worker-7", systemUuid: aMachine().biosUuid });
    const [binding] = bindNodes([node], anInventory([aHost()], machines));
    expect(binding?.kind === "unbound" && page.includes(`\n${binding.message}\n`)).toBe(true);
  });

  it.each(annotations)("shows an annotation that works: %s", (annotation) => {
    const [key, vmOverride] = annotation.split("=");
    expect(key).toBe(nodeOverride);
    const machine = aMachine({
      inventoryPath: "/DC0/vm/ml/worker-7",
      instanceUuid: "5029a7b4-6e0f-4c7b-a8e2-3f0c1b2d9e55",
    });
    const node = aNode({ name: "n", vmOverride: vmOverride ?? "" });
    const [binding] = bindNodes([node], anInventory([aHost()], [machine]));
    expect(binding).toMatchObject({ candidate: { confidence: "override" } });
  });
});
