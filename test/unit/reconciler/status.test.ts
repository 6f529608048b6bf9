import { describe, expect, it } from "vitest";
import type { GpuInfo, GpuInfoStatus } from "../../../src/api/gpuinfo.ts";
import type { VcenterState } from "../../../src/reconciler/freshness.ts";
import { type Evaluation, evaluate, type StatusInput } from "../../../src/reconciler/status.ts";
import type {
  Fitting,
  MaintenanceWindow,
  Ranking,
  Rejected,
  Selection,
} from "../../../src/selection/model.ts";
import {
  aFitting,
  aGpuInfo,
  aHost,
  aMachine,
  aNode,
  aWindow,
  hoursFromNow,
  now,
} from "../../support/builders.ts";

const settings = {
  softMaxAgeMs: 2 * 60_000,
  usageSoftMaxAgeMs: 3 * 60_000,
  hardMaxAgeMs: 15 * 60_000,
  refreshMs: 5 * 60_000,
  simulate: false,
};

const later = (minutes: number) => new Date(now.getTime() + minutes * 60_000);

function fits(node: string, { cpu = 100, hours = 400, host = `esxi-of-${node}` } = {}): Fitting {
  return aFitting(
    {
      node: aNode({ name: node }),
      virtualMachine: aMachine({ name: node, cpuDemandMhz: cpu, memoryUsedMib: 327 }),
      host: aHost({ name: host }),
    },
    { hoursAvailable: hours },
  );
}

function ranked(fitting: Fitting[], rejected: Rejected[] = [], takenAt = now): Selection {
  const requirement = { gpu: true, hours: 100 };
  const ranking: Ranking = { requirement, takenAt, fitting, rejected };
  return { kind: "ranked", ranking };
}

const madeUp = (hours: number): MaintenanceWindow =>
  aWindow({ source: "simulation", startsAt: hoursFromNow(hours) });

const noGpu = (node: string): Rejected => ({
  node,
  reason: "NoGpu",
  message: `${node} has no GPU`,
});
const tooFew = (node: string): Rejected => ({
  node,
  reason: "TooFewHours",
  message: `${node} has 40 h`,
});
const unavailable: Selection = {
  kind: "unavailable",
  reason: "InventoryNotReady",
  message: "wrong password",
};

/** A vCenter that said everything at that time. */
function aVcenter(overrides: Partial<VcenterState> = {}): VcenterState {
  return { name: "vcenter", takenAt: now, usageTakenAt: now, ...overrides };
}

function run(selection: Selection, overrides: Partial<StatusInput> = {}): Evaluation {
  const takenAt = selection.kind === "ranked" ? selection.ranking.takenAt : now;
  const vcenters = [aVcenter({ takenAt, usageTakenAt: takenAt })];
  return evaluate({ gpuInfo: aGpuInfo(), selection, now, settings, vcenters, ...overrides });
}

function withStatus(status: GpuInfoStatus): GpuInfo {
  return aGpuInfo({ status });
}

