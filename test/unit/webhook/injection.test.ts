import { describe, expect, it } from "vitest";
import { readRecord } from "../../../src/api/injected.ts";
import { annotationKeys, labelKeys, markerResource } from "../../../src/api/names.ts";
import { Pod } from "../../../src/api/pod.ts";
import {
  aRawPod,
  cpuFor100,
  gpuFor100,
  l40sFor100,
  type RawPod,
  selecting,
  show,
} from "../../support/admission.ts";
import { now } from "../../support/builders.ts";

const thisHour = Math.floor(now.getTime() / 3_600_000);
const noonAndAMinute = new Date(now.getTime() + 60_000);
const gpu = { key: labelKeys.gpu, operator: "In", values: ["true"] };
const noGpu = { ...gpu, values: ["false"] };
const l40s = { key: labelKeys.gpuModel, operator: "In", values: ["nvidia-l40s"] };
const of44Gib = { key: labelKeys.gpuMemoryGib, operator: "Gt", values: ["43"] };
const two = { key: labelKeys.gpuCount, operator: "Gt", values: ["1"] };
const one = { ...two, values: ["0"] };

function until(hour: number): object {
  return { key: labelKeys.availableUntil, operator: "Gt", values: [String(hour)] };
}

function wish(node: string): object {
  const matchFields = [{ key: "metadata.name", operator: "In", values: [node] }];
  return { weight: 100, preference: { matchFields } };
}

function affinityOf(pod: RawPod): object | null | undefined {
  return Pod.parse(pod).spec.affinity?.nodeAffinity;
}

function required(...matchExpressions: object[]): object {
  return {
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] },
  };
}

function preferred(...terms: object[]): object {
  return { preferredDuringSchedulingIgnoredDuringExecution: terms };
}

function recordIn(pod: RawPod): unknown {
  return readRecord(Pod.parse(pod).metadata.annotations?.[annotationKeys.injected] ?? "");
}

function aForgedPod(record: object, expressions: object[]): RawPod {
  const annotations = { ...gpuFor100, [annotationKeys.injected]: JSON.stringify(record) };
  return aRawPod({
    metadata: { annotations },
    spec: { affinity: { nodeAffinity: required(...expressions) }, schedulerName: "volcano" },
  });
}

