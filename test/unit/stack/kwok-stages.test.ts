import { describe, expect, it } from "vitest";
import { adaptStage, type Stage } from "../../../hack/stack/placement/kwok-stages.ts";

const readyStatus = '.status.conditions.[] | select( .type == "Ready" ) | .status';

function aStage(name: string, overrides: Partial<Stage["spec"]> = {}): Stage {
  const matchExpressions = [{ key: readyStatus, operator: "NotIn", values: ["True"] }];
  return { metadata: { name }, spec: { selector: { matchExpressions }, ...overrides } };
}

describe("KWOK's stages in the local stack", () => {
  it("leave a node alone that says whether it is ready, even where it says no", () => {
    expect(adaptStage(aStage("node-initialize")).spec.selector.matchExpressions).toEqual([
      { key: readyStatus, operator: "DoesNotExist" },
    ]);
  });

  it("end a Job's pod after seconds, or when it says itself, and select it as shipped", () => {
    const { spec } = adaptStage(aStage("pod-complete"));
    expect(spec).toEqual({
      ...aStage("pod-complete").spec,
      delay: {
        durationMilliseconds: 3_000,
        durationFrom: { expressionFrom: expect.stringContaining("pod-complete.stage.kwok") },
      },
    });
  });

  it("are else as shipped", () => {
    expect(adaptStage(aStage("pod-ready"))).toEqual(aStage("pod-ready"));
  });

  it("are refused where they are not what is adapted", () => {
    const empty = { selector: { matchExpressions: [] } };
    expect(() => adaptStage(aStage("node-initialize", empty))).toThrow(
      "node-initialize selects nothing",
    );
  });
});
