import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { annotationKeys, labelKeys } from "../../../src/api/names.ts";
import { managedPods, readPod } from "../../../src/kube/pods.ts";

const metadata = { uid: "uid-1", namespace: "ml", name: "train-x7" };
const demand = { [annotationKeys.gpuRequired]: "true" };
const bare = {
  ...metadata,
  createdAt: new Date(0),
  phase: "",
  deleting: false,
  cpuMilli: 0,
  unschedulable: false,
};

function read(pod: object) {
  const { pod: _, ...rest } = readPod({ metadata, ...pod });
  return rest;
}

function condition(status: string, reason?: string) {
  return {
    type: "PodScheduled",
    status,
    lastTransitionTime: "2026-11-22T12:00:00Z",
    ...(reason !== undefined && { reason }),
  };
}

describe("a managed pod", () => {
  it("is chosen by the label that the webhook sets", () => {
    expect(managedPods.labelSelector).toBe(`${labelKeys.managed}=true`);
  });

  it("becomes what placement needs to know of it", () => {
    const record = {
      at: "2026-11-22T11:00:00Z",
      gpu: true,
      hours: 100,
      required: [],
      preferredNode: "worker-2",
    };
    const pod = readPod({
      metadata: {
        ...metadata,
        generateName: "train-",
        creationTimestamp: "2026-11-22T11:30:00Z",
        deletionTimestamp: "2026-11-22T13:00:00Z",
        annotations: {
          [annotationKeys.desAccTime]: "100",
          [annotationKeys.injected]: JSON.stringify(record),
        },
      },
      spec: {
        nodeName: "worker-1",
        containers: [{ name: "a", resources: { requests: { cpu: "1500m" } } }],
      },
      status: { phase: "Running", conditions: [condition("True")] },
    });
    expect(pod).toMatchObject({
      ...metadata,
      generateName: "train-",
      createdAt: new Date("2026-11-22T11:30:00Z"),
      nodeName: "worker-1",
      boundAt: new Date("2026-11-22T12:00:00Z"),
      phase: "Running",
      deleting: true,
      cpuMilli: 1500,
      unschedulable: false,
      preferredNode: "worker-2",
    });
    expect(pod.pod.metadata.annotations?.[annotationKeys.desAccTime]).toBe("100");
  });

  it.each([
    ["that has just been created", {}, {}],
    [
      "that kube-scheduler finds no node for",
      { conditions: [condition("False", "Unschedulable")] },
      { unschedulable: true },
    ],
    ["with a scheduling gate", { conditions: [condition("False", "SchedulingGated")] }, {}],
    ["that failed for an error", { conditions: [condition("False", "SchedulerError")] }, {}],
    ["whose conditions are no list", { conditions: "PodScheduled" }, {}],
  ])("%s", (_what, status, expected) => {
    expect(read({ spec: { containers: [] }, status })).toEqual({ ...bare, ...expected });
  });

  it.each([
    ["says so", [condition("True")], new Date("2026-11-22T12:00:00Z")],
    ["has no time", [{ type: "PodScheduled", status: "True" }], undefined],
    ["has a time that is none", [{ ...condition("True"), lastTransitionTime: "noon" }], undefined],
    ["is absent", [], undefined],
  ])("is bound at the time of its condition: which %s", (_what, conditions, boundAt) => {
    const pod = read({ spec: { nodeName: "worker-1", containers: [] }, status: { conditions } });
    expect(pod.boundAt).toEqual(boundAt);
    expect(pod.nodeName).toBe("worker-1");
  });

  it("still has its annotations when the rest is in a shape that we do not know", () => {
    const annotations = { [annotationKeys.gpuRequired]: "true", odd: 7 };
    const { pod } = readPod({
      metadata: { ...metadata, annotations },
      spec: { containers: "two" },
    });
    expect(pod.metadata.annotations).toEqual({ [annotationKeys.gpuRequired]: "true" });
  });

  it("keeps of its labels and annotations no more than our annotations: others may be long", () => {
    const notes = { ...demand, "example.com/notes": "x".repeat(200_000), mine: "1" };
    const { pod } = readPod({
      metadata: { ...metadata, annotations: notes, labels: { team: "a" } },
      spec: { containers: [] },
    });
    expect(pod.metadata).toEqual({ annotations: demand });
  });

  it.each(["uid", "namespace", "name"])("without metadata.%s is refused", (field) => {
    expect(() => readPod({ metadata: { ...metadata, [field]: undefined } })).toThrow(
      `a Pod without metadata.${field}`,
    );
  });

  it("is read whatever else it holds", () => {
    const any = fc.anything({ maxDepth: 4, withNullPrototype: true });
    const odd = fc.record({
      metadata: fc
        .record({ labels: any, annotations: any, generateName: any, deletionTimestamp: any })
        .map((rest) => ({ ...rest, ...metadata })),
      spec: fc.oneof(
        any,
        fc.record({ nodeName: any, containers: any, initContainers: any, overhead: any }),
      ),
      status: fc.oneof(any, fc.record({ phase: any, conditions: any })),
    });
    fc.assert(
      fc.property(odd, (pod) => {
        expect(readPod(pod)).toMatchObject(metadata);
      }),
    );
  });
});

describe("what a pod says of its own risk", () => {
  const ours = {
    type: "topology.corinternal.com/PlacementAtRisk",
    status: "True",
    reason: "MaintenanceWindow",
    message: "maintenance begins",
    lastTransitionTime: "2026-11-22T12:00:00Z",
  };
  const { type: _, ...risk } = ours;

  it.each<[string, unknown, unknown]>([
    ["is read from the condition of ours", [{ type: "Ready", status: "False" }, ours], risk],
    ["may be that it is over", [{ ...ours, status: "False" }], { ...risk, status: "False" }],
    ["is nothing where it is unknown", [{ ...ours, status: "Unknown" }], undefined],
    [
      "is nothing where another's condition is called alike",
      [{ ...ours, type: "PlacementAtRisk" }],
      undefined,
    ],
    [
      "may lack all but its status",
      [{ type: ours.type, status: "True" }],
      { status: "True", reason: "", message: "", lastTransitionTime: "" },
    ],
    ["is nothing where conditions are no list", { type: ours.type, status: "True" }, undefined],
    ["is nothing where a condition is no object", [null, 7, "True"], undefined],
  ])("%s", (__, conditions, wanted) => {
    expect(readPod({ metadata, status: { conditions } }).atRisk).toEqual(wanted);
  });

  it("counts from when the node took the pod on", () => {
    const startTime = "2026-11-22T12:00:03Z";
    expect(readPod({ metadata, status: { startTime } }).startedAt).toEqual(new Date(startTime));
    for (const bad of ["soon", 7, null, ""]) {
      expect(readPod({ metadata, status: { startTime: bad } })).not.toHaveProperty("startedAt");
    }
  });
});
