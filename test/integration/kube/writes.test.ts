import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import type { ControlPlane } from "../../../hack/stack/control-plane.ts";
import { GpuInfo, type GpuInfoStatus } from "../../../src/api/gpuinfo.ts";
import { KubeClient } from "../../../src/kube/client.ts";
import type { Regarding } from "../../../src/kube/event-body.ts";
import { EventRecorder } from "../../../src/kube/events.ts";
import { applyGpuInfoStatus } from "../../../src/kube/gpuinfo-status.ts";
import { collection, createGpuInfo, quiet, recordingObserver, startWithCrd } from "./support.ts";

let controlPlane: ControlPlane;
let client: KubeClient;

beforeAll(async () => {
  controlPlane = await startWithCrd();
  client = new KubeClient({ kubeconfig: controlPlane.kubeconfig });
});

afterAll(async () => {
  await client?.close();
  await controlPlane?.stop();
});

async function newGpuInfo(name: string): Promise<GpuInfo> {
  await createGpuInfo(controlPlane, name);
  return readGpuInfo(name);
}

async function readGpuInfo(name: string): Promise<GpuInfo> {
  return GpuInfo.parse(await controlPlane.api.call("GET", `${collection}/${name}`));
}

const ready = {
  type: "Ready",
  status: "True",
  reason: "NodeFound",
  message: "3 of 4 nodes fit",
  lastTransitionTime: "2026-11-22T10:00:00Z",
} as const;

describe("a GPUInfo's status", () => {
  it("is what was applied last: fields that are left out disappear", async () => {
    const gpuInfo = await newGpuInfo("applied");
    await applyGpuInfoStatus(client, gpuInfo, {
      suitableNodeName: "worker-7",
      rejected: { NoGpu: 3, TooFewHours: 1 },
      conditions: [ready, { ...ready, type: "Simulated" }],
    });
    const status: GpuInfoStatus = {
      suitableNodeName: "worker-8",
      rejected: { NoGpu: 4 },
      conditions: [ready],
    };
    await applyGpuInfoStatus(client, gpuInfo, status);
    expect((await readGpuInfo("applied")).status).toEqual(status);
  });

  it("keeps a condition that somebody else has set", async () => {
    const gpuInfo = await newGpuInfo("shared");
    await controlPlane.api.call("PATCH", `${collection}/shared/status`, {
      status: { conditions: [{ ...ready, type: "Reviewed" }] },
    });
    await applyGpuInfoStatus(client, gpuInfo, { conditions: [ready] });
    const { conditions } = (await readGpuInfo("shared")).status;
    expect(conditions?.map(({ type }) => type).toSorted()).toEqual(["Ready", "Reviewed"]);
  });

  it("does not change the object's generation or version when it is the same", async () => {
    const gpuInfo = await newGpuInfo("same");
    await applyGpuInfoStatus(client, gpuInfo, { candidates: 3 });
    const once = await readGpuInfo("same");
    await applyGpuInfoStatus(client, gpuInfo, { candidates: 3 });
    expect(await readGpuInfo("same")).toEqual(once);
    expect(once.metadata.generation).toBe(gpuInfo.metadata.generation);
  });

  it.each([
    ["a number below its range", { candidates: -1 }, "status.candidates"],
    ["a name that is too long", { suitableNodeName: "x".repeat(300) }, "status.suitableNodeName"],
    ["a time that is none", { evaluatedTime: "yesterday" }, "status.evaluatedTime"],
  ])("refuses %s with the field's name", async (_what, status, field) => {
    const gpuInfo = await newGpuInfo(`refused-${field.slice("status.".length).toLowerCase()}`);
    await expect(applyGpuInfoStatus(client, gpuInfo, status)).rejects.toMatchObject({
      kind: "invalid",
      terminal: true,
      fields: [{ field }],
      message: expect.stringContaining(field),
    });
  });

  it.each([
    ["a value of the wrong type", { nodeMemoryUsage: "much" }],
    ["a field that the schema lacks", { favouriteColour: "blue" }],
  ])("refuses %s, which the API server calls an internal error", async (_what, status) => {
    const gpuInfo = await readGpuInfo("same");
    // @ts-expect-error what the types forbid is what an older CRD makes of a newer controller
    await expect(applyGpuInfoStatus(client, gpuInfo, status)).rejects.toMatchObject({
      kind: "invalid",
      status: 500,
      message: expect.stringContaining(`.status.${Object.keys(status)[0]}`),
    });
  });

  it("says notFound when the GPUInfo was deleted", async () => {
    const gpuInfo = await newGpuInfo("deleted");
    await controlPlane.api.call("DELETE", `${collection}/deleted`);
    await expect(applyGpuInfoStatus(client, gpuInfo, { candidates: 0 })).rejects.toMatchObject({
      kind: "notFound",
      terminal: true,
    });
  });
});

