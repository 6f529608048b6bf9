import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readDemand } from "../../../src/api/demand.ts";
import { readRecord } from "../../../src/api/injected.ts";
import { annotationKeys, labelKeys, markerResource } from "../../../src/api/names.ts";
import { Pod } from "../../../src/api/pod.ts";
import type { AdmitOptions } from "../../../src/webhook/admit.ts";
import type { Mode } from "../../../src/webhook/mode.ts";
import { nodeExpressions } from "../../../src/webhook/node-expressions.ts";
import { isEmptyTerm, requiredTerms } from "../../../src/webhook/required-affinity.ts";
import { admitOptions, l40sFor100, type RawPod, selecting, show } from "../../support/admission.ts";
import { now } from "../../support/builders.ts";
import { forgedRecord, needs, podArbitrary } from "../../support/pod-arbitrary.ts";

const modes = fc.constantFrom<Mode[]>("scheduler", "extender", "affinity");
const settings: fc.Arbitrary<Partial<AdmitOptions>> = fc.record({
  mode: modes,
  gpuPolicy: fc.constantFrom<AdmitOptions["gpuPolicy"][]>("exact", "atLeast"),
  selectNodes: fc.constantFrom(selecting(["worker-7"]), selecting(["worker-1"]), selecting([])),
});

function at(minutes: number): () => Date {
  return () => new Date(now.getTime() + minutes * 60_000);
}

function withAnnotations(pod: RawPod, annotations: Readonly<Record<string, string>>): RawPod {
  const before = Pod.parse(pod).metadata.annotations;
  return { ...pod, metadata: { ...pod.metadata, annotations: { ...before, ...annotations } } };
}

const needsKeys: ReadonlySet<string> = new Set(Object.keys(l40sFor100));

/** The same pod with these needs, and no others. */
function withNeeds(pod: RawPod, annotations: Readonly<Record<string, string>>): RawPod {
  const before = Object.entries(Pod.parse(pod).metadata.annotations ?? {});
  const rest = Object.fromEntries(before.filter(([key]) => !needsKeys.has(key)));
  return { ...pod, metadata: { ...pod.metadata, annotations: { ...rest, ...annotations } } };
}

function recordIn(pod: RawPod): string {
  return Pod.parse(pod).metadata.annotations?.[annotationKeys.injected] ?? "";
}

function termsOf(pod: RawPod): ReturnType<typeof requiredTerms> {
  return requiredTerms(Pod.parse(pod).spec.affinity?.nodeAffinity);
}

/** What every node must have for this pod, whichever of the times of one admission is taken. */
function neededAt(pod: RawPod, time: Date, options: Partial<AdmitOptions>): readonly string[] {
  const demand = readDemand(Pod.parse(pod));
  if (demand.kind !== "needs") throw new Error(`wanted a pod with needs, found ${demand.kind}`);
  return nodeExpressions(demand.requirement, time, admitOptions(options)).map(text);
}

function text({
  key,
  operator,
  values,
}: {
  key: string;
  operator: string;
  values?: unknown;
}): string {
  return JSON.stringify([key, operator, values ?? []]);
}

/** With what means the same written in the same way. */
function canonical(pod: RawPod): unknown {
  const { metadata, spec } = Pod.parse(pod);
  const { nodeAffinity } = spec.affinity ?? {};
  return {
    labels: metadata.labels ?? {},
    scheduler: spec.schedulerName || "default-scheduler",
    terms: termsOf(pod)?.map((term) => ({
      matchExpressions: term?.matchExpressions ?? [],
      matchFields: term?.matchFields ?? [],
    })),
    preferred: nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [],
    resources: spec.containers?.map(({ resources }) => ({
      requests: resources?.requests ?? {},
      limits: resources?.limits ?? {},
    })),
  };
}

/** With everything left out that is ours to change. */
function others(pod: RawPod): unknown {
  const copy = JSON.parse(JSON.stringify(pod), (key, value: unknown) => {
    const isOurs = [annotationKeys.injected, labelKeys.managed, markerResource].some(
      (name) => name === key,
    );
    if (isOurs || key === "nodeAffinity" || key === "schedulerName") return undefined;
    return isBare(value) ? undefined : value;
  }) as unknown;
  return copy ?? {};
}

function isBare(value: unknown): boolean {
  return value === null || (typeof value === "object" && Object.keys(value).length === 0);
}

