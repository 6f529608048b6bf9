import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Stack, startStack } from "../../../hack/stack/stack.ts";
import { apiVersion, kind } from "../../../src/api/group.ts";
import {
  apply,
  condition,
  messageOf,
  namespace,
  objects,
  statusOf,
  untilNode,
  untilStatus,
  vcenter,
} from "../../support/answers.ts";
import { fleetFile } from "../../support/small-fleet.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ fleet: await fleetFile() });
});
afterAll(() => stack?.stop());
afterEach(() => stack.controlPlane.api.call("DELETE", objects));

const maintenance = (host: string, state: "enter" | "entering" | "exit") =>
  vcenter(stack, "POST", "/maintenance", { host, state });

describe("a GPUInfo", () => {
  it.each([
    ["a GPU for a short time: the least busy GPU node", { hours: 75, gpu: true }, "gpu-b"],
    ["a GPU for exactly the hours that are left", { hours: 120, gpu: true }, "gpu-b"],
    ["a GPU for one hour more than that", { hours: 121, gpu: true }, "gpu-a"],
    ["a GPU for longer than any planned maintenance", { hours: 8760, gpu: true }, "gpu-c"],
    ["no GPU: a node without one", { hours: 1, gpu: false }, "cpu-c"],
  ])("that asks for %s", async (_, ask, node) => {
    await apply(stack, "gpu1", ask);
    expect(condition(await untilNode(stack, "gpu1", node), "Ready")).toBe("True NodeFound");
  });

  it("is answered with host, hours, usage and counts as vCenter has them", async () => {
    await apply(stack, "gpu1", { hours: 100, gpu: true });
    expect(await untilNode(stack, "gpu1", "gpu-b")).toMatchObject({
      suitableHostName: "esxi-b.example.com",
      availableAcceleratorTime: 120,
      nodeCPUUsage: 10,
      nodeMemoryUsage: 512,
      candidates: 3,
      rejected: { NoGpu: 1 },
      observedGeneration: 1,
    });
  });

  it("is told None available, zeros and why, when nothing fits", async () => {
    await maintenance("esxi-c.example.com", "enter");
    await apply(stack, "gpu1", { hours: 500, gpu: true });
    const status = await untilNode(stack, "gpu1", "None available");
    await maintenance("esxi-c.example.com", "exit");
    expect(status).toMatchObject({
      suitableHostName: "None available",
      availableAcceleratorTime: 0,
      nodeCPUUsage: 0,
      nodeMemoryUsage: 0,
      candidates: 0,
      rejected: { TooFewHours: 2, HostInMaintenance: 2 },
    });
    expect(condition(status, "Ready")).toBe("False HostInMaintenance");
  });

  it("moves to the next best node when its host enters maintenance, and says why in an event", async () => {
    await apply(stack, "gpu1", { hours: 100, gpu: true });
    await untilNode(stack, "gpu1", "gpu-b");
    await maintenance("esxi-b.example.com", "enter");
    await untilNode(stack, "gpu1", "gpu-a");
    await maintenance("esxi-b.example.com", "exit");
    await expect
      .poll(() => notes("NodeChanged"))
      .toContain(
        "from gpu-b on esxi-b.example.com to gpu-a on esxi-a.example.com: host esxi-b.example.com is in maintenance mode",
      );
  });

  it("moves away as soon as the host begins to enter maintenance", async () => {
    await apply(stack, "gpu1", { hours: 100, gpu: true });
    await untilNode(stack, "gpu1", "gpu-b");
    await maintenance("esxi-b.example.com", "entering");
    const status = await untilNode(stack, "gpu1", "gpu-a");
    await maintenance("esxi-b.example.com", "exit");
    expect(status.rejected).toMatchObject({ HostEnteringMaintenance: 1 });
  });

  it("keeps its node when maintenance elsewhere ends, although that node is less busy", async () => {
    await maintenance("esxi-b.example.com", "enter");
    await apply(stack, "gpu1", { hours: 100, gpu: true });
    await untilNode(stack, "gpu1", "gpu-a");
    await maintenance("esxi-b.example.com", "exit");
    const status = await untilStatus(stack, "gpu1", ({ candidates }) => candidates === 3);
    expect(status.suitableNodeName).toBe("gpu-a");
  });

  it("follows a vMotion of its node", async () => {
    await apply(stack, "gpu1", { hours: 121, gpu: true });
    await untilNode(stack, "gpu1", "gpu-a");
    await vcenter(stack, "POST", "/vmotion", { vm: "gpu-a", host: "esxi-c.example.com" });
    const status = await untilStatus(
      stack,
      "gpu1",
      ({ suitableHostName }) => suitableHostName === "esxi-c.example.com",
    );
    await vcenter(stack, "POST", "/vmotion", { vm: "gpu-a", host: "esxi-a.example.com" });
    expect(status).toMatchObject({ suitableNodeName: "gpu-a", availableAcceleratorTime: 8760 });
  });

  it("follows a scheduled task that comes nearer, and one that goes away", async () => {
    const task = { host: "esxi-b.example.com", name: "firmware" };
    await apply(stack, "gpu1", { hours: 100, gpu: true });
    await untilNode(stack, "gpu1", "gpu-b");
    await vcenter(stack, "POST", "/scheduled-tasks", {
      ...task,
      action: "RebootHost_Task",
      at: "in 50h30m",
    });
    await untilNode(stack, "gpu1", "gpu-a");
    await vcenter(stack, "DELETE", "/scheduled-tasks", task);
    await apply(stack, "gpu2", { hours: 100, gpu: true });
    const status = await untilNode(stack, "gpu2", "gpu-b");
    await vcenter(stack, "POST", "/scheduled-tasks", {
      ...task,
      action: "RebootHost_Task",
      at: "in 120h30m",
    });
    expect(status.availableAcceleratorTime).toBe(8760);
  });

  it.each([
    ["powered off", "VirtualMachineOff", () => power("poweredOff"), () => power("poweredOn")],
    ["cordoned", "NodeUnschedulable", () => cordon(true), () => cordon(false)],
  ])("moves away from a node that is %s", async (_, reason, harm, heal) => {
    await apply(stack, "gpu1", { hours: 100, gpu: true });
    await untilNode(stack, "gpu1", "gpu-b");
    await harm();
    const status = await untilNode(stack, "gpu1", "gpu-a");
    await heal();
    expect(status.rejected).toMatchObject({ [reason]: 1 });
  });

  it("is not given a node whose uuid and host name a running copy has too", {
    timeout: 90_000,
  }, async () => {
    const [, copied] =
      /"name":"gpu-b"[^}]*?"uuid":"([^"]+)"/.exec(await vcenter(stack, "GET", "/truth")) ?? [];
    await vcenter(stack, "POST", "/vms", {
      host: "esxi-c.example.com",
      vm: { name: "gpu-b-restored", uuid: copied, guestHostName: "gpu-b" },
    });
    // The machines are all read again every five minutes, and at once when a node has none: so add such a node.
    await stack.controlPlane.api.call("POST", "/api/v1/nodes", {
      metadata: { name: "no-machine" },
    });
    await apply(stack, "gpu1", { hours: 100, gpu: true });
    const status = await untilStatus(
      stack,
      "gpu1",
      ({ rejected }) => rejected?.["Ambiguous"] === 1,
      45_000,
    );
    await stack.controlPlane.api.call("DELETE", "/api/v1/nodes/no-machine");
    await vcenter(stack, "DELETE", "/vms", { vm: "gpu-b-restored" });
    expect(status).toMatchObject({ suitableNodeName: "gpu-a", rejected: { NoVirtualMachine: 1 } });
  });

  it("is answered anew when its spec changes", async () => {
    await apply(stack, "gpu1", { hours: 100, gpu: true });
    await untilNode(stack, "gpu1", "gpu-b");
    await apply(stack, "gpu1", { hours: 500, gpu: true });
    expect(await untilNode(stack, "gpu1", "gpu-c")).toMatchObject({ observedGeneration: 2 });
  });

  it("gets its status back when somebody empties it", async () => {
    await apply(stack, "gpu1", { hours: 100, gpu: true });
    await untilNode(stack, "gpu1", "gpu-b");
    await stack.controlPlane.api.call("PATCH", `${objects}/gpu1/status`, { status: null });
    expect(condition(await untilNode(stack, "gpu1", "gpu-b"), "Ready")).toBe("True NodeFound");
  });

  it("costs vCenter nothing: no call is made for it", async () => {
    await vcenter(stack, "DELETE", "/calls");
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => apply(stack, `many-${i}`, { hours: 1 + i, gpu: true })),
    );
    await Promise.all(Array.from({ length: 20 }, (_, i) => untilNode(stack, `many-${i}`, "gpu-b")));
    const calls: Record<string, number> = JSON.parse(await vcenter(stack, "GET", "/calls"));
    // The long poll and the poll of CPU and memory go on at their own pace.
    const sum = Object.values(calls).reduce((a, b) => a + b, 0);
    expect(sum).toBeLessThan(20);
  });

  it("is written only when something changed", async () => {
    await apply(stack, "gpu1", { hours: 100, gpu: true });
    await untilNode(stack, "gpu1", "gpu-b");
    const before = await version();
    await vcenter(stack, "POST", "/set", {
      object: "vm/gpu-b",
      property: "summary.quickStats.overallCpuDemand",
      value: 11,
    });
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await version()).toBe(before);
  });
});

