import { describe, expect, it } from "vitest";
import type { GpuInfo, GpuInfoStatus } from "../../../src/api/gpuinfo.ts";
import { type Evaluation, evaluate, type StatusInput } from "../../../src/reconciler/status.ts";
import type { Fitting, Ranking, Rejected, Selection } from "../../../src/selection/model.ts";
import { aCandidate, aGpuInfo, aHost, aMachine, aNode, now } from "../../support/builders.ts";

const settings = {
  softMaxAgeMs: 2 * 60_000,
  hardMaxAgeMs: 15 * 60_000,
  refreshMs: 5 * 60_000,
  simulate: false,
};

const later = (minutes: number) => new Date(now.getTime() + minutes * 60_000);

function fits(node: string, { cpu = 100, hours = 400, host = `esxi-of-${node}` } = {}): Fitting {
  return {
    ...aCandidate({
      node: aNode({ name: node }),
      virtualMachine: aMachine({ name: node, cpuDemandMhz: cpu, memoryUsedMib: 327 }),
      host: aHost({ name: host }),
    }),
    hoursAvailable: hours,
  };
}

function ranked(fitting: Fitting[], rejected: Rejected[] = [], takenAt = now): Selection {
  const requirement = { gpu: true, hours: 100 };
  const ranking: Ranking = { requirement, takenAt, fitting, rejected };
  return { kind: "ranked", ranking };
}

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

function run(selection: Selection, overrides: Partial<StatusInput> = {}): Evaluation {
  return evaluate({ gpuInfo: aGpuInfo(), selection, now, settings, ...overrides });
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
    expect(states(status)).toEqual(["InventoryFresh=True InventoryFresh", "Ready=True NodeFound"]);
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
      vcenterProblem: "connection refused",
    });
    expect(status.suitableNodeName).toBe("a");
    expect(status.conditions?.[0]).toMatchObject({
      type: "InventoryFresh",
      status: "False",
      reason: "InventoryStale",
      message: "this is what vCenter said at 2026-11-22T12:00:00Z; connection refused",
    });
  });

  it("has nothing to say, and says so, before vCenter was ever read", () => {
    const { status, change } = run(unavailable);
    expect(states(status)).toEqual([
      "InventoryFresh=False InventoryNotReady",
      "Ready=Unknown InventoryNotReady",
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
    expect(times).toEqual(["2026-11-22T12:00:00Z", "2026-11-22T12:00:00Z"]);
    const none = run(ranked([], [noGpu("a")], later(1)), {
      gpuInfo: withStatus(before),
      now: later(1),
    });
    const ready = none.status.conditions?.find(({ type }) => type === "Ready");
    expect(ready?.lastTransitionTime).toBe("2026-11-22T12:01:00Z");
  });

  it("says aloud that GPUs and hours are made up", () => {
    const { status } = run(ranked([fits("a")]), { settings: { ...settings, simulate: true } });
    expect(states(status)).toContain("Simulated=True SimulationMode");
  });
});
