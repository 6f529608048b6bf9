import { describe, expect, it } from "vitest";
import { type NodeObject, nodeFor } from "../../../hack/stack/cluster/nodes.ts";
import { type FleetMachine, type KubernetesNode, machineUuid } from "../../../hack/stack/fleet.ts";

const uuid = "4220c2a5-7d1f-4b2f-9a53-0f3f7f0e9a11";
const now = new Date("2026-11-22T12:00:00Z");

function aMachine(kubernetesNode?: KubernetesNode | false): FleetMachine {
  return { name: "worker-1", uuid, ...(kubernetesNode !== undefined && { kubernetesNode }) };
}

function aNode(settings: KubernetesNode = {}): NodeObject {
  const node = nodeFor(aMachine(settings), now);
  if (node === undefined) {
    throw new Error("the machine is no node");
  }
  return node;
}

describe("a machine's node", () => {
  it.each([undefined, false] as const)("is none where the fleet says %s", (kubernetesNode) => {
    expect(nodeFor(aMachine(kubernetesNode), now)).toBeUndefined();
  });

  it("is named after the machine unless the fleet says otherwise", () => {
    expect(aNode().metadata.name).toBe("worker-1");
    const named = aNode({ name: "n1" });
    expect(named.metadata.name).toBe("n1");
    expect(named.metadata.labels["kubernetes.io/hostname"]).toBe("n1");
  });

  it("carries the machine's uuid in both places", () => {
    expect(aNode().spec.providerID).toBe(`vsphere://${uuid}`);
    expect(aNode().status.nodeInfo["systemUUID"]).toBe(uuid);
  });

  it("carries other ids when the fleet gives them", () => {
    const node = aNode({ providerId: "aws:///i-1", systemUuid: "other" });
    expect(node.spec.providerID).toBe("aws:///i-1");
    expect(node.status.nodeInfo["systemUUID"]).toBe("other");
  });

  it("carries no ids where the fleet says null", () => {
    const node = aNode({ providerId: null, systemUuid: null });
    expect(node.spec).not.toHaveProperty("providerID");
    expect(node.status.nodeInfo["systemUUID"]).toBe("");
  });

  it.each([
    [{}, "True"],
    [{ ready: true }, "True"],
    [{ ready: false }, "False"],
  ])("with %j has the Ready condition %s", (settings, status) => {
    expect(aNode(settings).status.conditions).toMatchObject([{ type: "Ready", status }]);
  });

  it("has no taints and can be scheduled to unless the fleet says otherwise", () => {
    expect(aNode().spec.taints).toEqual([]);
    expect(aNode().spec).not.toHaveProperty("unschedulable");
    const taints = [{ key: "k", effect: "NoSchedule" }];
    expect(aNode({ taints, unschedulable: true }).spec).toMatchObject({
      taints,
      unschedulable: true,
    });
  });

  it("offers the machine's size, and what the fleet adds, as strings", () => {
    const machine = {
      ...aMachine({ allocatable: { "nvidia.com/gpu": 1, pods: "10" } }),
      numCpu: 4,
      memoryMib: 1_024,
    };
    const expected = { cpu: "4", memory: "1024Mi", pods: "10", "nvidia.com/gpu": "1" };
    expect(nodeFor(machine, now)?.status.allocatable).toEqual(expected);
    expect(nodeFor(machine, now)?.status.capacity).toEqual(expected);
  });
});

describe("a machine's uuid", () => {
  it("is the fleet's", () => {
    expect(machineUuid(aMachine())).toBe(uuid);
  });

  it("is else version 5 of its name in the DNS namespace", () => {
    // The example of RFC 9562, appendix A.4.
    expect(machineUuid({ name: "www.example.com" })).toBe("2ed6657d-e927-568b-95e1-2665a8aea6a2");
  });
});
