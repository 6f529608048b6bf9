/** Pods in every shape that the API server, or an odd client of it, may show us. */

import fc from "fast-check";
import { annotationKeys, labelKeys, markerResource } from "../../src/api/names.ts";
import { cpuFor100, gpuFor100, l40sFor100, type RawPod } from "./admission.ts";
import { now } from "./builders.ts";

type Arbitrary = fc.Arbitrary<unknown>;

/** An object in which each member may be missing or null. */
function sparse(members: Record<string, Arbitrary>): fc.Arbitrary<Record<string, unknown>> {
  const nullable = Object.entries(members).map(([name, value]) => [
    name,
    fc.option(value, { freq: 8 }),
  ]);
  return fc.record(Object.fromEntries(nullable), { requiredKeys: [] });
}

const node = fc.constantFrom("worker-1", "worker-7");
const thisHour = Math.floor(now.getTime() / 3_600_000);
/** Among them the bounds that we set for 100 hours and for 1. */
const someHour = fc.constantFrom(99, 0, 500).map((hours) => String(thisHour + hours));

/** Expressions on our labels as users write them, some equal to ours, and on the labels of others. */
const expression = fc.oneof(
  fc.record({
    key: fc.constant<string>(labelKeys.gpu),
    operator: fc.constantFrom("In", "NotIn"),
    values: fc.constantFrom(["true"], ["false"], ["true", "false"]),
  }),
  fc.record({
    key: fc.constant<string>(labelKeys.availableUntil),
    operator: fc.constantFrom("Gt", "Lt"),
    values: fc.tuple(someHour),
  }),
  fc.record({
    key: fc.constant<string>(labelKeys.gpuModel),
    operator: fc.constantFrom("In", "NotIn"),
    values: fc.constantFrom(["nvidia-l40s"], ["nvidia-a100"], ["nvidia-l40s", "nvidia-a100"]),
  }),
  fc.record({
    key: fc.constantFrom<string[]>(labelKeys.gpuMemoryGib, labelKeys.gpuCount),
    operator: fc.constantFrom("Gt", "Lt"),
    values: fc.constantFrom(["43"], ["1"], ["0"]),
  }),
  fc.record({
    key: fc.constantFrom("topology.kubernetes.io/zone", "kubernetes.io/arch"),
    operator: fc.constant("In"),
    values: fc.constantFrom(["a"], ["a", "b"]),
  }),
  fc.record({ key: fc.constantFrom("example.com/rack"), operator: fc.constant("Exists") }),
);

const field = fc.record({
  key: fc.constant("metadata.name"),
  operator: fc.constant("In"),
  values: fc.tuple(node),
});

const term = fc.option(
  sparse({
    matchExpressions: fc.array(expression, { maxLength: 3 }),
    matchFields: fc.array(field, { maxLength: 1 }),
  }),
  { freq: 8 },
);

const preferredTerm = fc.record({
  weight: fc.constantFrom(1, 100),
  preference: sparse({
    matchExpressions: fc.array(expression, { maxLength: 2 }),
    matchFields: fc.array(field, { maxLength: 2 }),
  }),
});

const nodeAffinity = sparse({
  requiredDuringSchedulingIgnoredDuringExecution: sparse({
    nodeSelectorTerms: fc.array(term, { maxLength: 4 }),
  }),
  preferredDuringSchedulingIgnoredDuringExecution: fc.array(preferredTerm, { maxLength: 3 }),
});

const affinity = sparse({
  nodeAffinity,
  podAntiAffinity: fc.constant({ preferredDuringSchedulingIgnoredDuringExecution: [] }),
});

const list = fc.dictionary(
  fc.constantFrom("cpu", "memory", "example.com/device"),
  fc.constantFrom("1", "500m", 2),
);
const marked = { requests: { [markerResource]: "1" }, limits: { [markerResource]: "1" } };
const resources = fc.oneof(
  { weight: 9, arbitrary: sparse({ requests: list, limits: list, claims: fc.constant([]) }) },
  { weight: 1, arbitrary: fc.constant(marked) },
);

