import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { type ControlPlane, startControlPlane } from "../../../hack/stack/control-plane.ts";
import { labelKeys } from "../../../src/api/names.ts";
import { KubeClient } from "../../../src/kube/client.ts";
import { EventRecorder } from "../../../src/kube/events.ts";
import { Informer } from "../../../src/kube/informer.ts";
import { listWatch } from "../../../src/kube/list-watch.ts";
import { type ManagedPod, managedPods, readPod } from "../../../src/kube/pods.ts";
import { pods as podResource } from "../../../src/kube/resource.ts";
import { PendingPods } from "../../../src/reconciler/pending-pods.ts";
import { createSelector } from "../../../src/selection/select.ts";
import { aHost, aMachine, aNode, anInventory, selectionSettings } from "../../support/builders.ts";
import { createPod, eventsOf, type PodOptions, removePods, until } from "../../support/pods.ts";
import { quiet } from "../kube/support.ts";

const soon = { timeout: 20_000, interval: 20 };
const managed = { labels: { [labelKeys.managed]: "true" } };
const podsPath = "/api/v1/namespaces/default/pods";

let controlPlane: ControlPlane;

beforeAll(async () => {
  controlPlane = await startControlPlane();
  // Pods cannot be created before their namespace's ServiceAccount is there.
  await until(
    async () => controlPlane.api.isOk("/api/v1/namespaces/default/serviceaccounts/default"),
    (exists) => exists,
    "the ServiceAccount default exists",
  );
});

afterEach(() => removePods({ controlPlane }));
afterAll(() => controlPlane?.stop());

async function create(name: string, options: PodOptions = {}): Promise<void> {
  await createPod({ controlPlane }, name, options);
}

/** As kube-scheduler does. */
async function bind(name: string, node: string): Promise<void> {
  await controlPlane.api.call("POST", `${podsPath}/${name}/binding`, {
    metadata: { name },
    target: { kind: "Node", name: node },
  });
}

/** As kube-scheduler does where no node is left. */
async function refuse(name: string): Promise<void> {
  await controlPlane.api.call("PATCH", `${podsPath}/${name}/status`, {
    status: { conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable" }] },
  });
}

async function followPods() {
  const client = new KubeClient({ kubeconfig: controlPlane.kubeconfig });
  const informer = new Informer({
    name: "pods",
    source: listWatch(client, podResource, managedPods),
    parse: readPod,
    log: quiet,
  });
  informer.start();
  onTestFinished(async () => {
    await informer.stop();
    await client.close();
  });
  await informer.whenSynced();
  const untilSeen = async (name: string, check: (pod: ManagedPod) => void) =>
    vi.waitFor(() => {
      const pod = informer.get(`default/${name}`);
      if (pod === undefined) throw new Error(`pod ${name} has not been heard of`);
      check(pod);
    }, soon);
  return { informer, client, untilSeen };
}

async function startTelling() {
  const { informer, client, untilSeen } = await followPods();
  const events = new EventRecorder({ client, instance: "test", log: quiet });
  onTestFinished(async () => events.stop());
  const node = aNode({ name: "worker-1" });
  const machine = aMachine({ name: "worker-1", biosUuid: "" });
  const { selectNodes } = createSelector(
    () => ({
      nodes: [node],
      inventory: anInventory([aHost()], [machine], new Date()),
      now: new Date(),
    }),
    selectionSettings,
  );
  const pending = new PendingPods({
    listPods: () => informer.list(),
    selectNodes,
    specOf: () => undefined,
    recordEvent: ({ namespace, name, uid }, { reason, note }) =>
      events.record({
        regarding: { apiVersion: "v1", kind: "Pod", namespace, name, uid },
        type: "Warning",
        reason,
        action: "SelectNode",
        note,
      }),
    isSettled: () => true,
    now: () => new Date(),
  });
  return { pending, untilSeen };
}

describe("managed pods of a real API server", () => {
  it("are followed, and no others", async () => {
    const { informer, untilSeen } = await followPods();
    await create("plain");
    await create("labelled", managed);
    await untilSeen("labelled", () => {});
    expect(informer.list().map(({ name }) => name)).toEqual(["labelled"]);

    await controlPlane.api.call("PATCH", `${podsPath}/plain`, { metadata: managed });
    await untilSeen("plain", () => {});
    await controlPlane.api.call("PATCH", `${podsPath}/plain`, {
      metadata: { labels: { [labelKeys.managed]: null } },
    });
    await vi.waitFor(() => expect(informer.get("default/plain")).toBeUndefined(), soon);
  });

  it("tell when they were bound, to which node, and what they request", async () => {
    const { untilSeen } = await followPods();
    const before = Date.now();
    await create("train", { ...managed, requests: { cpu: "1500m" } });
    await untilSeen("train", (pod) => expect(pod.nodeName).toBeUndefined());
    await bind("train", "worker-1");
    await untilSeen("train", ({ nodeName, boundAt, cpuMilli, unschedulable }) => {
      expect({ nodeName, cpuMilli, unschedulable }).toEqual({
        nodeName: "worker-1",
        cpuMilli: 1500,
        unschedulable: false,
      });
      expect(boundAt?.getTime()).toBeGreaterThan(before - 1_000);
      expect(boundAt?.getTime()).toBeLessThanOrEqual(Date.now());
    });
  });

  it("tell when kube-scheduler finds no node for them", async () => {
    const { untilSeen } = await followPods();
    await create("train", managed);
    await refuse("train");
    await untilSeen("train", ({ unschedulable }) => expect(unschedulable).toBe(true));
  });
});

describe("a pod that waits", () => {
  it("says why in kubectl describe pod", async () => {
    const { pending, untilSeen } = await startTelling();
    await create("train", { ...managed, hours: 100, gpu: true });
    await refuse("train");
    await untilSeen("train", ({ unschedulable }) => expect(unschedulable).toBe(true));
    await pending.sweep();
    await pending.sweep();
    await vi.waitFor(async () => {
      const described = await controlPlane.kubectl(["describe", "pod", "train"]);
      expect(described).toMatch(
        /Warning +NoNodeSuits .* gpuinfo +0 of 1 nodes suit: 1 without a GPU \[NoGpu\]/,
      );
    }, soon);
    expect(await eventsOf({ controlPlane }, "train")).toHaveLength(1);
  });

  it("says what is wrong with its annotations, should they get past the webhook", async () => {
    const { pending, untilSeen } = await startTelling();
    await create("typo", { ...managed, hours: "soon" });
    await refuse("typo");
    await untilSeen("typo", ({ unschedulable }) => expect(unschedulable).toBe(true));
    await pending.sweep();
    await vi.waitFor(async () => {
      const [event] = await eventsOf({ controlPlane }, "typo");
      expect(event).toMatchObject({
        reason: "DemandRefused",
        type: "Warning",
        reportingController: "gpuinfo",
      });
      expect(event?.note).toContain('"soon"');
    }, soon);
  });
});
