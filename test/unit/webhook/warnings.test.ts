import { describe, expect, it } from "vitest";
import { annotationKeys, labelKeys } from "../../../src/api/names.ts";
import { readPod } from "../../../src/kube/pods.ts";
import {
  type Reason,
  type Rejected,
  reasons,
  type SelectNodes,
} from "../../../src/selection/model.ts";
import { aRawPod, selecting, show } from "../../support/admission.ts";
import { now } from "../../support/builders.ts";

const thisHour = Math.floor(now.getTime() / 3_600_000);
const containers = [{ resources: { limits: { "nvidia.com/gpu": "1" } } }];

async function warningsFor(
  spec: object,
  overrides: Parameters<typeof show>[1] = {},
): Promise<readonly string[]> {
  const { answer } = await show(aRawPod({ spec: { containers, ...spec } }), overrides);
  return answer.allowed ? answer.warnings : [answer.message];
}

function terms(...nodeSelectorTerms: unknown[]): object {
  const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
  return { affinity: { nodeAffinity: required } };
}

function ask(key: string, operator: string, ...values: string[]): object {
  return { matchExpressions: [{ key, operator, values }] };
}

function rejecting(counts: readonly (readonly [number, Reason])[]): Rejected[] {
  return counts.flatMap(([count, reason]) =>
    Array.from({ length: count }, (_, index) => ({
      node: `${reason}-${index}`,
      reason,
      message: "",
    })),
  );
}

/** Only kube-scheduler can tell whether the pod may use the node. */
const tainted: SelectNodes = (requirement, question) =>
  question?.audience === "pod"
    ? selecting(["worker-3"])(requirement)
    : selecting([], rejecting([[3, "NodeTainted"]]))(requirement);

describe("a pod that tolerates what keeps others off", () => {
  it("prefers a node that kube-scheduler may allow it, and is not warned", async () => {
    const { answer, after } = await show(aRawPod({ spec: { containers } }), {
      selectNodes: tainted,
    });
    expect(answer).toMatchObject({ allowed: true, warnings: [] });
    expect(
      readPod({ ...after, metadata: { ...after.metadata, uid: "1", name: "p" } }),
    ).toMatchObject({
      preferredNode: "worker-3",
    });
  });
});

describe("a pod that contradicts itself", () => {
  it("by its node selector is warned about", async () => {
    expect(await warningsFor({ nodeSelector: { [labelKeys.gpu]: "false" } })).toEqual([
      'nodeSelector has topology.corinternal.com/gpu: "false", the job needs "true"',
    ]);
  });

  const gpuShutOut = ["the required node affinity shuts out topology.corinternal.com/gpu In true"];
  const hoursShutOut = [
    `the required node affinity shuts out topology.corinternal.com/available-until Gt ${thisHour + 99}`,
  ];
  const allEmpty = ["each term of the required node affinity is empty: no node can ever match"];
  const zone = ask("topology.kubernetes.io/zone", "In", "a");

  it.each([
    ["only an empty term", terms({}), allEmpty],
    ["only a null term", terms(null), allEmpty],
    ["another value", terms(ask(labelKeys.gpu, "In", "false")), gpuShutOut],
    ["not this value", terms(ask(labelKeys.gpu, "NotIn", "true")), gpuShutOut],
    ["no such label", terms(ask(labelKeys.gpu, "DoesNotExist")), gpuShutOut],
    [
      "an earlier end",
      terms(ask(labelKeys.availableUntil, "Lt", String(thisHour + 99))),
      hoursShutOut,
    ],
    [
      "no whole hour between",
      terms(ask(labelKeys.availableUntil, "Lt", String(thisHour + 100))),
      hoursShutOut,
    ],
    ["no label of time", terms(ask(labelKeys.availableUntil, "DoesNotExist")), hoursShutOut],
    ["earlier hours", terms(ask(labelKeys.availableUntil, "In", "1", "2")), hoursShutOut],
    ["contradictions and an empty term", terms({}, ask(labelKeys.gpu, "In", "false")), gpuShutOut],
    ["one hour between", terms(ask(labelKeys.availableUntil, "Lt", String(thisHour + 101))), []],
    ["a later hour", terms(ask(labelKeys.availableUntil, "In", "9999999")), []],
    ["both values", terms(ask(labelKeys.gpu, "In", "true", "false")), []],
    ["the same", terms(ask(labelKeys.gpu, "In", "true")), []],
    ["not the other", terms(ask(labelKeys.gpu, "NotIn", "false")), []],
    ["another term that does", terms(ask(labelKeys.gpu, "In", "false"), zone), []],
    ["something else", terms(zone), []],
  ])("by its affinity is warned about: %s", async (_what, spec, warnings) => {
    expect(await warningsFor(spec)).toEqual(warnings);
  });

  it("is not, with a node selector that says the same", async () => {
    expect(await warningsFor({ nodeSelector: { [labelKeys.gpu]: "true" } })).toEqual([]);
  });
});

