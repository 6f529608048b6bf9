import { describe, expect, it } from "vitest";
import { readNode } from "../../../src/kube/nodes.ts";

const bare = {
  name: "worker-1",
  providerId: "",
  systemUuid: "",
  ready: false,
  unschedulable: false,
  taints: [],
};

describe("a Kubernetes node", () => {
  it("becomes what selection needs to know of it", () => {
    const node = {
      metadata: { name: "worker-1", labels: { a: "b" } },
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

  it.each([[undefined], [null], ["worker-1"], [{}], [{ metadata: { name: 7 } }]])(
    "is refused as %j",
    (node) => {
      expect(() => readNode(node)).toThrow("a Node without metadata.name");
    },
  );
});