/** "Ready=True NodeFound" and so on. */
function states({ conditions = [] }: GpuInfoStatus): string[] {
  return conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`);
}

describe("evaluate", () => {
  it("names the best node, its host, its usage and its hours", () => {
    const { status, change, why } = run(
      ranked([fits("worker-7", { cpu: 87, hours: 399 })], [noGpu("worker-1")]),
    );
    expect(status).toMatchObject({
      suitableNodeName: "worker-7",
      suitableHostName: "esxi-of-worker-7",
      nodeMemoryUsage: 327,
      nodeCPUUsage: 87,
      availableAcceleratorTime: 399,
      candidates: 1,
      rejected: { NoGpu: 1 },
      observedGeneration: 1,
      evaluatedTime: "2026-11-22T12:00:00Z",
    });
    expect(states(status)).toEqual([
      "InventoryFresh=True InventoryFresh",
      "Ready=True NodeFound",
      "UsageFresh=True UsageFresh",
    ]);
    expect(change).toBe("answer");
    expect(why).toBe("1 of 2 nodes fit: 1 NoGpu");
  });

  it("says None available, zeros and the reason that rejected most nodes", () => {
    const { status } = run(ranked([], [tooFew("a"), noGpu("b"), noGpu("c")]));
    expect(status).toMatchObject({
      suitableNodeName: "None available",
      suitableHostName: "None available",
      nodeMemoryUsage: 0,
      nodeCPUUsage: 0,
      availableAcceleratorTime: 0,
      candidates: 0,
      rejected: { NoGpu: 2, TooFewHours: 1 },
    });
    expect(status.conditions?.find(({ type }) => type === "Ready")).toMatchObject({
      status: "False",
      reason: "NoGpu",
      message: "0 of 3 nodes fit: 2 NoGpu, 1 TooFewHours; for example b has no GPU",
    });
  });

  it("says so when the cluster has no nodes", () => {
    expect(states(run(ranked([])).status)).toContain("Ready=False NoNodes");
  });

  it("keeps the node while it fits, although another has less CPU demand", () => {
    const before = run(ranked([fits("a", { cpu: 10 }), fits("b", { cpu: 20 })])).status;
    const after = run(ranked([fits("b", { cpu: 1 }), fits("a", { cpu: 10 })], [], later(4)), {
      gpuInfo: withStatus(before),
      now: later(4),
    });
    expect(after.status.suitableNodeName).toBe("a");
    expect(after.change).toBe("none");
  });

  it("changes to a better node when five minutes have passed, and says why", () => {
    const before = run(ranked([fits("a", { cpu: 10 }), fits("b", { cpu: 20 })])).status;
    const after = run(ranked([fits("b", { cpu: 1 }), fits("a", { cpu: 10 })], [], later(5)), {
      gpuInfo: withStatus(before),
      now: later(5),
    });
    expect(after).toMatchObject({
      change: "answer",
      why: "less CPU demand: 1 MHz against 10 MHz",
      status: { suitableNodeName: "b" },
    });
  });

  it("changes the node at once when it no longer fits", () => {
    const before = run(ranked([fits("a"), fits("b")])).status;
    const rejection: Rejected = {
      node: "a",
      reason: "HostInMaintenance",
      message: "host x is in maintenance mode",
    };
    const after = run(ranked([fits("b")], [rejection]), {
      gpuInfo: withStatus(before),
      now: later(1),
    });
    expect(after).toMatchObject({
      change: "answer",
      why: "host x is in maintenance mode",
      status: { suitableNodeName: "b" },
    });
  });

  it("chooses anew when the spec has changed", () => {
    const before = run(ranked([fits("a"), fits("b")])).status;
    const gpuInfo = aGpuInfo({ status: before, metadata: { generation: 2 } });
    const after = run(ranked([fits("b"), fits("a")]), { gpuInfo });
    expect(after.status).toMatchObject({ suitableNodeName: "b", observedGeneration: 2 });
  });

  it("follows a vMotion of the chosen node", () => {
    const before = run(ranked([fits("a", { host: "esxi-a" })])).status;
    const after = run(ranked([fits("a", { host: "esxi-b" })]), { gpuInfo: withStatus(before) });
    expect(after).toMatchObject({
      change: "answer",
      why: "virtual machine a was moved by vMotion",
      status: { suitableHostName: "esxi-b" },
    });
  });

  it.each<[string, Selection, number, string]>([
    ["nothing", ranked([fits("a")]), 1, "none"],
    ["the usage", ranked([fits("a", { cpu: 101 })]), 1, "none"],
    [
      "the usage, and the refresh is due",
      ranked([fits("a", { cpu: 101 })], [], later(5)),
      5,
      "facts",
    ],
    ["nothing, and the refresh is due", ranked([fits("a")], [], later(5)), 5, "none"],
    ["the hours, by the clock", ranked([fits("a", { hours: 399 })]), 1, "none"],
    ["the hours, by a window that came nearer", ranked([fits("a", { hours: 300 })]), 1, "facts"],
    ["the hours, by a window that moved away", ranked([fits("a", { hours: 401 })]), 1, "facts"],
    ["a count of rejected nodes", ranked([fits("a")], [noGpu("b")]), 1, "facts"],
    ["the number of candidates", ranked([fits("a"), fits("b")]), 1, "facts"],
    ["the chosen node", ranked([fits("b")]), 1, "answer"],
    ["the inventory's freshness", ranked([fits("a")]), 3, "answer"],
  ])("when %s changed", (_, selection, minutes, change) => {
    const before = run(ranked([fits("a")])).status;
    expect(run(selection, { gpuInfo: withStatus(before), now: later(minutes) }).change).toBe(
      change,
    );
  });

  it("repairs a status that somebody else emptied", () => {
    expect(run(ranked([fits("a")]), { gpuInfo: withStatus({}) }).change).toBe("answer");
  });

  it("tells what vCenter said last, when, and what is wrong now", () => {
    const { status } = run(ranked([fits("a")]), {
      now: later(3),
      vcenters: [aVcenter({ problem: "connection refused" })],
    });
    expect(status.suitableNodeName).toBe("a");
    expect(status.conditions?.[0]).toMatchObject({
      type: "InventoryFresh",
      status: "False",
      reason: "InventoryStale",
      message: "vCenter was last read at 2026-11-22T12:00:00Z; connection refused",
    });
  });

  it("has nothing to say, and says so, before vCenter was ever read", () => {
    const { status, change } = run(unavailable);
    expect(states(status)).toEqual([
      "InventoryFresh=False InventoryNotReady",
      "Ready=Unknown InventoryNotReady",
      "UsageFresh=False InventoryNotReady",
    ]);
    expect(status.suitableNodeName).toBeUndefined();
    expect(change).toBe("answer");
  });

  it("keeps the last answer, ready, when a new leader cannot reach vCenter yet", () => {
    const before = run(ranked([fits("a")])).status;
    const { status } = run(unavailable, { gpuInfo: withStatus(before), now: later(1) });
    expect(status.suitableNodeName).toBe("a");
    expect(states(status)).toEqual([
      "InventoryFresh=False InventoryNotReady",
      "Ready=True NodeFound",
      "UsageFresh=False InventoryNotReady",
    ]);
  });

  it("keeps the last answer, but calls it unknown, when it is too old", () => {
    const before = run(ranked([fits("a")])).status;
    const stale: Selection = {
      kind: "unavailable",
      reason: "InventoryStale",
      message: "since noon",
    };
    const { status } = run(stale, { gpuInfo: withStatus(before), now: later(21) });
    expect(status).toMatchObject({ suitableNodeName: "a", evaluatedTime: "2026-11-22T12:00:00Z" });
    expect(states(status)).toContain("Ready=Unknown InventoryStale");
  });

  it("keeps an answer that was right until vCenter fell silent, however long ago it was written", () => {
    const before = run(ranked([fits("a")])).status;
    const { status } = run(unavailable, { gpuInfo: withStatus(before), now: later(600) });
    expect(states(status)).toContain("Ready=True NodeFound");
    const tooLong = run(unavailable, { gpuInfo: withStatus(status), now: later(614) });
    expect(states(tooLong.status)).toContain("Ready=Unknown InventoryNotReady");
  });

  it("does not write again because the trouble is worded otherwise", () => {
    const { status } = run(unavailable);
    const other: Selection = { ...unavailable, message: "connection refused" };
    expect(run(other, { gpuInfo: withStatus(status), now: later(10) }).change).toBe("none");
  });

  it("does not call the answer to an old spec ready", () => {
    const before = run(ranked([fits("a")])).status;
    const gpuInfo = aGpuInfo({ status: before, metadata: { generation: 2 } });
    expect(states(run(unavailable, { gpuInfo }).status)).toContain(
      "Ready=Unknown InventoryNotReady",
    );
  });

  it("keeps a condition's transition time until its status changes", () => {
    const before = run(ranked([fits("a")])).status;
    const same = run(ranked([fits("b")], [], later(1)), {
      gpuInfo: withStatus(before),
      now: later(1),
    });
    const times = same.status.conditions?.map(({ lastTransitionTime }) => lastTransitionTime);
    expect(times).toEqual(Array(3).fill("2026-11-22T12:00:00Z"));
    const none = run(ranked([], [noGpu("a")], later(1)), {
      gpuInfo: withStatus(before),
      now: later(1),
    });
    const ready = none.status.conditions?.find(({ type }) => type === "Ready");
    expect(ready?.lastTransitionTime).toBe("2026-11-22T12:01:00Z");
  });

  it("says until when the vCenter of the node had confirmed it", () => {
    const vcenters = [aVcenter({ name: "west", takenAt: later(1) }), aVcenter()];
    const { status } = run(ranked([fits("a")]), { vcenters, now: later(1) });
    expect(status.inventoryTime).toBe("2026-11-22T12:00:00Z");
  });

  it("says where nothing fits until when the oldest vCenter that counts had confirmed it", () => {
    const { status } = run(ranked([], [noGpu("a")], later(-1)));
    expect(status.inventoryTime).toBe("2026-11-22T11:59:00Z");
  });

  it("is not written again because vCenter confirmed it again", () => {
    const before = run(ranked([fits("a")])).status;
    const vcenters = [aVcenter({ takenAt: later(10), usageTakenAt: later(10) })];
    const after = run(ranked([fits("a")], [], later(10)), {
      gpuInfo: withStatus(before),
      now: later(10),
      vcenters,
    });
    expect(after.status.inventoryTime).toBe("2026-11-22T12:10:00Z");
    expect(after.change).toBe("none");
  });

  it("tells of the maintenance that limits the hours, where it was read and how sure it is", () => {
    const window = aWindow({ endsAt: hoursFromNow(404), description: "x".repeat(300) });
    const { status } = run(ranked([{ ...fits("a"), window }]));
    expect(status.nextMaintenance).toEqual({
      startsAt: "2026-12-09T04:00:00Z",
      endsAt: "2026-12-09T08:00:00Z",
      source: "scheduledTask",
      confidence: "scheduled",
      description: "x".repeat(256),
    });
    expect(run(ranked([fits("a")])).status.nextMaintenance).toBeUndefined();
  });

  it.each<[string, Partial<MaintenanceWindow> | undefined, "facts" | "none"]>([
    ["stays", {}, "none"],
    ["moves by minutes", { startsAt: hoursFromNow(400.1) }, "facts"],
    ["gets an end", { endsAt: hoursFromNow(404) }, "facts"],
    ["gets other words", { description: "firmware" }, "facts"],
    ["is known from elsewhere", { source: "customAttribute" }, "facts"],
    ["is no more", undefined, "facts"],
  ])("when the maintenance %s", (_, change, expected) => {
    const before = run(ranked([{ ...fits("a"), window: aWindow() }])).status;
    const window = change && aWindow(change);
    const after = run(ranked([{ ...fits("a"), ...(window && { window }) }]), {
      gpuInfo: withStatus(before),
    });
    expect(after.change).toBe(expected);
  });

  it("is not written for a made up maintenance, which moves with the clock", () => {
    const before = run(ranked([{ ...fits("a"), window: madeUp(400.5) }])).status;
    const after = run(ranked([{ ...fits("a"), window: madeUp(400.6) }]), {
      gpuInfo: withStatus(before),
    });
    expect(after.status.nextMaintenance).toMatchObject({ confidence: "simulated" });
    expect(after.change).toBe("none");
  });

  it("says aloud that GPUs and hours are made up", () => {
    const { status } = run(ranked([fits("a")]), { settings: { ...settings, simulate: true } });
    expect(states(status)).toContain("Simulated=True SimulationMode");
  });
});
