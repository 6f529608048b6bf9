/** What our ServiceAccount may write on nodes, on a real API server with the shipped roles and policy. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ControlPlane, startControlPlane } from "../../../hack/stack/control-plane.ts";
import { type Manifest, render } from "./render.ts";
import { apply, eventually } from "./support.ts";

const account = "system:serviceaccount:gpuinfo-system:gpuinfo";
const ours = "topology.corinternal.com/gpu";
const others = "example.com/rack";
const override = "topology.corinternal.com/vm";

const reviews = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

let controlPlane: ControlPlane;

/** What the API server says against the change, made without keeping it; undefined when it lets it pass. */
async function refusal(patch: unknown, as = [`--as=${account}`]): Promise<string | undefined> {
  const args = ["patch", "node", "n1", "--type=merge", "--dry-run=server", ...as];
  return controlPlane.kubectl([...args, "-p", JSON.stringify(patch)]).then(
    () => undefined,
    (error: Error) => error.message,
  );
}

function isWanted({ kind, metadata }: Manifest): boolean {
  return (
    kind === "Namespace" || kind.startsWith("ClusterRole") || metadata.name === "gpuinfo-nodes"
  );
}

beforeAll(async () => {
  controlPlane = await startControlPlane();
  await apply(controlPlane, render("deploy/modes/affinity").filter(isWanted));
  await apply(controlPlane, [
    {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name: "n1",
        labels: { [others]: "r1", [ours]: "false" },
        annotations: { [others]: "r1", [ours]: "false", [override]: "/DC0/vm/n1" },
      },
      spec: { podCIDR: "10.1.0.0/24" },
    },
  ]);
  await eventually(async () => refusal({ metadata: { labels: { [others]: "r2" } } }));
});

afterAll(async () => controlPlane?.stop());

describe("gpuinfo, on a node,", () => {
  it.each([
    [
      "add a label of ours",
      { metadata: { labels: { "topology.corinternal.com/esxi-host": "h" } } },
    ],
    ["change a label of ours", { metadata: { labels: { [ours]: "true" } } }],
    ["remove a label of ours", { metadata: { labels: { [ours]: null } } }],
    ["add an annotation of ours", { metadata: { annotations: { [`${ours}-x`]: "raw" } } }],
    ["remove an annotation of ours", { metadata: { annotations: { [ours]: null } } }],
    [
      "remove all of ours",
      { metadata: { labels: { [ours]: null }, annotations: { [ours]: null } } },
    ],
  ])("may %s", async (_, patch) => {
    expect(await refusal(patch)).toBe(undefined);
  });

  it.each([
    ["add another's label", { metadata: { labels: { "example.com/new": "x" } } }, "labels"],
    ["change another's label", { metadata: { labels: { [others]: "r2" } } }, "labels"],
    ["remove another's label", { metadata: { labels: { [others]: null } } }, "labels"],
    ["remove every label", { metadata: { labels: null } }, "labels"],
    [
      "label by a prefix like ours",
      { metadata: { labels: { "topology.corinternal.com.x/gpu": "x" } } },
      "labels",
    ],
    [
      "add another's annotation",
      { metadata: { annotations: { "example.com/new": "x" } } },
      "annotations",
    ],
    [
      "remove another's annotation",
      { metadata: { annotations: { [others]: null } } },
      "annotations",
    ],
    [
      "say anew which virtual machine it is",
      { metadata: { annotations: { [override]: "/DC0/vm/n2" } } },
      "virtual machine",
    ],
    [
      "forget which virtual machine it is",
      { metadata: { annotations: { [override]: null } } },
      "virtual machine",
    ],
    ["cordon it", { spec: { unschedulable: true } }, "spec"],
    ["taint it", { spec: { taints: [{ key: "x", effect: "NoExecute" }] } }, "spec"],
    ["keep it from being deleted", { metadata: { finalizers: ["example.com/x"] } }, "finalizers"],
    [
      "make it another's",
      { metadata: { ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "p", uid: "u" }] } },
      "owners",
    ],
  ])("may not %s", async (_, patch, word) => {
    expect(await refusal(patch)).toMatch(new RegExp(`gpuinfo may (not )?change .*${word}`));
  });

  it.each([
    ["patch", "nodes", true],
    ["list", "pods", true],
    ["watch", "pods", true],
    ["update", "nodes", false],
    ["create", "nodes", false],
    ["delete", "nodes", false],
    ["patch", "nodes/status", false],
    ["get", "pods", false],
    ["patch", "pods", false],
    ["delete", "pods", false],
    ["create", "pods/binding", false],
    ["get", "secrets", false],
  ])("%s of %s: %s", async (verb, path, allowed) => {
    const [resource, subresource] = path.split("/");
    const review = await controlPlane.api.call("POST", reviews, {
      spec: { user: account, resourceAttributes: { verb, resource, subresource } },
    });
    expect(review).toMatchObject({ status: { allowed } });
  });
});

describe("everybody else", () => {
  it("changes nodes as before", async () => {
    expect(await refusal({ spec: { unschedulable: true } }, [])).toBe(undefined);
  });
});
