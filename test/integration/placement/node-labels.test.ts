import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { type ControlPlane, startControlPlane } from "../../../hack/stack/control-plane.ts";
import { labelKeys } from "../../../src/api/names.ts";
import { nodeAnnotationKeys } from "../../../src/api/node-marks.ts";
import { KubeClient } from "../../../src/kube/client.ts";
import { Informer } from "../../../src/kube/informer.ts";
import { listWatch } from "../../../src/kube/list-watch.ts";
import { patchNodeMarks } from "../../../src/kube/node-marks.ts";
import { readMarkedNode } from "../../../src/kube/nodes.ts";
import { nodes as nodeResource } from "../../../src/kube/resource.ts";
import { WorkQueue } from "../../../src/kube/work-queue.ts";
import { NodeLabeller } from "../../../src/reconciler/node-labeller.ts";
import type { Host, NodeBinding } from "../../../src/selection/model.ts";
import {
  aCandidate,
  aGpu,
  aHost,
  aMachine,
  aNode,
  anInventory,
  aPolicy,
} from "../../support/builders.ts";
import { quiet, recordingObserver } from "../kube/support.ts";

const soon = { timeout: 20_000, interval: 20 };
const nodesPath = "/api/v1/nodes";

interface NodeObject {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly managedFields: readonly { readonly manager: string }[];
  };
}

let controlPlane: ControlPlane;

beforeAll(async () => {
  controlPlane = await startControlPlane();
});

afterAll(() => controlPlane?.stop());

async function createNode(name: string): Promise<void> {
  await controlPlane.api.call("POST", nodesPath, {
    metadata: {
      name,
      labels: { "kubernetes.io/hostname": name, [`${labelKeys.gpu}-rack`]: "r1" },
    },
  });
  onTestFinished(async () => {
    await controlPlane.api.call("DELETE", `${nodesPath}/${name}`).catch(() => {});
  });
}

