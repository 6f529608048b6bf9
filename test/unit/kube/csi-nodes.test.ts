import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readVsphereNodeId } from "../../../src/kube/csi-nodes.ts";
import { csiNodes, pathOf } from "../../../src/kube/resource.ts";

const ebs = { name: "ebs.csi.aws.com", nodeID: "i-0", topologyKeys: [] };
const vsphere = {
  name: "csi.vsphere.vmware.com",
  nodeID: "422E4956-AD22-1139-6D72-59CC8F26BC90",
  topologyKeys: ["topology.csi.vmware.com/k8s-zone"],
};

describe("a CSINode", () => {
  it("tells the node's id for vSphere's driver, whichever other drivers there are", () => {
    expect(readVsphereNodeId({ spec: { drivers: [ebs, vsphere] } })).toBe(vsphere.nodeID);
  });

  it.each([
    ["without drivers", { spec: { drivers: [] } }],
    ["whose drivers are null", { spec: { drivers: null } }],
    ["of another driver", { spec: { drivers: [ebs] } }],
    ["without the id", { spec: { drivers: [{ name: vsphere.name }] } }],
    ["whose id is no text", { spec: { drivers: [{ name: vsphere.name, nodeID: 7 }] } }],
    ["without a spec", {}],
  ])("%s tells none", (_, csiNode) => {
    expect(readVsphereNodeId(csiNode)).toBe("");
  });

  it("never is a reason to crash", () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (drivers, nodeID) => {
        readVsphereNodeId(drivers);
        readVsphereNodeId({ spec: { drivers } });
        const id = readVsphereNodeId({ spec: { drivers: [{ name: vsphere.name, nodeID }] } });
        expect(id).toBe(typeof nodeID === "string" ? nodeID : "");
      }),
    );
  });

  it("is listed under its group", () => {
    expect(pathOf(csiNodes)).toBe("/apis/storage.k8s.io/v1/csinodes");
  });
});
