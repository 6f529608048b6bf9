/** What the webhook asks of a node's labels, against what selection says of the same node. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Expression } from "../../../src/api/injected.ts";
import type { Texts } from "../../../src/api/node-marks.ts";
import { marksFor } from "../../../src/reconciler/node-labels.ts";
import type {
  Candidate,
  Gpu,
  NodeBinding,
  Requirement,
  SelectionPolicy,
} from "../../../src/selection/model.ts";
import { shortlist, withEnoughHours } from "../../../src/selection/rank.ts";
import type { Mode } from "../../../src/webhook/mode.ts";
import { nodeExpressions } from "../../../src/webhook/node-expressions.ts";
import {
  aCandidate,
  aGpu,
  aHost,
  aMachine,
  aPolicy,
  aWindow,
  freshVcenters,
  hoursFromNow,
} from "../../support/builders.ts";

/** Spellings of a few models: some the same, one as the label has it, one too long for a label, one without a key. */
const models = [
  "NVIDIA A100 80GB PCIe",
  "nvidia-a100-80gb-pcie",
  "NVIDIA L40S",
  "NVIDIA L40",
  "Intel® Data Center GPU Flex 170",
  `NVIDIA ${"RTX PRO 6000 ".repeat(6)}`,
  `NVIDIA ${"RTX PRO 6000 ".repeat(6)}D`,
];

const gpus: fc.Arbitrary<readonly Gpu[]> = fc.array(
  fc
    .record(
      {
        model: fc.constantFrom(...models, "显卡", ""),
        memoryMib: fc.oneof(
          fc.constantFrom(0, 511, 512, 40_960, 81_559, 81_920, 46_068),
          fc.nat({ max: 5_000_000 }),
        ),
      },
      { requiredKeys: [] },
    )
    .map((facts) => ({ ...aGpu, ...facts })),
  { maxLength: 4 },
);

/** Mostly few and small, so that nodes suit. */
const requirements: fc.Arbitrary<Requirement> = fc.oneof(
  fc.record({
    gpu: fc.constant(true),
    hours: fc.constantFrom(1, 40, 100, 8760),
    gpuNeeds: fc.record(
      {
        model: fc.constantFrom(...models),
        memoryGib: fc.constantFrom(1, 39, 40, 41, 45, 46, 80, 4096),
        count: fc.constantFrom(1, 2, 3, 64),
      },
      { requiredKeys: [] },
    ),
  }),
  fc.record({ gpu: fc.boolean(), hours: fc.constantFrom(1, 40, 100, 8760) }),
);

const windows = fc
  .array(fc.integer({ min: -30, max: 150 * 60 }), { maxLength: 2 })
  .map((starts) =>
    starts
      .toSorted((a, b) => a - b)
      .map((minutes) => aWindow({ startsAt: hoursFromNow(minutes / 60) })),
  );

const horizons: fc.Arbitrary<Candidate["horizon"]> = fc.oneof(
  windows.map((list) => ({ kind: "known", windows: list }) as const),
  windows.map((list) => ({ kind: "unknown", why: "it was denied", windows: list }) as const),
);

const candidates: fc.Arbitrary<Candidate> = fc
  .record({
    gpus,
    horizon: horizons,
    pinned: fc.boolean(),
    unreadable: fc.constantFrom([], [], [], ["config.hardware.device"]),
    maintenance: fc.constantFrom("none", "none", "none", "in"),
  })
  .map(({ horizon, maintenance, ...machine }) =>
    aCandidate({ host: aHost({ maintenance }), horizon, virtualMachine: aMachine(machine) }),
  );

const policies: fc.Arbitrary<SelectionPolicy> = fc.record({
  gpuPolicy: fc.constantFrom("exact", "atLeast"),
  toleratedTaints: fc.constant(aPolicy.toleratedTaints),
  evacuation: fc.constantFrom("hard", "soft-counts"),
  unknownMaintenance: fc.constantFrom("reject", "assume-open"),
});

const moments = fc.nat({ max: 59 }).map((minutes) => new Date(hoursFromNow(minutes / 60)));

function fits(
  candidate: Candidate,
  { gpu, hours, gpuNeeds }: Requirement,
  policy: SelectionPolicy,
  at: Date,
): boolean {
  const terms = {
    gpu,
    audience: "pod",
    policy,
    vcenters: freshVcenters,
    ...(gpuNeeds && { gpuNeeds }),
  } as const;
  const binding: NodeBinding = { kind: "bound", candidate };
  return withEnoughHours(shortlist([binding], terms, at), hours).fitting.length === 1;
}

function isLetIn(
  candidate: Candidate,
  requirement: Requirement,
  policy: SelectionPolicy,
  mode: Mode,
  at: Date,
): boolean {
  const { labels } = marksFor({ kind: "bound", candidate }, { now: at, isStale: false, policy });
  const asked = nodeExpressions(requirement, at, { mode, gpuPolicy: policy.gpuPolicy });
  return asked.every((expression) => matches(labels, expression));
}

/** As kube-scheduler reads it: both sides of Gt are whole numbers, else nothing matches. */
function matches(labels: Texts, { key, operator, values: [value] }: Expression): boolean {
  const label = labels[key];
  if (label === undefined) return false;
  if (operator === "In") return label === value;
  return [label, value].every((text) => /^[0-9]+$/.test(text)) && Number(label) > Number(value);
}

describe("the affinity that the webhook adds", () => {
  it.each<Mode>(["scheduler", "extender"])(
    "never shuts out a node that selection would choose, in mode %s",
    (mode) => {
      fc.assert(
        fc.property(candidates, requirements, policies, moments, (candidate, needs, policy, at) => {
          fc.pre(fits(candidate, needs, policy, at));
          expect(isLetIn(candidate, needs, policy, mode, at)).toBe(true);
        }),
        { numRuns: 500 },
      );
    },
  );

  it("lets in no node that selection rejects where nothing but labels steers", () => {
    fc.assert(
      fc.property(candidates, requirements, policies, moments, (candidate, needs, policy, at) => {
        fc.pre(isLetIn(candidate, needs, policy, "affinity", at));
        expect(fits(candidate, needs, policy, at)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it.each<Mode>(["scheduler", "extender", "affinity"])(
    "is exact about GPUs: where maintenance is no matter, it lets in what fits and nothing else, in mode %s",
    (mode) => {
      fc.assert(
        fc.property(gpus, requirements, policies, moments, (held, needs, policy, at) => {
          const candidate = aCandidate({ virtualMachine: aMachine({ gpus: held }) });
          expect(isLetIn(candidate, needs, policy, mode, at)).toBe(
            fits(candidate, needs, policy, at),
          );
        }),
        { numRuns: 3_000 },
      );
    },
  );
});