describe("an annotated pod", () => {
  it("becomes, as a whole", async () => {
    const { after } = await show(aRawPod());
    expect(after).toEqual({
      metadata: {
        generateName: "train-",
        namespace: "ml",
        labels: { "topology.corinternal.com/managed": "true" },
        annotations: {
          "topology.corinternal.com/des-acc-time": "100",
          "topology.corinternal.com/gpu-required": "true",
          "topology.corinternal.com/injected": JSON.stringify({
            at: "2026-11-22T12:00:00.000Z",
            gpu: true,
            hours: 100,
            required: [gpu, until(thisHour + 99)],
            preferredNode: "worker-7",
            schedulerName: "gpuinfo-scheduler",
            label: true,
          }),
        },
      },
      spec: {
        schedulerName: "gpuinfo-scheduler",
        affinity: {
          nodeAffinity: { ...required(gpu, until(thisHour + 99)), ...preferred(wish("worker-7")) },
        },
        containers: [{ name: "train", resources: {} }],
      },
    });
  });

  it.each([
    ["scheduler", "exact", gpuFor100, now, [gpu, until(thisHour + 99)]],
    ["scheduler", "exact", cpuFor100, now, [noGpu, until(thisHour + 99)]],
    ["scheduler", "atLeast", cpuFor100, now, [until(thisHour + 99)]],
    ["scheduler", "atLeast", gpuFor100, now, [gpu, until(thisHour + 99)]],
    ["scheduler", "exact", gpuFor100, noonAndAMinute, [gpu, until(thisHour + 99)]],
    ["extender", "exact", gpuFor100, noonAndAMinute, [gpu, until(thisHour + 99)]],
    ["affinity", "exact", gpuFor100, now, [gpu, until(thisHour + 99)]],
    ["scheduler", "exact", l40sFor100, now, [gpu, l40s, of44Gib, two, until(thisHour + 99)]],
    ["affinity", "atLeast", l40sFor100, now, [gpu, l40s, of44Gib, two, until(thisHour + 99)]],
    ["extender", "exact", { [annotationKeys.gpuCount]: "1" }, now, [gpu, one, until(thisHour)]],
    ["affinity", "exact", gpuFor100, noonAndAMinute, [gpu, until(thisHour + 100)]],
  ] as const)(
    "in mode %s with policy %s asks of its node: row %$",
    async (mode, gpuPolicy, annotations, time, wanted) => {
      const pod = aRawPod({ metadata: { annotations } });
      const { after } = await show(pod, { mode, gpuPolicy, now: () => time });
      expect(affinityOf(after)).toMatchObject(required(...wanted));
    },
  );

  it("keeps the preferences that it has, and gets ours beside them", async () => {
    const own = { weight: 1, preference: { matchExpressions: [gpu] } };
    const { after } = await show(aRawPod({ spec: { affinity: { nodeAffinity: preferred(own) } } }));
    expect(affinityOf(after)).toMatchObject(preferred(own, wish("worker-7")));
  });

  it("prefers no node where none fits", async () => {
    const { after } = await show(aRawPod(), { selectNodes: selecting([]) });
    expect(affinityOf(after)).toEqual(required(gpu, until(thisHour + 99)));
    expect(recordIn(after)).not.toHaveProperty("preferredNode");
  });

  it("has its label set right", async () => {
    const { after } = await show(
      aRawPod({ metadata: { labels: { [labelKeys.managed]: "no", app: "x" } } }),
    );
    expect(after.metadata["labels"]).toEqual({ [labelKeys.managed]: "true", app: "x" });
  });
});

describe("the scheduler", () => {
  it.each([
    ["scheduler", undefined, "gpuinfo-scheduler"],
    ["scheduler", "", "gpuinfo-scheduler"],
    ["scheduler", "default-scheduler", "gpuinfo-scheduler"],
    ["scheduler", "gpuinfo-scheduler", "gpuinfo-scheduler"],
    ["scheduler", "volcano", "volcano"],
    ["extender", "default-scheduler", "default-scheduler"],
    ["affinity", "default-scheduler", "default-scheduler"],
    ["affinity", undefined, undefined],
  ] as const)("in mode %s of a pod with %s is %s", async (mode, schedulerName, wanted) => {
    const { after } = await show(aRawPod({ spec: { schedulerName } }), { mode });
    expect(after.spec["schedulerName"]).toBe(wanted);
  });

  it.each([
    ["scheduler", "volcano", true],
    ["scheduler", "gpuinfo-scheduler", false],
    ["extender", "volcano", true],
    ["extender", "gpuinfo-scheduler", true],
    ["extender", "", false],
    ["affinity", "volcano", false],
  ] as const)("in mode %s called %s is warned about: %s", async (mode, schedulerName, warned) => {
    const spec = {
      schedulerName,
      containers: [{ resources: { limits: { "nvidia.com/gpu": 1 } } }],
    };
    const { answer } = await show(aRawPod({ spec }), { mode });
    const warning = `scheduler "${schedulerName}" does not ask gpuinfo: node labels alone steer`;
    expect(answer).toMatchObject({ allowed: true, warnings: warned ? [warning] : [] });
  });
});