describe("any pod", () => {
  it("gets a patch that applies, and that changes nothing of others", () =>
    fc.assert(
      fc.asyncProperty(podArbitrary, settings, async (pod, options) => {
        const { answer, after } = await show(pod, options);
        expect(answer.allowed).toBe(true);
        expect(others(after)).toEqual(others(pod));
      }),
    ));

  it("is asked in each of its terms for what the job needs, and its empty terms stay empty", () =>
    fc.assert(
      fc.asyncProperty(podArbitrary, settings, async (pod, options) => {
        const { after } = await show(pod, options);
        const before = termsOf(pod);
        const terms = termsOf(after) ?? [];
        expect(terms).toHaveLength(before === undefined ? 1 : before.length);
        const isSatisfied = terms.map((term, index) => {
          const was = before?.[index];
          if (was !== undefined && isEmptyTerm(was)) return isEmptyTerm(term);
          const asked = new Set((term?.matchExpressions ?? []).map(text));
          return neededAt(pod, now, options).every((each) => asked.has(each));
        });
        expect(isSatisfied).not.toContain(false);
      }),
    ));

  it("is left alone when it is shown again within the same admission", () =>
    fc.assert(
      fc.asyncProperty(
        podArbitrary,
        settings,
        fc.constantFrom(0, 0.5, 1),
        async (pod, options, minutes) => {
          const { after } = await show(pod, options);
          const again = await show(after, {
            ...options,
            now: at(minutes),
            selectNodes: selecting(["another-node"]),
          });
          expect(again.answer).toMatchObject({ allowed: true, operations: [] });
        },
      ),
    ));

  it("copied with our marks on it becomes what it would have become without them", () =>
    fc.assert(
      fc.asyncProperty(
        podArbitrary,
        settings,
        settings,
        needs,
        async (pod, before, later, otherNeeds) => {
          const { after: running } = await show(pod, before);
          const copied = await show(withNeeds(running, otherNeeds), {
            ...later,
            now: at(120),
          });
          const fresh = await show(withNeeds(pod, otherNeeds), { ...later, now: at(120) });
          expect(canonical(copied.after)).toEqual(canonical(fresh.after));
          expect(readRecord(recordIn(copied.after))).toEqual(readRecord(recordIn(fresh.after)));
        },
      ),
    ));

  it("copied with our marks but without its needs becomes what it was", () =>
    fc.assert(
      fc.asyncProperty(podArbitrary, settings, async (pod, options) => {
        const { after: running } = await show(pod, options);
        const annotations = { [annotationKeys.injected]: recordIn(running) };
        const copy = { ...running, metadata: { ...running.metadata, annotations } };
        const { after } = await show(copy, options);
        expect(canonical(after)).toEqual(
          canonical({ ...pod, metadata: { ...pod.metadata, annotations } }),
        );
        expect(recordIn(after)).toBe("");
      }),
    ));
});

describe("a record that somebody made up", () => {
  it("takes away no constraint that is not ours, and saves the pod from none that is", () =>
    fc.assert(
      fc.asyncProperty(podArbitrary, settings, forgedRecord, async (pod, options, record) => {
        const forged = withAnnotations(pod, { [annotationKeys.injected]: record });
        const { after } = await show(forged, options);
        expect(others(after)).toEqual(others(pod));
        const terms = (termsOf(after) ?? []).filter((term) => !isEmptyTerm(term));
        for (const term of terms) expectNeeds(term?.matchExpressions ?? [], pod, options);
        expect(foreignAsks(after)).toEqual(foreignAsks(pod));
        expect(emptyTerms(after)).toBe(emptyTerms(pod));
      }),
      { numRuns: 500 },
    ));

  it("is replaced by our own, after which nothing changes any more", () =>
    fc.assert(
      fc.asyncProperty(podArbitrary, settings, forgedRecord, async (pod, options, record) => {
        const forged = withAnnotations(pod, { [annotationKeys.injected]: record });
        const { after } = await show(forged, options);
        expect(readRecord(recordIn(after))).toBeDefined();
        const again = await show(after, options);
        expect(again.answer).toMatchObject({ allowed: true, operations: [] });
      }),
    ));
});

type Asked = Parameters<typeof text>[0];

/** The bound of any moment of the same admission will do; all other needs have one form only. */
function expectNeeds(asked: readonly Asked[], pod: RawPod, options: Partial<AdmitOptions>): void {
  const texts = new Set(asked.map(text));
  const moments = [at(-1)(), now, at(1)()].map((time) => neededAt(pod, time, options));
  const isMet = moments.some((needed) => needed.every((each) => texts.has(each)));
  expect(isMet, `${[...texts].join()} should hold ${moments.join(" or ")}`).toBe(true);
}

/** Per term, what it asks about the labels of others; terms that ask for nothing but ours are left out. */
function foreignAsks(pod: RawPod): string[] {
  const asks = (termsOf(pod) ?? []).map((term) => [
    ...(term?.matchExpressions ?? []).filter(
      ({ key }) => !key.startsWith("topology.corinternal.com/"),
    ),
    ...(term?.matchFields ?? []),
  ]);
  return asks.filter((each) => each.length > 0).map((each) => each.map(text).join());
}

function emptyTerms(pod: RawPod): number {
  return (termsOf(pod) ?? []).filter(isEmptyTerm).length;
}