describe("a pod that contradicts the kind of GPU that it asks for", () => {
  const annotations = {
    [annotationKeys.gpuModel]: "NVIDIA L40S",
    [annotationKeys.gpuMemoryGib]: "44",
    [annotationKeys.gpuCount]: "2",
  };

  async function warnings(spec: object): Promise<readonly string[]> {
    const pod = aRawPod({ metadata: { annotations }, spec: { containers, ...spec } });
    const { answer } = await show(pod);
    return answer.allowed ? answer.warnings : [answer.message];
  }

  it.each([
    [labelKeys.gpuModel, "nvidia-l4", '"nvidia-l4", the job needs "nvidia-l40s"'],
    [labelKeys.gpuMemoryGib, "43", '"43", the job needs more than 43'],
    [labelKeys.gpuCount, "many", '"many", the job needs more than 1'],
  ])("by its node selector %s: %s is warned about", async (key, value, words) => {
    const nodeSelector = { [key]: value };
    expect(await warnings({ nodeSelector })).toEqual([`nodeSelector has ${key}: ${words}`]);
  });

  it.each([
    [labelKeys.gpuModel, "In nvidia-l40s", ask(labelKeys.gpuModel, "In", "nvidia-l4")],
    [labelKeys.gpuModel, "In nvidia-l40s", ask(labelKeys.gpuModel, "NotIn", "nvidia-l40s")],
    [labelKeys.gpuMemoryGib, "Gt 43", ask(labelKeys.gpuMemoryGib, "Lt", "44")],
    [labelKeys.gpuCount, "Gt 1", ask(labelKeys.gpuCount, "In", "1")],
    [labelKeys.gpuCount, "Gt 1", ask(labelKeys.gpuCount, "DoesNotExist")],
  ])("by an affinity on %s that shuts out %s is warned about", async (key, wanted, term) => {
    expect(await warnings(terms(term))).toEqual([
      `the required node affinity shuts out ${key} ${wanted}`,
    ]);
  });

  it.each([
    { nodeSelector: { [labelKeys.gpuModel]: "nvidia-l40s", [labelKeys.gpuCount]: "8" } },
    terms(ask(labelKeys.gpuMemoryGib, "Lt", "45")),
    terms(ask(labelKeys.gpuCount, "Gt", "7")),
    terms(ask(labelKeys.gpuCount, "NotIn", "2")),
    terms(ask(labelKeys.gpuModel, "Exists")),
  ])("is not warned where some node may do: %j", async (spec) => {
    expect(await warnings(spec)).toEqual([]);
  });
});

describe("a pod that no node suits", () => {
  it("is told how many nodes were rejected for what", async () => {
    const rejected = rejecting([
      [2, "TooFewHours"],
      [9, "NoGpu"],
      [2, "Ambiguous"],
    ]);
    expect(await warningsFor({}, { selectNodes: selecting([], rejected) })).toEqual([
      "no node suits now: 9 NoGpu, 2 Ambiguous, 2 TooFewHours; the pod waits",
    ]);
  });

  it("is told so in a few words, however many reasons there are", async () => {
    const rejected = rejecting(reasons.map((reason) => [20, reason]));
    const [warning] = await warningsFor({}, { selectNodes: selecting([], rejected) });
    expect(warning).toMatch(/^no node suits now: (20 \w+, )+…; the pod waits$/);
    expect(warning?.length).toBeLessThan(120);
  });

  it("is told where there is no node at all", async () => {
    expect(await warningsFor({}, { selectNodes: selecting([]) })).toEqual([
      "no node suits now: the cluster has none; the pod waits",
    ]);
  });

  it("is admitted while nobody can judge nodes, and says why none is preferred", async () => {
    const unavailable = { kind: "unavailable", reason: "InventoryNotReady", message: "" } as const;
    expect(await warningsFor({}, { selectNodes: () => unavailable })).toEqual([
      "nodes cannot be judged now (InventoryNotReady): none is preferred",
    ]);
  });
});
