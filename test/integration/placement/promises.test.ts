/** Conditions on the pods of a real API server, written with the rights of the shipped roles. */

import { readFileSync } from "node:fs";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type ControlPlane, startControlPlane } from "../../../hack/stack/control-plane.ts";
import { labelKeys } from "../../../src/api/names.ts";
import { placementAtRisk, type RiskCondition } from "../../../src/api/placement-at-risk.ts";
import { KubeClient } from "../../../src/kube/client.ts";
import { EventRecorder } from "../../../src/kube/events.ts";
import { Informer } from "../../../src/kube/informer.ts";
import { listWatch } from "../../../src/kube/list-watch.ts";
import { PodConditionWriter } from "../../../src/kube/pod-conditions.ts";
import { managedPods, readPod as parsePod } from "../../../src/kube/pods.ts";
import { pods as podResource } from "../../../src/kube/resource.ts";
import { PromiseWatch } from "../../../src/promise-watch.ts";
import type { MaintenanceWindow, NodeBinding } from "../../../src/selection/model.ts";
import { aCandidate, aHost, aNode, aPolicy } from "../../support/builders.ts";
import { createPod, eventsOf, readPod, removePods, until } from "../../support/pods.ts";
import { quiet, recordingObserver } from "../kube/support.ts";
import { render } from "../manifests/render.ts";
import { apply, eventually } from "../manifests/support.ts";

const podsPath = "/api/v1/namespaces/default/pods";
const hour = 3_600_000;
const managed = { labels: { [labelKeys.managed]: "true" } };
const atRisk: RiskCondition = {
  status: "True",
  reason: "MaintenanceWindow",
  message: "maintenance of host esxi-a.example.com begins",
  lastTransitionTime: "2026-11-22T12:00:00Z",
};

let controlPlane: ControlPlane;
/** With the rights of our ServiceAccount. */
let kubeconfig: string;

beforeAll(async () => {
  controlPlane = await startControlPlane();
  const rights = render("deploy/modes/affinity").filter(
    ({ kind, metadata }) =>
      (["Namespace", "ServiceAccount"].includes(kind) || kind.startsWith("ClusterRole")) &&
      metadata.name !== "gpuinfo-pod-status",
  );
  await apply(controlPlane, rights);
  kubeconfig = await controlPlane.kubeconfigFor({
    commonName: "system:serviceaccount:gpuinfo-system:gpuinfo",
    organizations: ["system:serviceaccounts"],
  });
  await until(
    async () => controlPlane.api.isOk("/api/v1/namespaces/default/serviceaccounts/default"),
    (exists) => exists,
    "the ServiceAccount default exists",
  );
});

afterEach(() => removePods({ controlPlane }));
afterAll(() => controlPlane?.stop());

async function grant(): Promise<void> {
  const role = render("deploy/modes/affinity").filter(
    ({ metadata }) => metadata.name === "gpuinfo-pod-status",
  );
  await apply(controlPlane, role);
  const spec = {
    user: "system:serviceaccount:gpuinfo-system:gpuinfo",
    resourceAttributes: { verb: "patch", resource: "pods", subresource: "status" },
  };
  await eventually(async () => {
    const review = await controlPlane.api.call<{ status: { allowed: boolean } }>(
      "POST",
      "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      { spec },
    );
    return review.status.allowed || undefined;
  });
}

async function revoke(): Promise<void> {
  await controlPlane.kubectl(["delete", "clusterrolebinding/gpuinfo-pod-status"]);
}

/** As the kubelet does, which also sends the whole list of its conditions. */
async function kubeletSays(name: string, conditions: readonly object[]): Promise<void> {
  const patch = JSON.stringify({
    status: { phase: "Running", startTime: "2026-11-22T12:00:00Z", conditions },
  });
  const args = ["patch", "pod", name, "--subresource=status", "--type=strategic", "-p", patch];
  await controlPlane.kubectl(args);
}

