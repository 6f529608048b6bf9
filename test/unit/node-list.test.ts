import { describe, expect, it } from "vitest";
import { NodeList } from "../../src/node-list.ts";
import { aNode } from "../support/builders.ts";

const uuid = "422e4956-ad22-1139-6d72-59cc8f26bc90";

/** Two nodes, and the ids that their CSINodes have; both may be changed. */
function aList() {
  const nodes = [aNode({ name: "a" }), aNode({ name: "b" })];
  const ids = new Map<string, string>();
  return {
    nodes,
    ids,
    list: new NodeList(
      () => nodes,
      (name) => ids.get(name),
    ),
  };
}

describe("the list of nodes", () => {
  it("is the same object until a node changes that matters", () => {
    const { nodes, list } = aList();
    const { current } = list;
    expect(list.changed(aNode({ name: "a" }), nodes[0])).toBe(false);
    expect(list.current).toBe(current);
    expect(list.changed(aNode({ name: "a", ready: false }), nodes[0])).toBe(true);
    expect(list.current).not.toBe(current);
  });

  it("has the nodes themselves where no CSINode tells anything", () => {
    const { nodes, ids, list } = aList();
    ids.set("a", "");
    expect(list.current[0]).toBe(nodes[0]);
    expect(list.current[1]).toBe(nodes[1]);
  });

  it("has each node with the id that its CSINode tells, the same object as long as neither changes", () => {
    const { nodes, ids, list } = aList();
    ids.set("b", uuid);
    const [a, b] = list.current;
    expect([a, b]).toEqual([nodes[0], { ...nodes[1], csiNodeId: uuid }]);
    nodes[0] = aNode({ name: "a", ready: false });
    expect(list.changed(nodes[0], a)).toBe(true);
    expect(list.current[0]).toBe(nodes[0]);
    expect(list.current[1]).toBe(b);
  });

  it("takes over another id, and the loss of one", () => {
    const { ids, list } = aList();
    ids.set("a", uuid);
    expect(list.csiNodeChanged({ type: "add", object: uuid })).toBe(true);
    expect(list.current[0]?.csiNodeId).toBe(uuid);
    ids.set("a", "other");
    expect(list.csiNodeChanged({ type: "update", object: "other", previous: uuid })).toBe(true);
    expect(list.current[0]?.csiNodeId).toBe("other");
    ids.delete("a");
    expect(list.csiNodeChanged({ type: "delete", object: "other" })).toBe(true);
    expect(list.current[0]?.csiNodeId).toBe("");
  });

  it.each([
    ["add", { type: "add", object: "" }],
    ["update", { type: "update", object: "", previous: "" }],
    ["update of one with an id", { type: "update", object: uuid, previous: uuid }],
    ["delete", { type: "delete", object: "" }],
  ] as const)("is not touched by the %s of a CSINode that tells nothing new", (_, change) => {
    const { list } = aList();
    const { current } = list;
    expect(list.csiNodeChanged(change)).toBe(false);
    expect(list.current).toBe(current);
  });
});
