import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nodeOverride } from "../../../src/api/names.ts";
import { readMarkedNode, readNode } from "../../../src/kube/nodes.ts";

const bare = {
  name: "worker-1",
  providerId: "",
  systemUuid: "",
  ready: false,
  unschedulable: false,
  taints: [],
  vmOverride: "",
  csiNodeId: "",
};

describe("a Kubernetes node", () => {
  it("becomes what selection needs to know of it", () => {
    const node = {
      metadata: {
        name: "worker-1",
        labels: { a: "b" },
        annotations: { [nodeOverride]: "/DC0/vm/worker 1\n", "example.com/vm": "x" },
      },
      spec: {
        providerID: "vsphere://4237B2C7-0000-4000-8000-0123456789AB",
        unschedulable: true,
        taints: [
          { key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" },
          {
            key: "node.kubernetes.io/not-ready",
            effect: "NoExecute",
            timeAdded: "2026-11-22T10:00:00Z",
          },
        ],
      },
      status: {
        nodeInfo: { systemUUID: "C7B23742-0000-0040-8000-0123456789ab" },
        conditions: [
          { type: "MemoryPressure", status: "False" },
          { type: "Ready", status: "True" },
        ],
      },
    };
    expect(readNode(node)).toEqual({
      name: "worker-1",
      providerId: "vsphere://4237B2C7-0000-4000-8000-0123456789AB",
      systemUuid: "C7B23742-0000-0040-8000-0123456789ab",
      ready: true,
      unschedulable: true,
      taints: [
        { key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" },
        { key: "node.kubernetes.io/not-ready", effect: "NoExecute" },
      ],
      vmOverride: "/DC0/vm/worker 1",
      csiNodeId: "",
    });
  });

  it.each([
    ["nothing but its name", {}],
    ["an empty spec and status", { spec: {}, status: {} }],
    ["null for everything", { spec: null, status: null }],
    [
      "taints and conditions that are no lists",
      { spec: { taints: {} }, status: { conditions: "Ready" } },
    ],
    [
      "a Ready condition that is Unknown",
      { status: { conditions: [{ type: "Ready", status: "Unknown" }] } },
    ],
    [
      "another condition that is True",
      { status: { conditions: [{ type: "DiskPressure", status: "True" }] } },
    ],
  ])("with %s is not ready and has no ids", (_what, rest) => {
    expect(readNode({ metadata: { name: "worker-1" }, ...rest })).toEqual(bare);
  });

  it.each([
    ["empty", ""],
    ["blank", " "],
    ["no text", 7],
  ])("is not overridden by an annotation that is %s", (_, value) => {
    const metadata = { name: "worker-1", annotations: { [nodeOverride]: value } };
    expect(readNode({ metadata })).toEqual(bare);
  });

  it.each([[undefined], [null], ["worker-1"], [{}], [{ metadata: { name: 7 } }]])(
    "is refused as %j",
    (node) => {
      expect(() => readNode(node)).toThrow("a Node without metadata.name");
    },
  );
});

describe("what else is read of a Kubernetes node", () => {
  const node = {
    metadata: {
      name: "worker-1",
      uid: "6c1a5f0e",
      labels: { "example.com/rack": "r1", "topology.corinternal.com/gpu": "true", odd: 7 },
    },
    status: {
      allocatable: {
        cpu: "16",
        "nvidia.com/gpu": "4",
        "nvidia.com/mig-1g.5gb": "0",
        "amd.com/gpu": 2,
        "gpu.intel.com/i915": "1",
        "nvidia.com/gpumem": "40Gi",
        "amd.com/half": "500m",
        "nvidia.com/none": "",
        "nvidia.com/negative": "-1",
        "notnvidia.com/gpu": "9",
      },
    },
  };

  it("are its uid, all its labels, and the GPUs that it has to give", () => {
    const { uid, labels, gpuGuest } = readMarkedNode(node);
    expect(uid).toBe("6c1a5f0e");
    expect(labels).toEqual({ "example.com/rack": "r1", "topology.corinternal.com/gpu": "true" });
    expect(gpuGuest.allocatable).toEqual({
      "nvidia.com/gpu": 4,
      "nvidia.com/mig-1g.5gb": 0,
      "amd.com/gpu": 2,
      "gpu.intel.com/i915": 1,
    });
  });

  it("is nothing where nothing stands", () => {
    const { uid, labels, gpuGuest } = readMarkedNode({ metadata: { name: "worker-1" } });
    expect({ uid, labels, gpuGuest }).toEqual({
      uid: "",
      labels: {},
      gpuGuest: { allocatable: {} },
    });
  });

  it("is never a reason to crash, and counts whole numbers of devices alone", () => {
    const anything = fc.oneof(fc.anything(), fc.dictionary(fc.string(), fc.anything()));
    fc.assert(
      fc.property(
        anything,
        anything,
        anything,
        fc.anything(),
        (labels, annotations, status, quantity) => {
          const allocatable = { "nvidia.com/gpu": quantity };
          readMarkedNode({ metadata: { name: "n", labels, annotations }, spec: labels, status });
          const { gpuGuest } = readMarkedNode({ metadata: { name: "n" }, status: { allocatable } });
          const counts = Object.values(gpuGuest.allocatable);
          expect(counts.every((count) => Number.isSafeInteger(count) && count >= 0)).toBe(true);
        },
      ),
    );
  });
});