it("explains itself by kubectl explain, with units", async () => {
  const text = await stack.controlPlane.kubectl(["explain", "gpuinfo.spec"]);
  expect(text).toMatch(/desAccTime\s+<integer>/);
  expect(text).toMatch(/Hours that the job must be able to run/);
});

it("shows question and answer in kubectl get", async () => {
  await apply(stack, "gpu1", { hours: 100, gpu: true });
  await untilNode(stack, "gpu1", "gpu-b");
  const [header = "", row = ""] = (await stack.controlPlane.kubectl(["get", "gpu"])).split("\n");
  expect(header.split(/\s{2,}/)).toEqual([
    "NAME",
    "DESIRED ACCESS TIME (HRS)",
    "GPU REQUIRED",
    "NODE",
    "HOST",
    "AVAILABLE (HRS)",
    "READY",
    "REASON",
    "AGE",
  ]);
  expect(row).toMatch(/^gpu1\s+100\s+true\s+gpu-b\s+esxi-b.example.com\s+120\s+True\s+NodeFound/);
});

async function notes(reason: string): Promise<string> {
  const { items } = await stack.controlPlane.api.call<{
    items: { reason: string; note: string }[];
  }>("GET", `/apis/events.k8s.io/v1/namespaces/${namespace}/events`);
  return items
    .filter((event) => event.reason === reason)
    .map(({ note }) => note)
    .join("\n");
}

