import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { selects } from "../../../src/api/label-selector.ts";
import { SelectorIndex } from "../../../src/reconciler/selector-index.ts";

const rack7 = { matchLabels: { rack: "7" } };

describe("an index of selectors", () => {
  it("knows nodes that came before a selector, and after it", () => {
    const index = new SelectorIndex();
    index.setNode("a", { rack: "7" });
    index.setSelector("w", rack7);
    index.setNode("b", { rack: "7" });
    index.setNode("c", { rack: "8" });
    expect([...index.nodesOf("w")]).toEqual(["a", "b"]);
  });

  it("says whether a node's labels change what is selected", () => {
    const index = new SelectorIndex();
    index.setSelector("w", rack7);
    expect(index.setNode("a", { rack: "8" })).toBe(false);
    expect(index.setNode("a", { rack: "7" })).toBe(true);
    expect(index.setNode("a", { rack: "7" })).toBe(false);
    expect(index.setNode("a", { rack: "7", other: "x" })).toBe(false);
    expect(index.setNode("a", {})).toBe(true);
    expect(index.deleteNode("a")).toBe(false);
  });

  it("says whether a node that is gone was selected", () => {
    const index = new SelectorIndex();
    index.setSelector("w", {});
    index.setNode("a", {});
    expect(index.deleteNode("a")).toBe(true);
    expect(index.nodesOf("w").size).toBe(0);
  });

  it("forgets a selector", () => {
    const index = new SelectorIndex();
    index.setNode("a", {});
    index.setSelector("w", {});
    index.deleteSelector("w");
    expect(index.nodesOf("w").size).toBe(0);
  });

  it("is right after whatever happened in whatever order", () => {
    const names = fc.constantFrom("a", "b", "c");
    const values = fc.dictionary(fc.constantFrom("k", "l"), fc.constantFrom("1", "2"));
    const histories = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant("node" as const), name: names, labels: values }),
        fc.record({ kind: fc.constant("noNode" as const), name: names }),
        fc.record({ kind: fc.constant("selector" as const), name: names, matchLabels: values }),
        fc.record({ kind: fc.constant("noSelector" as const), name: names }),
      ),
    );
    fc.assert(
      fc.property(histories, (steps) => {
        const index = new SelectorIndex();
        const nodes = new Map<string, Record<string, string>>();
        const selectors = new Map<string, object>();
        for (const step of steps) {
          switch (step.kind) {
            case "node":
              nodes.set(step.name, step.labels);
              index.setNode(step.name, step.labels);
              break;
            case "noNode":
              nodes.delete(step.name);
              index.deleteNode(step.name);
              break;
            case "selector":
              selectors.set(step.name, { matchLabels: step.matchLabels });
              index.setSelector(step.name, { matchLabels: step.matchLabels });
              break;
            case "noSelector":
              selectors.delete(step.name);
              index.deleteSelector(step.name);
              break;
          }
        }
        for (const name of ["a", "b", "c"]) {
          const selector = selectors.get(name);
          const wanted = [...nodes].flatMap(([node, labels]) =>
            selector !== undefined && selects(selector, labels) ? [node] : [],
          );
          expect([...index.nodesOf(name)].toSorted()).toEqual(wanted.toSorted());
        }
      }),
    );
  });
});
