import { describe, expect, it } from "vitest";
import type { Expression } from "../../../src/api/injected.ts";
import { Pod } from "../../../src/api/pod.ts";
import { requireOnNode, unrequireOnNode } from "../../../src/webhook/required-affinity.ts";

const gpu: Expression = { key: "topology.corinternal.com/gpu", operator: "In", values: ["true"] };
const until: Expression = {
  key: "topology.corinternal.com/available-until",
  operator: "Gt",
  values: ["500000"],
};
const wanted = [gpu, until];
const zone = { key: "topology.kubernetes.io/zone", operator: "In", values: ["a"] };
const byName = { key: "metadata.name", operator: "In", values: ["worker-1"] };

function required(nodeSelectorTerms: unknown): object {
  return { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
}

function parse(nodeAffinity: unknown): Parameters<typeof requireOnNode>[0] {
  return Pod.parse({ metadata: {}, spec: { affinity: { nodeAffinity } } }).spec.affinity
    ?.nodeAffinity;
}

describe("requiring something of the node", () => {
  it.each([
    ["no affinity", undefined, [{ matchExpressions: wanted }]],
    ["null", null, [{ matchExpressions: wanted }]],
    ["nothing required", {}, [{ matchExpressions: wanted }]],
    [
      "null required",
      { requiredDuringSchedulingIgnoredDuringExecution: null },
      [{ matchExpressions: wanted }],
    ],
    [
      "only a preference",
      { preferredDuringSchedulingIgnoredDuringExecution: [] },
      [{ matchExpressions: wanted }],
    ],
    ["null terms, which the API server refuses", required(null), null],
    ["no terms, which the API server refuses", required([]), []],
    ["an empty term, which matches nothing", required([{}]), [{}]],
    ["a null term", required([null]), [null]],
    [
      "a term of empty lists",
      required([{ matchExpressions: [], matchFields: null }]),
      [{ matchExpressions: [], matchFields: null }],
    ],
    [
      "one term",
      required([{ matchExpressions: [zone] }]),
      [{ matchExpressions: [zone, ...wanted] }],
    ],
    [
      "fields alone",
      required([{ matchFields: [byName] }]),
      [{ matchFields: [byName], matchExpressions: wanted }],
    ],
    [
      "fields and null",
      required([{ matchFields: [byName], matchExpressions: null }]),
      [{ matchFields: [byName], matchExpressions: wanted }],
    ],
    [
      "terms of all kinds",
      required([{ matchExpressions: [zone] }, {}, { matchFields: [byName] }]),
      [
        { matchExpressions: [zone, ...wanted] },
        {},
        { matchFields: [byName], matchExpressions: wanted },
      ],
    ],
    [
      "all of it there",
      required([{ matchExpressions: [until, zone, gpu] }]),
      [{ matchExpressions: [until, zone, gpu] }],
    ],
    [
      "one of two there",
      required([{ matchExpressions: [gpu] }]),
      [{ matchExpressions: [gpu, until] }],
    ],
    [
      "what is not ours to know",
      required([{ matchExpressions: [zone], future: 1 }]),
      [{ matchExpressions: [zone, ...wanted], future: 1 }],
    ],
  ])("of %s", (_what, before, after) => {
    const { affinity } = requireOnNode(parse(before), wanted);
    expect(affinity.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms).toEqual(
      after,
    );
  });

  it("adds to each of hundreds of terms", () => {
    const terms = Array.from({ length: 500 }, () => ({ matchExpressions: [zone] }));
    const { affinity } = requireOnNode(parse(required(terms)), wanted);
    const after = affinity.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
    expect(after).toHaveLength(500);
    expect(after.every((term) => term?.matchExpressions?.length === 3)).toBe(true);
  });

  it("says what has to be taken out again: nothing that was there", () => {
    expect(requireOnNode(parse(required([{ matchExpressions: [gpu] }])), wanted).added).toEqual([
      until,
    ]);
  });

  it("can be undone exactly where one term of two had an expression of its own", () => {
    const before = parse(required([{ matchExpressions: [gpu] }, { matchExpressions: [zone] }]));
    const { affinity, added } = requireOnNode(before, wanted);
    expect(unrequireOnNode(affinity, added)).toEqual(before);
  });

  it("adds only where ours is missing: another webhook brought a new term", () => {
    const ours = parse(required([{ matchExpressions: wanted }, { matchExpressions: [zone] }]));
    const { affinity, added } = requireOnNode(ours, wanted, wanted);
    expect(affinity).toEqual(
      required([{ matchExpressions: wanted }, { matchExpressions: [zone, ...wanted] }]),
    );
    expect(added).toEqual(wanted);
  });
});

describe("taking it out again", () => {
  it.each([
    ["leaves no affinity where there was none", required([{ matchExpressions: wanted }]), {}],
    [
      "leaves what else is asked",
      required([{ matchExpressions: [zone, ...wanted] }]),
      required([{ matchExpressions: [zone] }]),
    ],
    [
      "leaves fields",
      required([{ matchFields: [byName], matchExpressions: wanted }]),
      required([{ matchFields: [byName] }]),
    ],
    ["leaves empty terms", required([{}, { matchExpressions: wanted }]), required([{}])],
    [
      "leaves another bound",
      required([{ matchExpressions: [{ ...until, values: ["1"] }] }]),
      required([{ matchExpressions: [{ ...until, values: ["1"] }] }]),
    ],
    [
      "leaves another operator",
      required([{ matchExpressions: [{ ...gpu, operator: "NotIn" }] }]),
      required([{ matchExpressions: [{ ...gpu, operator: "NotIn" }] }]),
    ],
    [
      "leaves two values",
      required([{ matchExpressions: [{ ...gpu, values: ["true", "x"] }] }]),
      required([{ matchExpressions: [{ ...gpu, values: ["true", "x"] }] }]),
    ],
    [
      "takes one of two alike",
      required([{ matchExpressions: [gpu, gpu] }]),
      required([{ matchExpressions: [gpu] }]),
    ],
    ["minds no null", required(null), required(null)],
  ])("%s", (_what, before, after) => {
    expect(unrequireOnNode(parse(before), wanted)).toEqual(after);
  });
});
