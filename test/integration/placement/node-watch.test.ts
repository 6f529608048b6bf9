/** Events on the nodes of a real API server, as an administrator sees them. */

import { Registry } from "prom-client";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type ControlPlane, startControlPlane } from "../../../hack/stack/control-plane.ts";
import { KubeClient } from "../../../src/kube/client.ts";
import { EventRecorder } from "../../../src/kube/events.ts";
import { Informer } from "../../../src/kube/informer.ts";
import { listWatch } from "../../../src/kube/list-watch.ts";
import { readMarkedNode } from "../../../src/kube/nodes.ts";
import { nodes as nodeResource } from "../../../src/kube/resource.ts";
import { NodeWatch } from "../../../src/node-watch.ts";
import { aCandidate, aHost, aNode } from "../../support/builders.ts";
import { until } from "../../support/pods.ts";
import { quiet } from "../kube/support.ts";
import { render } from "../manifests/render.ts";
import { apply } from "../manifests/support.ts";

let controlPlane: ControlPlane;
let kubeconfig: string;

beforeAll(async () => {
  controlPlane = await startControlPlane();
  const rights = render("deploy/modes/advice").filter(
    ({ kind }) => kind === "Namespace" || kind.startsWith("ClusterRole"),
  );
  await apply(controlPlane, rights);
  kubeconfig = await controlPlane.kubeconfigFor({
    commonName: "system:serviceaccount:gpuinfo-system:gpuinfo",
  });
  await controlPlane.api.call("POST", "/api/v1/nodes", { metadata: { name: "worker-1" } });
});

afterAll(() => controlPlane?.stop());

async function startWatching() {
  const client = new KubeClient({ kubeconfig });
  const nodes = new Informer({
    name: "nodes",
    source: listWatch(client, nodeResource),
    parse: readMarkedNode,
    log: quiet,
  });
  const events = new EventRecorder({ client, instance: "test", log: quiet });
  const registry = new Registry();
  const state = { leading: true };
  const horizon = { kind: "unknown", why: 'attribute is "tomorrow"', windows: [] } as const;
  const candidate = aCandidate({ node: aNode({ name: "worker-1" }), host: aHost({ horizon }) });
  const watch = new NodeWatch({
    config: { hardMaxAgeMs: 900_000, simulateAccelerators: false },
    registry,
    nodes,
    events,
    bindings: () => ({
      bindings: [{ kind: "bound", candidate }],
      vcenters: new Map([["vcenter", { takenAt: new Date(), usageTakenAt: new Date() }]]),
    }),
    isLeading: () => state.leading,
  });
  nodes.start();
  onTestFinished(async () => {
    await events.stop();
    await nodes.stop();
    await client.close();
  });
  await nodes.whenSynced();
  return { watch, registry, state };
}

describe("maintenance that cannot be read", () => {
  it("stands in kubectl describe node, and in a gauge of the leader", async () => {
    const { watch, registry, state } = await startWatching();
    const described = await until(
      async () => {
        await watch.sweep();
        return controlPlane.kubectl(["describe", "node", "worker-1"]);
      },
      (text) => text.includes("MaintenanceUnknown"),
      "the node has the event",
    );
    expect(described).toMatch(
      /Warning +MaintenanceUnknown .*the maintenance of host esxi-a\.example\.com is not fully known: attribute is "tomorrow"/,
    );
    expect(await registry.metrics()).toContain("gpuinfo_hosts_maintenance_unknown 1");
    expect(await registry.metrics()).toContain('gpuinfo_nodes_gpu_mismatch{kind="missing"} 0');
    state.leading = false;
    expect(await registry.metrics()).not.toMatch(/^gpuinfo_/m);
  });
});
