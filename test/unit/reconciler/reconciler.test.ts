import { describe, expect, it } from "vitest";
import type { GpuInfo, GpuInfoStatus } from "../../../src/api/gpuinfo.ts";
import { type AnswerEvent, Reconciler } from "../../../src/reconciler/reconciler.ts";
import { createSelector } from "../../../src/selection/select.ts";
import {
  aGpu,
  aGpuInfo,
  aHost,
  aMachine,
  aNode,
  anInventory,
  now,
  selectionSettings,
} from "../../support/builders.ts";

/** A world of two GPU nodes on two hosts, and a reconciler that writes into it. */
function aWorld({ writeFails = false, inventoryKnown = true, settled = true } = {}) {
  const world = {
    gpuInfos: new Map<string, GpuInfo>([["default/gpu1", aGpuInfo()]]),
    written: [] as GpuInfoStatus[],
    events: [] as AnswerEvent[],
    queued: [] as string[],
    hosts: [aHost({ id: "h1", name: "esxi-a" }), aHost({ id: "h2", name: "esxi-b" })],
    writeFails,
  };
  const machines = ["a", "b"].map((name, i) =>
    aMachine({ id: name, name, biosUuid: "", hostId: `h${i + 1}`, cpuDemandMhz: i, gpus: [aGpu] }),
  );
  const nodes = [aNode({ name: "a" }), aNode({ name: "b" })];
  const { selectNodes } = createSelector(
    () => ({
      nodes,
      inventory: inventoryKnown ? anInventory(world.hosts, machines) : undefined,
      now,
    }),
    selectionSettings,
  );
  const reconciler = new Reconciler({
    selectNodes,
    getGpuInfo: (key) => world.gpuInfos.get(key),
    listKeys: () => [...world.gpuInfos.keys()],
    enqueue: (key, { urgent }) => world.queued.push(`${key}${urgent ? " urgently" : ""}`),
    writeStatus: async (_gpuInfo, status) => {
      if (world.writeFails) throw new Error("the API server is away");
      world.written.push(status);
    },
    recordEvent: (_gpuInfo, event) => world.events.push(event),
    vcenters: () => [{ name: "vcenter", takenAt: now, usageTakenAt: now }],
    isSettled: () => settled,
    now: () => now,
    settings: {
      softMaxAgeMs: 120_000,
      usageSoftMaxAgeMs: 120_000,
      hardMaxAgeMs: 900_000,
      refreshMs: 300_000,
      simulate: false,
    },
  });
  return { world, reconciler };
}

describe("Reconciler", () => {
  it("writes the answer and an event that names it", async () => {
    const { world, reconciler } = aWorld();
    await reconciler.reconcile("default/gpu1");
    expect(world.written).toMatchObject([{ suitableNodeName: "a", suitableHostName: "esxi-a" }]);
    expect(world.events).toEqual([
      { type: "Normal", reason: "NodeSelected", note: "a on esxi-a: 2 of 2 nodes fit" },
    ]);
  });

  it("writes once, although the informer has not shown its write yet", async () => {
    const { world, reconciler } = aWorld();
    await reconciler.reconcile("default/gpu1");
    await reconciler.reconcile("default/gpu1");
    expect(world.written).toHaveLength(1);
    expect(world.events).toHaveLength(1);
  });

  it("writes again when somebody else empties the status", async () => {
    const { world, reconciler } = aWorld();
    await reconciler.reconcile("default/gpu1");
    world.gpuInfos.set("default/gpu1", aGpuInfo({ metadata: { resourceVersion: "3" } }));
    await reconciler.reconcile("default/gpu1");
    expect(world.written).toHaveLength(2);
  });

  it("tells from, to and why when the node changes", async () => {
    const { world, reconciler } = aWorld();
    await reconciler.reconcile("default/gpu1");
    world.hosts = [
      aHost({ id: "h1", name: "esxi-a", maintenance: "in" }),
      aHost({ id: "h2", name: "esxi-b" }),
    ];
    await reconciler.reconcile("default/gpu1");
    expect(world.events[1]).toEqual({
      type: "Normal",
      reason: "NodeChanged",
      note: "from a on esxi-a to b on esxi-b: host esxi-a is in maintenance mode",
    });
  });

  it("warns when no node fits any more", async () => {
    const { world, reconciler } = aWorld();
    await reconciler.reconcile("default/gpu1");
    world.hosts = world.hosts.map((host) => ({ ...host, maintenance: "in" }));
    await reconciler.reconcile("default/gpu1");
    expect(world.events[1]).toEqual({
      type: "Warning",
      reason: "NoNodeFits",
      note: "was a on esxi-a: host esxi-a is in maintenance mode",
    });
  });

  it("passes the API server's error on, so that the queue retries, and then writes", async () => {
    const { world, reconciler } = aWorld({ writeFails: true });
    await expect(reconciler.reconcile("default/gpu1")).rejects.toThrow("away");
    expect(world.events).toEqual([]);
    world.writeFails = false;
    await reconciler.reconcile("default/gpu1");
    expect(world.written).toHaveLength(1);
  });

  it("does nothing for a GPUInfo that is gone", async () => {
    const { world, reconciler } = aWorld();
    await reconciler.reconcile("default/other");
    expect(world.written).toEqual([]);
  });

  it("does not announce a missing inventory in the first moments", async () => {
    const { world, reconciler } = aWorld({ inventoryKnown: false, settled: false });
    await reconciler.reconcile("default/gpu1");
    expect(world.written).toEqual([]);
  });

  it("announces a missing inventory afterwards, without an event about nodes", async () => {
    const { world, reconciler } = aWorld({ inventoryKnown: false });
    await reconciler.reconcile("default/gpu1");
    expect(world.written).toHaveLength(1);
    expect(world.events).toEqual([]);
  });

  it("queues only what is no longer right, wrong answers urgently", async () => {
    const { world, reconciler } = aWorld();
    await reconciler.reconcile("default/gpu1");
    const answered = aGpuInfo({
      status: world.written[0] ?? {},
      metadata: { resourceVersion: "2" },
    });
    const { rejected: _rejected, ...miscounted } = world.written[0] ?? {};
    world.gpuInfos = new Map([
      ["default/right", answered],
      ["default/miscounted", aGpuInfo({ status: { ...miscounted, candidates: 7 } })],
      ["default/unanswered", aGpuInfo()],
    ]);
    await reconciler.sweep();
    expect(world.queued).toEqual(["default/miscounted", "default/unanswered urgently"]);
  });
});