async function version(): Promise<unknown> {
  const object = await stack.controlPlane.api.call<{ metadata: { resourceVersion: string } }>(
    "GET",
    `${objects}/gpu1`,
  );
  return object.metadata.resourceVersion;
}

function power(state: string): Promise<unknown> {
  return vcenter(stack, "POST", "/power", { vm: "gpu-b", state });
}

function cordon(unschedulable: boolean): Promise<unknown> {
  return stack.controlPlane.api.call("PATCH", "/api/v1/nodes/gpu-b", { spec: { unschedulable } });
}

describe("bad input", () => {
  it.each([
    [{ desAccTime: 0 }, /spec\.desAccTime.*greater than or equal to 1/s],
    [{ desAccTime: -5 }, /spec\.desAccTime.*greater than or equal to 1/s],
    [{ desAccTime: 8761 }, /spec\.desAccTime.*less than or equal to 8760/s],
    [{ desAccTime: "100" }, /spec\.desAccTime.*integer/s],
    [{ desAccTime: 1.5 }, /spec\.desAccTime.*integer/s],
    [{ gpuRequired: "yes" }, /spec\.gpuRequired.*boolean/s],
    [{ gpuVendor: "NVIDIA" }, /unknown field "spec\.gpuVendor"/],
  ])("%j is refused with the field and what it may be", async (spec, message) => {
    await expect(applied(spec)).rejects.toThrow(message);
  });

  it("an unknown field is pruned where validation is not strict", async () => {
    await applied({ desAccTime: 5, gpuVendor: "NVIDIA" }, "--validate=warn");
    const { spec } = await stack.controlPlane.api.call<{ spec: object }>("GET", `${objects}/bad`);
    expect(spec).toEqual({ desAccTime: 5, gpuRequired: false });
  });

  it.each([
    ["an empty spec", {}, { desAccTime: 1, gpuRequired: false }],
    ["hours alone", { desAccTime: 7 }, { desAccTime: 7, gpuRequired: false }],
    ["a GPU alone", { gpuRequired: true }, { desAccTime: 1, gpuRequired: true }],
  ])("%s gets its defaults, visibly", async (_, given, spec) => {
    await applied(given);
    expect(await stack.controlPlane.api.call("GET", `${objects}/bad`)).toMatchObject({ spec });
  });
});

describe("what vCenter does not let us read", () => {
  // An expired session shows at the end of the long poll, after 30 s at most; then everything is read again.
  it("rejects those nodes, and the rest works", { timeout: 120_000 }, async () => {
    await vcenter(stack, "POST", "/deny", { object: "host/esxi-b.example.com", paths: ["*"] });
    await vcenter(stack, "POST", "/sessions/expire", {});
    await apply(stack, "gpu1", { hours: 100, gpu: true });
    const status = await untilStatus(
      stack,
      "gpu1",
      ({ suitableNodeName, rejected }) =>
        suitableNodeName === "gpu-a" && rejected?.["NotReadable"] === 1,
      50_000,
    );
    await vcenter(stack, "DELETE", "/deny");
    await vcenter(stack, "POST", "/sessions/expire", {});
    await untilStatus(
      stack,
      "gpu1",
      ({ rejected }) => rejected?.["NotReadable"] === undefined,
      30_000,
    );
    expect(condition(status, "Ready")).toBe("True NodeFound");
    expect(messageOf(await statusOf(stack, "gpu1"), "Ready")).not.toBe("");
  });
});

function applied(spec: object, ...flags: string[]): Promise<string> {
  const input = JSON.stringify({ apiVersion, kind, metadata: { name: "bad" }, spec });
  return stack.controlPlane.kubectl(["apply", ...flags, "-f", "-"], { input });
}