const container = fc
  .tuple(fc.record({ name: fc.constantFrom("train", "log") }), sparse({ resources }))
  .map(([named, rest]) => ({ ...named, ...rest }));

const spec = sparse({
  schedulerName: fc.constantFrom("", "default-scheduler", "gpuinfo-scheduler", "volcano"),
  nodeSelector: fc.dictionary(
    fc.constantFrom(labelKeys.gpu, "kubernetes.io/hostname"),
    fc.constantFrom("true", "false"),
  ),
  affinity,
  containers: fc.array(container, { maxLength: 3 }),
  initContainers: fc.array(container, { maxLength: 1 }),
  tolerations: fc.constant([{ operator: "Exists" }]),
});

const labels = sparse({
  [labelKeys.managed]: fc.constant("true"),
  app: fc.constant("train"),
  "a~b/c": fc.constant("x"),
}).map(withoutNulls);

/** A map of texts never holds null. */
function withoutNulls(map: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(map).filter(([, value]) => value !== null));
}

export const needs: fc.Arbitrary<Readonly<Record<string, string>>> = fc.constantFrom(
  gpuFor100,
  cpuFor100,
  { ...cpuFor100, [annotationKeys.desAccTime]: "1" },
  l40sFor100,
  { ...gpuFor100, [annotationKeys.gpuModel]: "nvidia-l40s" },
  { ...gpuFor100, [annotationKeys.gpuCount]: "1" },
);

/** Asks for something, and has never been shown to us. */
export const podArbitrary: fc.Arbitrary<RawPod> = fc
  .tuple(sparse({ labels }), needs, spec)
  .map(([metadata, annotations, podSpec]) => ({
    metadata: { ...metadata, generateName: "train-", annotations: { ...annotations, other: "x" } },
    spec: podSpec,
  }));

const recordedExpression = fc.oneof(
  fc.record({
    key: fc.constant(labelKeys.gpu),
    operator: fc.constant("In"),
    values: fc.constantFrom(["true"], ["false"]),
  }),
  fc.record({
    key: fc.constant(labelKeys.availableUntil),
    operator: fc.constant("Gt"),
    values: fc.tuple(someHour),
  }),
  fc.record({
    key: fc.constant(labelKeys.gpuModel),
    operator: fc.constant("In"),
    values: fc.constantFrom(["nvidia-l40s"], ["nvidia-a100"]),
  }),
  fc.record({
    key: fc.constantFrom(labelKeys.gpuMemoryGib, labelKeys.gpuCount),
    operator: fc.constant("Gt"),
    values: fc.constantFrom(["43"], ["1"], ["0"]),
  }),
  // What no record of ours ever holds.
  expression,
);

/** The text of a record that the pod's author made up, to see what we would do for it. */
export const forgedRecord = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .record(
        {
          at: fc.constantFrom(
            "2026-11-22T12:00:00.000Z",
            "2026-11-22T11:59:10Z",
            "2026-11-22T12:00:59Z",
            "1970-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
          ),
          gpu: fc.boolean(),
          hours: fc.constantFrom(1, 100),
          gpuModel: fc.constantFrom("NVIDIA L40S", "nvidia-l40s", "NVIDIA A100"),
          gpuMemoryGib: fc.constantFrom(44, 1),
          gpuCount: fc.constantFrom(2, 1),
          required: fc.array(recordedExpression, { maxLength: 5 }),
          preferredNode: node,
          schedulerName: fc.constantFrom("gpuinfo-scheduler", "volcano"),
          marker: fc.constant(true),
          label: fc.constant(true),
        },
        { requiredKeys: ["at", "gpu", "hours", "required"] },
      )
      .map((record) => JSON.stringify(record)),
  },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string() },
);