describe("the marker resource", () => {
  const marked = { requests: { [markerResource]: "1" }, limits: { [markerResource]: "1" } };

  it.each([
    ["no resources", [{}], [{ resources: marked }]],
    ["null resources", [{ resources: null }], [{ resources: marked }]],
    ["null lists", [{ resources: { requests: null, limits: null } }], [{ resources: marked }]],
    [
      "requests only",
      [{ resources: { requests: { cpu: "1" } } }],
      [{ resources: { requests: { cpu: "1", [markerResource]: "1" }, limits: marked.limits } }],
    ],
    [
      "several containers",
      [{ name: "a" }, { name: "b" }],
      [{ name: "a", resources: marked }, { name: "b" }],
    ],
    [
      "the marker on a later container",
      [{ name: "a" }, { resources: marked }],
      [{ name: "a" }, { resources: marked }],
    ],
    ["no containers", [], []],
    ["null containers", null, null],
  ])("comes onto the first of: %s", async (_what, containers, wanted) => {
    const { after } = await show(aRawPod({ spec: { containers } }), { mode: "extender" });
    expect(after.spec["containers"]).toEqual(wanted);
  });

  it.each([
    ["scheduler", "default-scheduler"],
    ["affinity", "default-scheduler"],
    ["extender", "volcano"],
  ] as const)("stays away in mode %s from a pod of %s", async (mode, schedulerName) => {
    const { after } = await show(aRawPod({ spec: { schedulerName } }), { mode });
    expect(after.spec["containers"]).toEqual([{ name: "train", resources: {} }]);
  });
});

describe("a pod that is shown again", () => {
  it("within a minute keeps its node and its bound, and nobody chooses anew", async () => {
    const { after } = await show(aRawPod(), { mode: "affinity" });
    const again = await show(after, {
      mode: "affinity",
      now: () => noonAndAMinute,
      selectNodes: () => {
        throw new Error("asked");
      },
    });
    expect(again.after).toEqual(after);
  });

  it("after another webhook replaced its affinity gets ours again, with the same node", async () => {
    const { after } = await show(aRawPod());
    const replaced = { ...after, spec: { ...after.spec, affinity: { podAffinity: {} } } };
    const again = await show(replaced, { selectNodes: selecting(["worker-9"]) });
    expect(affinityOf(again.after)).toEqual(affinityOf(after));
    expect(again.after.spec["affinity"]).toHaveProperty("podAffinity");
    expect(recordIn(again.after)).toEqual(recordIn(after));
  });

  it("later is a copy: node and bound are found anew", async () => {
    const { after } = await show(aRawPod());
    const later = new Date(now.getTime() + 2 * 3_600_000);
    const copy = await show(after, { now: () => later, selectNodes: selecting(["worker-9"]) });
    expect(affinityOf(copy.after)).toEqual({
      ...required(gpu, until(thisHour + 101)),
      ...preferred(wish("worker-9")),
    });
  });

  it("with other needs is a copy, however young", async () => {
    const { after } = await show(aRawPod());
    const annotations = { ...Pod.parse(after).metadata.annotations, ...cpuFor100 };
    const copy = await show({ ...after, metadata: { ...after.metadata, annotations } });
    expect(affinityOf(copy.after)).toMatchObject(required(noGpu, until(thisHour + 99)));
  });

  it("with its model spelled in another way keeps its node", async () => {
    const { after } = await show(aRawPod({ metadata: { annotations: l40sFor100 } }));
    const annotations = {
      ...Pod.parse(after).metadata.annotations,
      [annotationKeys.gpuModel]: "nvidia-l40s",
    };
    const pod = { ...after, metadata: { ...after.metadata, annotations } };
    const again = await show(pod, { selectNodes: selecting(["worker-9"]) });
    expect(affinityOf(again.after)).toEqual(affinityOf(after));
    expect(recordIn(again.after)).toMatchObject({
      gpuModel: "nvidia-l40s",
      preferredNode: "worker-7",
    });
  });

  it.each<[string, string, object, object, object]>([
    [annotationKeys.gpuModel, "NVIDIA L40", { ...l40s, values: ["nvidia-l40"] }, of44Gib, two],
    [annotationKeys.gpuMemoryGib, "24", l40s, { ...of44Gib, values: ["23"] }, two],
    [annotationKeys.gpuCount, "1", l40s, of44Gib, one],
  ])("with another %s is a copy, however young", async (key, text, ...kind) => {
    const { after } = await show(aRawPod({ metadata: { annotations: l40sFor100 } }));
    const annotations = { ...Pod.parse(after).metadata.annotations, [key]: text };
    const pod = { ...after, metadata: { ...after.metadata, annotations } };
    const copy = await show(pod, { selectNodes: selecting(["worker-9"]) });
    expect(affinityOf(copy.after)).toEqual({
      ...required(gpu, ...kind, until(thisHour + 99)),
      ...preferred(wish("worker-9")),
    });
  });

  it("with other needs is a copy, though all that it requires was its own", async () => {
    const nodeAffinity = required(gpu, noGpu, until(thisHour + 99));
    const { after } = await show(aRawPod({ spec: { affinity: { nodeAffinity } } }));
    const annotations = { ...Pod.parse(after).metadata.annotations, ...cpuFor100 };
    const pod = { ...after, metadata: { ...after.metadata, annotations } };
    const copy = await show(pod, { selectNodes: selecting(["worker-9"]) });
    expect(affinityOf(copy.after)).toEqual({ ...nodeAffinity, ...preferred(wish("worker-9")) });
  });

  it("under another mode is a copy, however young: no bound of the other mode stays", async () => {
    const { after } = await show(aRawPod(), { mode: "affinity", now: () => noonAndAMinute });
    const copy = await show(after, { mode: "extender", now: () => noonAndAMinute });
    expect(affinityOf(copy.after)).toEqual({
      ...required(gpu, until(thisHour + 99)),
      ...preferred(wish("worker-7")),
    });
  });

  it("without needs gives everything back", async () => {
    const { after } = await show(aRawPod({ spec: { schedulerName: "default-scheduler" } }), {
      mode: "scheduler",
    });
    const { [annotationKeys.injected]: record } = Pod.parse(after).metadata.annotations ?? {};
    const copy = {
      ...after,
      metadata: { ...after.metadata, annotations: { [annotationKeys.injected]: record } },
    };
    expect((await show(copy)).after).toEqual({
      metadata: { generateName: "train-", namespace: "ml", labels: {}, annotations: {} },
      spec: {
        schedulerName: "default-scheduler",
        affinity: { nodeAffinity: {} },
        containers: [{ name: "train", resources: {} }],
      },
    });
  });
});

