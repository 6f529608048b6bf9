import { describe, expect, it } from "vitest";
import { MalformedRequest } from "../../../src/extender/malformed-request.ts";
import { ArgsReader } from "../../../src/extender/wire.ts";
import { aPod } from "../../support/extender.ts";

function read(value: unknown) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const { names, ...args } = new ArgsReader().read(Buffer.from(text));
  return { ...args, names: names.all() };
}

const pod = JSON.stringify(aPod());

describe("ArgsReader", () => {
  it("reads names in Go's form and in any other alike", () => {
    const compact = read(`{"Pod":${pod},"Nodes":null,"NodeNames":["a","b","a"]}`);
    const spaced = read(`{ "NodeNames": ["a", "\\u0062", "a"], "Pod": ${pod} }`);
    expect(compact).toEqual(spaced);
    expect(compact).toMatchObject({ names: ["a", "b", "a"], fullNodes: false });
  });

  it.each([
    ["null for both lists", { Pod: aPod(), Nodes: null, NodeNames: null }],
    ["neither list", { Pod: aPod() }],
    ["an empty list", { Pod: aPod(), Nodes: null, NodeNames: [] }],
  ])("takes %s for no names", (_what, body) => {
    expect(read(body)).toMatchObject({ names: [], fullNodes: false });
  });

  it("tells that whole nodes were sent, even none of them", () => {
    const items = [{ metadata: { name: "a" } }];
    expect(read({ Pod: aPod(), Nodes: { items }, NodeNames: null }).fullNodes).toBe(true);
    expect(read({ Pod: aPod(), Nodes: { items: null }, NodeNames: null }).fullNodes).toBe(true);
  });

  it("looks for the list at the top only", () => {
    const inside = `{"Pod":{"metadata":{},"spec":{},"x":{"Nodes":null,"NodeNames":["a"]}}}`;
    expect(read(inside).names).toEqual([]);
    const inText = { Pod: aPod({ "example.com/x": '"Nodes":null,"NodeNames":["a"]}' }) };
    expect(read(inText).names).toEqual([]);
  });

  it.each([
    ["no JSON", "{", /^the body is not JSON/],
    ["JSON cut off", `{"Pod":${pod},"Nodes":null,"NodeNames":["a","b`, /^the body is not JSON/],
    ["no object", "[]", /expected object/],
    ["no pod", { Pod: null, Nodes: null, NodeNames: ["a"] }, /Pod/],
    ["a pod without metadata", { Pod: { spec: {} }, NodeNames: ["a"] }, /Pod\.metadata/],
    ["a name that is a number", { Pod: aPod(), NodeNames: ["a", 7] }, /NodeNames\[1\]/],
    ["names that are no list", { Pod: aPod(), NodeNames: "a" }, /NodeNames/],
  ])("refuses %s, and says so", (_what, body, message) => {
    expect(() => read(body)).toThrow(MalformedRequest);
    expect(() => read(body)).toThrow(message);
  });

  it("tells a pod from the one before, also when they differ in one letter", () => {
    const reader = new ArgsReader();
    const nameIn = (name: string) => {
      const body = `{"Pod":{"metadata":{"name":"${name}"},"spec":{}},"Nodes":null,"NodeNames":["a"]}`;
      return reader.read(Buffer.from(body)).pod.metadata.name;
    };
    expect(["p", "p", "q", "p"].map(nameIn)).toEqual(["p", "p", "q", "p"]);
  });
});
