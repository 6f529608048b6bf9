/** MaintenanceWindows as gpuinfo follows them on a real API server, and the status that it gives them. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ControlPlane, startControlPlane } from "../../../hack/stack/control-plane.ts";
import {
  MaintenanceWindowStatus,
  maintenanceWindowKind,
} from "../../../src/api/maintenance-window.ts";
import { KubeClient } from "../../../src/kube/client.ts";
import { EventRecorder } from "../../../src/kube/events.ts";
import { Informer } from "../../../src/kube/informer.ts";
import { listWatch } from "../../../src/kube/list-watch.ts";
import { applyMaintenanceWindowStatus } from "../../../src/kube/maintenance-window-status.ts";
import { readMarkedNode } from "../../../src/kube/nodes.ts";
import { silentObserver } from "../../../src/kube/observer.ts";
import { maintenanceWindows, nodes as nodeResource, pathOf } from "../../../src/kube/resource.ts";
import { MaintenanceWindows } from "../../../src/maintenance-windows.ts";
import { WindowStatuses } from "../../../src/window-statuses.ts";
import { quiet } from "../kube/support.ts";
import { eventually } from "../manifests/support.ts";

const { apiVersion, kind } = maintenanceWindowKind;
const weekly = {
  schedule: "0 2 * * 6",
  duration: "4h",
  nodeSelector: { matchLabels: { rack: "7" } },
};

const { signal } = new AbortController();

let controlPlane: ControlPlane;
let kube: KubeClient;
let nodes: Informer<ReturnType<typeof readMarkedNode>>;
let windows: MaintenanceWindows;
let events: EventRecorder;
let statuses: WindowStatuses;
let changes = 0;
const queued: string[] = [];

beforeAll(async () => {
  controlPlane = await startControlPlane();
  await controlPlane.kubectl(["apply", "-k", "crd"]);
  const crd = `crd/maintenancewindows.${maintenanceWindowKind.group}`;
  await controlPlane.kubectl(["wait", "--for=condition=Established", "--timeout=30s", crd]);
  for (const [name, rack] of [
    ["worker-1", "7"],
    ["worker-2", "8"],
  ]) {
    const metadata = { name, labels: { rack } };
    await controlPlane.api.call("POST", "/api/v1/nodes", { metadata });
  }
  kube = new KubeClient({ kubeconfig: controlPlane.kubeconfig });
  nodes = new Informer({
    name: "nodes",
    source: listWatch(kube, nodeResource),
    parse: readMarkedNode,
    log: quiet,
  });
  windows = new MaintenanceWindows({
    kube,
    log: quiet,
    observer: silentObserver,
    nodes,
    hardMaxAgeMs: 900_000,
  });
  windows.onChange(() => (changes += 1));
  events = new EventRecorder({ client: kube, instance: "test", log: quiet });
  statuses = new WindowStatuses({
    kube,
    observer: silentObserver,
    events,
    windows,
    bindings: () => ({ bindings: [], vcenters: new Map() }),
    enqueue: (name) => void queued.push(name),
  });
  nodes.start();
  windows.informer.start();
  await Promise.all([nodes.whenSynced(), windows.informer.whenSynced()]);
});

afterAll(async () => {
  await Promise.all([nodes?.stop(), windows?.informer.stop(), events?.stop()]);
  await kube?.close();
  await controlPlane?.stop();
});

async function declare(name: string, spec: object): Promise<void> {
  await controlPlane.api.call("POST", pathOf(maintenanceWindows), {
    apiVersion,
    kind,
    metadata: { name },
    spec,
  });
  await heard(() => windows.informer.get(name) !== undefined);
}

async function heard(isSo: () => boolean): Promise<void> {
  await eventually(async () => isSo() || undefined);
}

function nodesDeclared(): string[] {
  return [...windows.current(new Date()).byNode.keys()].toSorted();
}

async function statusOf(name: string): Promise<MaintenanceWindowStatus> {
  const found = await controlPlane.api.call<{ status?: unknown }>(
    "GET",
    pathOf(maintenanceWindows, { name }),
  );
  return MaintenanceWindowStatus.parse(found.status);
}

describe("a MaintenanceWindow that is applied", () => {
  beforeAll(async () => declare("weekly", weekly));

  it("holds for the nodes with its labels", () => {
    expect(nodesDeclared()).toEqual(["worker-1"]);
    expect(windows.current(new Date()).byNode.get("worker-1")).toMatchObject({ kind: "known" });
  });

  it("is queued for its status, until it has that", async () => {
    await statuses.sweep();
    expect(queued).toEqual(["weekly"]);
    await statuses.queue.process("weekly", signal);
    await statuses.sweep();
    expect(queued).toEqual(["weekly"]);
  });

  it("gets a status that the API server takes and kubectl shows", async () => {
    await statuses.queue.process("weekly", signal);
    expect(await statusOf("weekly")).toMatchObject({
      nodes: 1,
      active: expect.any(Boolean),
      nextStart: expect.stringMatching(/T02:00:00Z$/),
      observedGeneration: 1,
      conditions: [{ type: "Ready", status: "True", reason: "Accepted" }],
    });
    const table = await controlPlane.kubectl(["get", "mw", "weekly"]);
    expect(table).toMatch(/NAME +SCHEDULE +NEXT +DURATION +NODES +ACTIVE +READY +REASON +AGE/);
    expect(table).toMatch(
      /weekly +0 2 \* \* 6 +\S+T02:00:00Z +4h +1 +(true|false) +True +Accepted/,
    );
  });

  it("is the same declaration after its status was written", async () => {
    const before = windows.current(new Date());
    const changesBefore = changes;
    await heard(() => windows.informer.get("weekly")?.status.nodes === 1);
    await statuses.queue.process("weekly", signal);
    expect(windows.current(new Date())).toBe(before);
    expect(changes).toBe(changesBefore);
  });

  it("follows the labels of nodes, and nothing else of them", async () => {
    const worker2 = "/api/v1/nodes/worker-2";
    const changesBefore = changes;
    await controlPlane.api.call("PATCH", worker2, { metadata: { labels: { other: "1" } } });
    await heard(() => nodes.get("worker-2")?.labels["other"] === "1");
    expect(changes).toBe(changesBefore);
    await controlPlane.api.call("PATCH", worker2, { metadata: { labels: { rack: "7" } } });
    await heard(() => nodesDeclared().length === 2);
    expect(changes).toBe(changesBefore + 1);
    await controlPlane.api.call("DELETE", worker2);
    await heard(() => nodesDeclared().length === 1);
  });

  it("is told when it is changed, and when it is deleted", async () => {
    const place = pathOf(maintenanceWindows, { name: "weekly" });
    await controlPlane.api.call("PATCH", place, { spec: { nodeSelector: null, hosts: ["A"] } });
    await heard(() => windows.current(new Date()).byHost.has("a"));
    expect(nodesDeclared()).toEqual([]);
    await controlPlane.api.call("DELETE", place);
    await heard(() => windows.current(new Date()).byHost.size === 0);
  });
});

describe("a MaintenanceWindow that the API server takes and nobody understands", () => {
  it.each([
    ["impossible", { schedule: "0 2 31 2 *" }, "NeverComes"],
    ["minute", { schedule: "61 2 * * 6" }, "InvalidSchedule"],
    ["zone", { timeZone: "Local" }, "UnknownTimeZone"],
  ])("(%s) makes unknown what it names, and says so", async (name, spec, reason) => {
    await declare(name, { ...weekly, ...spec });
    expect(windows.current(new Date()).byNode.get("worker-1")).toMatchObject({
      kind: "unknown",
      why: expect.stringContaining(`MaintenanceWindow ${name}: spec.`),
    });
    await statuses.queue.process(name, signal);
    const { conditions } = await statusOf(name);
    expect(conditions).toMatchObject([{ type: "Ready", status: "False", reason }]);
    const told = await eventually(async () => {
      const list = await controlPlane.kubectl(["events", "--for", `mw/${name}`]);
      return list.includes(reason) ? list : undefined;
    });
    expect(told).toMatch(/Warning +\w+ +MaintenanceWindow\/\w+ +spec\./);
  });
});

it("makes no object anew that was deleted a moment ago", async () => {
  await declare("gone", weekly);
  const window = windows.informer.get("gone");
  if (window === undefined) throw new Error("not heard of");
  await controlPlane.api.call("DELETE", pathOf(maintenanceWindows, { name: "gone" }));
  await expect(applyMaintenanceWindowStatus(kube, window, { nodes: 9 })).rejects.toMatchObject({
    kind: "notFound",
  });
});