async function createNodes(prefix: string, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
  const left = names.values();
  const worker = async () => {
    for (const name of left) await createNode(name);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return names;
}

async function metadataOf(name: string) {
  const { metadata } = await controlPlane.api.call<NodeObject>("GET", `${nodesPath}/${name}`);
  return metadata;
}

/** What of ours the node carries. */
async function oursOn(name: string) {
  const { labels } = await metadataOf(name);
  return {
    gpu: labels[labelKeys.gpu],
    host: labels[labelKeys.esxiHost],
    until: labels[labelKeys.availableUntil],
  };
}

function boundTo(name: string, host: Partial<Host> = {}): NodeBinding {
  return {
    kind: "bound",
    candidate: aCandidate({
      node: aNode({ name }),
      virtualMachine: aMachine({ name, gpus: [aGpu] }),
      host: aHost(host),
    }),
  };
}

/** The labeller as the process runs it: informer, queue and API client are real, the bindings are the test's. */
async function startLabeller() {
  const observer = recordingObserver();
  const client = new KubeClient({ kubeconfig: controlPlane.kubeconfig, observer });
  const nodes = new Informer({
    name: "nodes",
    source: listWatch(client, nodeResource),
    parse: readMarkedNode,
    log: quiet,
  });
  let bindings: readonly NodeBinding[] = [];
  const queue: WorkQueue = new WorkQueue({
    name: "node-labels",
    workers: 8,
    process: (name, signal) => labeller.reconcile(name, signal),
    log: quiet,
  });
  const labeller: NodeLabeller = new NodeLabeller({
    bindings: () => ({ bindings, vcenters: anInventory([], [], new Date()).vcenters }),
    getMarks: (name) => nodes.get(name)?.marks,
    listNodes: () => nodes.list().map(({ identity }) => identity.name),
    enqueue: (name, options) => queue.add(name, options),
    write: (name, patch, signal) => patchNodeMarks(client, name, patch, signal),
    now: () => new Date(),
    hardMaxAgeMs: 900_000,
    policy: aPolicy,
  });
  nodes.onChange(({ key }) => labeller.check(key));
  nodes.start();
  queue.start();
  onTestFinished(async () => {
    await queue.stop();
    await nodes.stop();
    await client.close();
  });
  await nodes.whenSynced();
  return {
    patches: () => observer.heard.filter((line) => line.startsWith("PATCH")),
    bind: async (...all: readonly NodeBinding[]) => {
      bindings = all;
      await labeller.sweep();
    },
  };
}

describe("labels on nodes of a real API server", () => {
  it("are written beside those of others, under a name of their own, and only once", async () => {
    await createNode("worker-1");
    const { bind, patches } = await startLabeller();
    await bind(boundTo("worker-1"));
    await expect
      .poll(async () => oursOn("worker-1"), soon)
      .toEqual({ gpu: "true", host: "esxi-a.example.com", until: "9999999" });

    const { labels, managedFields } = await metadataOf("worker-1");
    expect(labels).toMatchObject({
      "kubernetes.io/hostname": "worker-1",
      [`${labelKeys.gpu}-rack`]: "r1",
    });
    expect(managedFields.map(({ manager }) => manager)).toContain("gpuinfo-node-labels");
    await bind(boundTo("worker-1"));
    expect(patches()).toEqual(["PATCH 200"]);
  });

  it("follow the host, and are taken away where the node has no machine any more", async () => {
    await createNode("worker-1");
    const { bind } = await startLabeller();
    await bind(boundTo("worker-1", { name: "rack 7" }));
    await expect
      .poll(async () => oursOn("worker-1"), soon)
      .toEqual({ gpu: "true", host: "rack-7", until: "9999999" });
    expect((await metadataOf("worker-1")).annotations).toMatchObject({
      [nodeAnnotationKeys.esxiHost]: "rack 7",
    });
    await bind(boundTo("worker-1", { maintenance: "entering" }));
    await expect
      .poll(async () => oursOn("worker-1"), soon)
      .toEqual({ gpu: "true", host: "esxi-a.example.com", until: "0" });
    expect((await metadataOf("worker-1")).annotations ?? {}).not.toHaveProperty(
      nodeAnnotationKeys.esxiHost,
    );
    await bind({ kind: "unbound", node: "worker-1", reason: "Ambiguous", message: "" });
    await expect.poll(async () => oursOn("worker-1"), soon).toEqual({});
    expect((await metadataOf("worker-1")).labels).toHaveProperty([`${labelKeys.gpu}-rack`]);
  });

  it("come back when somebody overwrites or removes them", async () => {
    await createNode("worker-1");
    const { bind } = await startLabeller();
    await bind(boundTo("worker-1"));
    const right = { gpu: "true", host: "esxi-a.example.com", until: "9999999" };
    await expect.poll(async () => oursOn("worker-1"), soon).toEqual(right);
    await controlPlane.kubectl([
      "label",
      "node",
      "worker-1",
      "--overwrite",
      `${labelKeys.gpu}=false`,
      `${labelKeys.availableUntil}-`,
    ]);
    await expect.poll(async () => oursOn("worker-1"), soon).toEqual(right);
  });

  it("are removed also where somebody else has set them to the same", async () => {
    await createNode("worker-1");
    const { bind } = await startLabeller();
    await bind(boundTo("worker-1"));
    await expect
      .poll(async () => oursOn("worker-1"), soon)
      .toEqual({ gpu: "true", host: "esxi-a.example.com", until: "9999999" });
    await controlPlane.kubectl(["apply", "--server-side", "-f", "-"], {
      input: JSON.stringify({
        apiVersion: "v1",
        kind: "Node",
        metadata: { name: "worker-1", labels: { [labelKeys.gpu]: "true" } },
      }),
    });
    await bind({ kind: "unbound", node: "worker-1", reason: "NoVirtualMachine", message: "" });
    await expect.poll(async () => oursOn("worker-1"), soon).toEqual({});
  });

  it("are accepted whatever the host is called", async () => {
    const hosts = [
      "主机 7",
      "fe80::17",
      "-_.",
      "x".repeat(300),
      "a\ud800b",
      "%2f host\\",
      "ESXi_1",
    ];
    const names = await createNodes("odd", hosts.length);
    const { bind, patches } = await startLabeller();
    await bind(...names.map((name, i) => boundTo(name, { name: hosts[i] ?? "" })));
    for (const name of names) {
      await expect.poll(async () => (await oursOn(name)).until, soon).toBe("9999999");
    }
    await bind(...names.map((name, i) => boundTo(name, { name: hosts[i] ?? "" })));
    expect(patches()).toEqual(Array(hosts.length).fill("PATCH 200"));
  });

  it("do not bring back a node that was deleted", async () => {
    await createNode("worker-1");
    const client = new KubeClient({ kubeconfig: controlPlane.kubeconfig });
    onTestFinished(() => client.close());
    await controlPlane.api.call("DELETE", `${nodesPath}/worker-1`);
    await patchNodeMarks(client, "worker-1", { labels: { [labelKeys.gpu]: "true" } });
    await expect(metadataOf("worker-1")).rejects.toThrow("404");
  });

  it("of 500 nodes close within seconds when their hosts go", async () => {
    const names = await createNodes("many", 500);
    const { bind, patches } = await startLabeller();
    await bind(...names.map((name) => boundTo(name)));
    await vi.waitFor(() => expect(patches()).toHaveLength(500), soon);
    const from = performance.now();
    await bind(...names.map((name) => boundTo(name, { maintenance: "in" })));
    await vi.waitFor(() => expect(patches()).toHaveLength(1_000), soon);
    expect(performance.now() - from).toBeLessThan(10_000);
    expect((await oursOn("many-499")).until).toBe("0");
  });
});