/** How docs/placement-at-risk.md takes the condition off a pod. */
function documentedPatch(): readonly string[] {
  const page = readFileSync("docs/placement-at-risk.md", "utf8");
  const patch = /--type=strategic \\\n\s+-p '(.+)'/.exec(page)?.[1];
  if (patch === undefined) throw new Error("docs/placement-at-risk.md has no such patch");
  return ["--subresource=status", "--type=strategic", "-p", patch];
}

async function conditionsOf(name: string) {
  const { status } = await readPod({ controlPlane }, name);
  const entries = (status?.conditions ?? []).map(({ type, status: s }) => [type, s]);
  return Object.fromEntries(entries);
}

function writer(lines: string[] = []) {
  const client = new KubeClient({ kubeconfig });
  onTestFinished(() => client.close());
  const outcomes: string[] = [];
  const log = pino({ level: "info" }, { write: (line) => lines.push(line) });
  const conditions = new PodConditionWriter({
    client,
    log,
    wrote: (outcome) => outcomes.push(outcome),
  });
  return { conditions, outcomes, client };
}

describe("the right to write conditions of pods", () => {
  it("is missed with one line in the log, and not asked for again and again", async () => {
    const pod = await createPod({ controlPlane }, "denied", managed);
    const lines: string[] = [];
    const { conditions, outcomes } = writer(lines);
    for (let i = 0; i < 3; i++) {
      expect(await conditions.write({ ...pod.metadata }, atRisk)).toBe("denied");
    }
    expect(outcomes).toEqual(["denied"]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("gpuinfo-pod-status");
    expect(conditions.isDenied).toBe(true);
  });

  it("is had with the shipped ClusterRole, which gives no other", async () => {
    await grant();
    const reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    const client = new KubeClient({ kubeconfig });
    onTestFinished(() => client.close());
    const may = async (verb: string, subresource: string) => {
      const resourceAttributes = { verb, resource: "pods", subresource, namespace: "default" };
      const answer = await client.request({
        method: "POST",
        path: reviews,
        body: { spec: { resourceAttributes } },
      });
      return answer;
    };
    const allowed = { status: { allowed: true } };
    const refused = { status: { allowed: false } };
    expect(await may("patch", "status")).toMatchObject(allowed);
    expect(await may("update", "status")).toMatchObject(refused);
    expect(await may("patch", "")).toMatchObject(refused);
    expect(await may("create", "eviction")).toMatchObject(refused);
    expect(await may("delete", "")).toMatchObject(refused);
  });
});

describe("the condition on a pod", () => {
  beforeAll(grant);

  const kubelets = [
    { type: "Ready", status: "True" },
    { type: "PodScheduled", status: "True" },
    { type: "example.com/Reviewed", status: "False" },
  ];

  it("stands beside those of others, and each side may write again", async () => {
    const { metadata } = await createPod({ controlPlane }, "shared", managed);
    await kubeletSays("shared", kubelets);
    const { conditions } = writer();
    expect(await conditions.write(metadata, atRisk)).toBe("written");
    const all = {
      Ready: "True",
      PodScheduled: "True",
      "example.com/Reviewed": "False",
      [placementAtRisk]: "True",
    };
    expect(await conditionsOf("shared")).toEqual(all);
    await kubeletSays("shared", [{ type: "Ready", status: "False" }, ...kubelets.slice(1)]);
    expect(await conditionsOf("shared")).toEqual({ ...all, Ready: "False" });
    expect(await conditions.write(metadata, { ...atRisk, status: "False" })).toBe("written");
    expect(await conditionsOf("shared")).toEqual({
      ...all,
      Ready: "False",
      [placementAtRisk]: "False",
    });
  });

  it("takes no version with it that a writer at the same time would trip over", async () => {
    const { metadata } = await createPod({ controlPlane }, "crowded", managed);
    const { conditions } = writer();
    const writes = Array.from({ length: 10 }, async (_, i) => {
      await kubeletSays("crowded", [{ type: `example.com/C${i}`, status: "True" }]);
      return conditions.write(metadata, { ...atRisk, message: `message ${i}` });
    });
    expect(await Promise.all(writes)).toEqual(Array(10).fill("written"));
    expect(Object.keys(await conditionsOf("crowded"))).toHaveLength(11);
  });

  it("is taken off by the patch in docs/placement-at-risk.md, which leaves the kubelet's", async () => {
    const { metadata } = await createPod({ controlPlane }, "cleared", managed);
    await kubeletSays("cleared", kubelets);
    const before = await conditionsOf("cleared");
    await writer().conditions.write(metadata, atRisk);
    await controlPlane.kubectl(["patch", "pod", "cleared", ...documentedPatch()]);
    const kept = await conditionsOf("cleared");
    expect(kept).not.toHaveProperty(placementAtRisk);
    expect(kept).toEqual(before);
  });

  it("is kept as it was written, whatever the task is called", async () => {
    const { metadata } = await createPod({ controlPlane }, "odd", managed);
    const message = 'maintenance of host 主机-7 ("patches \\ % 🚧", scheduled task)';
    await writer().conditions.write(metadata, { ...atRisk, message });
    const { atRisk: read } = parsePod(await controlPlane.api.call("GET", `${podsPath}/odd`));
    expect(read).toEqual({ ...atRisk, message });
  });

  it("is shown under a name of its own in managedFields", async () => {
    const { metadata } = await createPod({ controlPlane }, "owned", managed);
    await writer().conditions.write(metadata, atRisk);
    const pod = await controlPlane.api.call("GET", `${podsPath}/owned`);
    expect(JSON.stringify(pod)).toContain("gpuinfo-placement-at-risk");
  });

  it("is not given to a pod that has taken the name of another", async () => {
    const first = await createPod({ controlPlane }, "train-0", managed);
    await removePods({ controlPlane });
    const { conditions, outcomes } = writer();
    expect(await conditions.write(first.metadata, atRisk)).toBe("gone");
    await createPod({ controlPlane }, "train-0", managed);
    expect(await conditions.write(first.metadata, atRisk)).toBe("gone");
    expect(await conditionsOf("train-0")).not.toHaveProperty([placementAtRisk]);
    expect(outcomes).toEqual(["gone", "gone"]);
  });
});

/** Everything as the process runs it; where pods run and what is planned is the test's. */
async function startWatching() {
  const observer = recordingObserver();
  const client = new KubeClient({ kubeconfig, observer });
  const informer = new Informer({
    name: "pods",
    source: listWatch(client, podResource, managedPods),
    parse: parsePod,
    log: quiet,
  });
  const events = new EventRecorder({ client, instance: "test", log: quiet });
  const changes: boolean[] = [];
  const found = { bindings: bindingsWith(), vcenters: freshVcenter() };
  const counts: (() => number | undefined)[] = [];
  const watch = new PromiseWatch({
    config: { ...aPolicy, hardMaxAgeMs: 900_000 },
    log: quiet,
    kube: client,
    observer,
    metrics: {
      changed: (isAtRisk) => changes.push(isAtRisk),
      wrote: () => {},
      watchAtRisk: (read) => counts.push(read),
    },
    pods: informer,
    events,
    bindings: () => found,
    specOf: () => undefined,
    isLeading: () => true,
  });
  watch.start();
  informer.start();
  await informer.whenSynced();
  onTestFinished(async () => {
    await watch.stop();
    await events.stop();
    await informer.stop();
    await client.close();
  });
  return {
    changes,
    count: () => counts[0]?.(),
    informer,
    patches: () => observer.heard.filter((line) => line.startsWith("PATCH")).length,
    plan: async (...windows: readonly MaintenanceWindow[]) => {
      found.bindings = bindingsWith(...windows);
      await watch.sweep();
    },
  };
}

function bindingsWith(...windows: readonly MaintenanceWindow[]): readonly NodeBinding[] {
  const host = aHost({ horizon: { kind: "known", windows } });
  return [{ kind: "bound", candidate: aCandidate({ node: aNode({ name: "worker-1" }), host }) }];
}

function freshVcenter() {
  const takenAt = new Date();
  return new Map([["vcenter", { takenAt, usageTakenAt: takenAt }]]);
}

async function bind(name: string): Promise<void> {
  await controlPlane.api.call("POST", `${podsPath}/${name}/binding`, {
    metadata: { name },
    target: { kind: "Node", name: "worker-1" },
  });
}

function windowIn(hours: number): MaintenanceWindow {
  const startsAt = Math.floor(Date.now() / 1000) * 1000 + hours * hour;
  return { startsAt, source: "scheduledTask", description: "monthly patches" };
}

describe("a running pod", () => {
  beforeAll(grant);

  it("is told when maintenance comes, once, and when it goes", async () => {
    await createPod({ controlPlane }, "train", { ...managed, hours: 100 });
    await createPod({ controlPlane }, "short", { ...managed, hours: 20 });
    for (const name of ["train", "short"]) await bind(name);
    const { plan, changes, count, patches, informer } = await startWatching();
    await until(
      async () => informer.get("default/train")?.nodeName,
      (node) => node === "worker-1",
      "the pod was seen bound",
    );
    await plan();
    expect(count()).toBe(0);
    await plan(windowIn(30));
    const condition = await until(
      async () => informer.get("default/train")?.atRisk,
      (found) => found?.status === "True",
      "the condition is there",
    );
    expect(condition?.reason).toBe("MaintenanceWindow");
    expect(condition?.message).toMatch(
      /^maintenance of host esxi-a\.example\.com \("monthly patches", scheduled task\) begins at \S+Z, 70 h before the 100 h that were asked for end \(\S+Z\)$/,
    );
    expect(count()).toBe(1);
    await plan(windowIn(400));
    await until(
      async () => informer.get("default/train")?.atRisk?.status,
      (status) => status === "False",
      "the condition is cleared",
    );
    const events = await until(
      async () => eventsOf({ controlPlane }, "train"),
      (found) => found.length >= 2,
      "there are two events",
    );
    expect(events.map(({ type, reason }) => `${type} ${reason}`).toSorted()).toEqual([
      "Normal PlacementSafe",
      "Warning PlacementAtRisk",
    ]);
    expect(events.map(({ note }) => note)).toContain(condition?.message);
    expect(changes).toEqual([true, false]);
    expect(patches()).toBe(2);
    expect(await conditionsOf("short")).not.toHaveProperty([placementAtRisk]);
    await controlPlane.kubectl(["wait", `--for=condition=${placementAtRisk}=False`, "pod/train"]);
  });

  it("is known to be at risk by the leader that comes after", async () => {
    await createPod({ controlPlane }, "train", { ...managed, hours: 100 });
    await bind("train");
    const window = windowIn(30);
    const first = await startWatching();
    await until(
      async () => {
        await first.plan(window);
        return first.informer.get("default/train")?.atRisk?.status;
      },
      (status) => status === "True",
      "the condition is there",
    );
    const second = await startWatching();
    await second.plan(window);
    expect(second.count()).toBe(1);
    await second.plan();
    await until(
      async () => (await conditionsOf("train"))[placementAtRisk],
      (status) => status === "False",
      "the second has cleared it",
    );
    expect(second.changes).toEqual([false]);
    expect(second.patches()).toBe(1);
  });

  it("hears by an event alone where the right is missing", async () => {
    await revoke();
    await eventually(async () => {
      const { conditions } = writer();
      const { metadata } = await createPod({ controlPlane }, `probe-${Date.now()}`, managed);
      return (await conditions.write(metadata, atRisk)) === "denied" || undefined;
    });
    await createPod({ controlPlane }, "untold", { ...managed, hours: 100 });
    await bind("untold");
    const { plan, changes, count, patches, informer } = await startWatching();
    await until(
      async () => informer.get("default/untold")?.nodeName,
      (node) => node !== undefined,
      "the pod was seen bound",
    );
    const window = windowIn(30);
    for (let i = 0; i < 5; i++) await plan(window);
    const [event] = await until(
      async () => eventsOf({ controlPlane }, "untold"),
      (found) => found.length > 0,
      "there is an event",
    );
    expect(event?.reason).toBe("PlacementAtRisk");
    for (let i = 0; i < 5; i++) await plan(window);
    expect(changes).toEqual([true]);
    expect(count()).toBe(1);
    expect(patches()).toBe(1);
    expect(await conditionsOf("untold")).not.toHaveProperty([placementAtRisk]);
  });
});