interface WrittenEvent {
  readonly note: string;
  readonly series?: { readonly count: number };
}

async function eventsAbout(name: string): Promise<WrittenEvent[]> {
  const all = await controlPlane.api.call<{ items: (WrittenEvent & { regarding: Regarding })[] }>(
    "GET",
    "/apis/events.k8s.io/v1/namespaces/default/events",
  );
  return all.items.filter(({ regarding }) => regarding.name === name);
}

function recorder() {
  const observer = recordingObserver();
  const events = new EventRecorder({
    client,
    instance: "gpuinfo-0",
    log: quiet,
    observer,
    limits: { seriesMs: 200 },
  });
  onTestFinished(async () => events.stop());
  return { events, observer };
}

async function eventAbout(name: string, note: string) {
  const { apiVersion, kind } = { apiVersion: "topology.corinternal.com/v1", kind: "GPUInfo" };
  const { namespace, uid } = (await newGpuInfo(name)).metadata;
  const regarding = { apiVersion, kind, name, namespace, uid };
  return { regarding, type: "Normal", reason: "NodeChanged", action: "SelectNode", note } as const;
}

describe("events", () => {
  it("appear in what kubectl describe shows", async () => {
    const { events } = recorder();
    events.record(
      await eventAbout("described", "from worker-1 to worker-2: host enters maintenance"),
    );
    await events.stop();
    const text = await controlPlane.kubectl(["describe", "gpu", "described"]);
    expect(text).toMatch(/Normal +NodeChanged .*gpuinfo.* +from worker-1 to worker-2/);
  });

  it("that repeat become one with a count", async () => {
    const { events } = recorder();
    const event = await eventAbout("repeated", "from a to b");
    for (let i = 0; i < 20; i++) {
      events.record(event);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await vi.waitFor(async () => {
      expect(await eventsAbout("repeated")).toMatchObject([{ series: { count: 20 } }]);
    }, 5_000);
  });

  it("that differ in their words stay apart, and the longest are cut to what the API server takes", async () => {
    const { events, observer } = recorder();
    const event = await eventAbout("different", "from a to b");
    events.record(event);
    events.record({ ...event, note: "ü".repeat(2000) });
    await events.stop();
    expect(observer.heard).toEqual(["event written", "event written"]);
    expect(await eventsAbout("different")).toHaveLength(2);
  });

  it("that expired meanwhile are written anew", async () => {
    const { events } = recorder();
    const event = await eventAbout("expired", "from a to b");
    events.record(event);
    await vi.waitFor(async () => expect(await eventsAbout("expired")).toHaveLength(1), 5_000);
    await controlPlane.kubectl(["delete", "events.events.k8s.io", "--all"]);
    events.record(event);
    await vi.waitFor(async () => {
      expect(await eventsAbout("expired")).toMatchObject([{ series: { count: 2 } }]);
    }, 5_000);
  });

  it("about an object in no namespace go to the default namespace", async () => {
    const { events } = recorder();
    const regarding = { apiVersion: "v1", kind: "Node", name: "worker-1", uid: "1" };
    const event = { regarding, type: "Warning", reason: "Ambiguous", action: "BindNode" } as const;
    events.record({ ...event, note: "two virtual machines" });
    await events.stop();
    expect(await eventsAbout("worker-1")).toHaveLength(1);
  });
});
