/** Which pods the API server shows to our webhook: here nobody answers, so those are refused. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ControlPlane, startControlPlane } from "../../../hack/stack/control-plane.ts";
import { ofKind, render } from "./render.ts";
import { apply, eventually, refusalOf } from "./support.ts";

const annotated = { annotations: { "topology.corinternal.com/gpu-required": "true" } };
const containers = [{ name: "c", image: "registry.k8s.io/pause:3.10" }];

let controlPlane: ControlPlane;

async function refusal(metadata: object, spec: object = {}, namespace = "default") {
  return refusalOf(controlPlane, `/api/v1/namespaces/${namespace}/pods`, {
    metadata: { name: "p", ...metadata },
    spec: { containers, ...spec },
  });
}

beforeAll(async () => {
  controlPlane = await startControlPlane();
  await controlPlane.kubectl(["create", "namespace", "gpuinfo-system"]);
  for (const namespace of ["default", "kube-system", "gpuinfo-system"]) {
    const account = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
    await eventually(async () => (await controlPlane.api.isOk(account)) || undefined);
  }
  await apply(controlPlane, ofKind(render("deploy/webhook"), "MutatingWebhookConfiguration"));
  await eventually(async () => refusal(annotated));
});

afterAll(async () => controlPlane?.stop());

describe("without a replica that answers", () => {
  it("an annotated pod is refused, and the message names the webhook", async () => {
    expect(await refusal(annotated)).toContain(
      'failed calling webhook \\"pods.topology.corinternal.com\\"',
    );
  });

  it.each([
    ["no annotations", {}, {}],
    ["null annotations", { annotations: null }, {}],
    ["empty annotations", { annotations: {} }, {}],
    ["annotations of others", { annotations: { "example.com/gpu-required": "true" } }, {}],
    ["a label of ours", { labels: { "topology.corinternal.com/managed": "true" } }, {}],
    ["our annotation and a node", annotated, { nodeName: "worker-1" }],
  ])("a pod with %s is created", async (_, metadata, spec) => {
    expect(await refusal(metadata, spec)).toBe(undefined);
  });

  it.each(["kube-system", "gpuinfo-system"])("any pod in %s is created", async (namespace) => {
    expect(await refusal(annotated, {}, namespace)).toBe(undefined);
  });
});
