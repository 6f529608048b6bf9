import { describe, expect, it } from "vitest";
import { Pod } from "../../../src/api/pod.ts";
import { preferNode, prefersNode, unpreferNode } from "../../../src/webhook/preferred-node.ts";

const wish = wishFor("worker-7");
const notThat = { key: "metadata.name", operator: "NotIn", values: ["worker-9"] };

function wishFor(...values: string[]): Term {
  const matchFields = [{ key: "metadata.name", operator: "In", values }];
  return { weight: 100, preference: { matchFields } };
}

interface Term {
  weight: number;
  preference: { matchFields: object[]; matchExpressions?: object[] };
}

function preferring(terms: unknown): Parameters<typeof preferNode>[0] {
  const nodeAffinity = { preferredDuringSchedulingIgnoredDuringExecution: terms };
  return Pod.parse({ metadata: {}, spec: { affinity: { nodeAffinity } } }).spec.affinity
    ?.nodeAffinity;
}

describe("the wish for a node", () => {
  it.each([
    ["no affinity", undefined, [wish]],
    ["no wishes", preferring([]), [wish]],
    ["null wishes", preferring(null), [wish]],
    ["another wish", preferring([wishFor("worker-1")]), [wishFor("worker-1"), wish]],
    ["the same wish of the user's own", preferring([wish]), [wish, wish]],
  ])("is added to %s", (_what, before, after) => {
    expect(preferNode(before, "worker-7")).toEqual(preferring(after));
  });

  it.each([
    ["none left", [wish], {}],
    ["another left", [wishFor("worker-1"), wish], preferring([wishFor("worker-1")])],
    ["the user's own left", [wish, wish], preferring([wish])],
  ])("is taken out, with %s", (_what, before, after) => {
    expect(unpreferNode(preferring(before), "worker-7")).toEqual(after);
  });

  it.each([
    ["of another weight", { ...wish, weight: 99 }],
    ["for another node", wishFor("worker-1")],
    ["for two nodes", wishFor("worker-7", "worker-1")],
    [
      "with a second field",
      { ...wish, preference: { matchFields: [...wish.preference.matchFields, notThat] } },
    ],
    [
      "with an expression too",
      {
        ...wish,
        preference: { ...wish.preference, matchExpressions: [{ key: "a", operator: "Exists" }] },
      },
    ],
    ["that is null", null],
    ["that prefers nothing", { weight: 100 }],
  ])("is not one %s", (_what, term) => {
    expect(prefersNode(preferring([term]), "worker-7")).toBe(false);
    expect(unpreferNode(preferring([term]), "worker-7")).toEqual(preferring([term]));
  });
});