describe("a record that the pod's author made up", () => {
  const zone = { key: "topology.kubernetes.io/zone", operator: "In", values: ["a"] };
  const forged = { at: now.toISOString(), gpu: true, hours: 100, required: [] as object[] };

  it("cannot say that everything is in place", async () => {
    const { after } = await show(
      aForgedPod({ ...forged, required: [gpu, until(thisHour + 99)] }, [zone]),
    );
    expect(affinityOf(after)).toMatchObject(required(zone, gpu, until(thisHour + 99)));
  });

  it("cannot set a bound of its own", async () => {
    const { after } = await show(aForgedPod({ ...forged, required: [until(1)] }, [zone]));
    expect(affinityOf(after)).toMatchObject(required(zone, gpu, until(thisHour + 99)));
  });

  it("cannot stand in for the kind of GPU that is asked for", async () => {
    const pod = aForgedPod({ ...forged, gpuCount: 1, required: [gpu, one] }, [gpu, one]);
    const annotations = { ...Pod.parse(pod).metadata.annotations, [annotationKeys.gpuCount]: "2" };
    const { after } = await show({ ...pod, metadata: { ...pod.metadata, annotations } });
    expect(affinityOf(after)).toMatchObject(required(gpu, two, until(thisHour + 99)));
  });

  it("cannot have another's expression removed", async () => {
    const { after } = await show(
      aForgedPod({ ...forged, at: "1970-01-01T00:00:00Z", required: [zone] }, [zone]),
    );
    expect(affinityOf(after)).toMatchObject(required(zone, gpu, until(thisHour + 99)));
  });

  it("cannot have another scheduler replaced", async () => {
    const record = { ...forged, at: "1970-01-01T00:00:00Z", schedulerName: "volcano" };
    const { after } = await show(aForgedPod(record, [zone]));
    expect(after.spec["schedulerName"]).toBe("volcano");
  });
});
