import { describe, expect, it } from "vitest";
import { nothingDeclared } from "../../../src/selection/bind.ts";
import type { DeclaredMaintenance, MaintenanceHorizon } from "../../../src/selection/model.ts";
import { createSelector, type Facts } from "../../../src/selection/select.ts";
import { simulatedGpu, simulatedHours } from "../../../src/selection/simulation.ts";
import {
  aGpu,
  aHost,
  aHostUntil,
  aMachine,
  aNode,
  anInventory,
  aWindow,
  hoursFromNow,
  now,
  selectionSettings,
} from "../../support/builders.ts";

const settings = selectionSettings;
const minutesAgo = (minutes: number) => new Date(now.getTime() - minutes * 60_000);
const freshAt = (time: Date) => new Map([["vcenter", { takenAt: time, usageTakenAt: time }]]);
const anyJob = { gpu: false, hours: 1 };

function selectWith(facts: Partial<Facts>, overrides: Partial<typeof settings> = {}) {
  const all: Facts = {
    nodes: [aNode()],
    inventory: anInventory([aHost()], [aMachine()]),
    now,
    ...facts,
  };
  return createSelector(() => all, { ...settings, ...overrides }).selectNodes;
}

describe("createSelector", () => {
  it.each<[string, Partial<Facts>, string]>([
    ["the nodes were never listed", { nodes: undefined }, "NodesNotReady"],
    ["vCenter was never read", { inventory: undefined }, "InventoryNotReady"],
    [
      "the inventory is older than the hard limit",
      { inventory: anInventory([], [], minutesAgo(16)) },
      "InventoryStale",
    ],
    [
      "the inventory is exactly as old as the hard limit",
      { inventory: anInventory([], [], minutesAgo(15)) },
      "ranked",
    ],
  ])("when %s", (_, facts, expected) => {
    const selection = selectWith(facts)(anyJob);
    expect(selection.kind === "ranked" ? "ranked" : selection.reason).toBe(expected);
  });

  it("repeats why vCenter cannot be read", () => {
    const selection = selectWith({
      inventory: undefined,
      problems: new Map([["east", "wrong password"]]),
    })(anyJob);
    expect(selection).toMatchObject({ message: "vCenter east: wrong password" });
  });

  it("follows the clock although nothing else changes", () => {
    let time = now;
    const inventory = anInventory([aHostUntil(100)], [aMachine()]);
    const nodes = [aNode()];
    const { selectNodes: select } = createSelector(
      () => ({
        nodes,
        inventory: {
          ...inventory,
          ...anInventory([], [], time),
          hosts: inventory.hosts,
          virtualMachines: inventory.virtualMachines,
        },
        now: time,
      }),
      settings,
    );
    const job = { gpu: false, hours: 100 };
    expect(select(job)).toMatchObject({ ranking: { fitting: [{ hoursAvailable: 100 }] } });
    time = new Date(now.getTime() + 2_000);
    expect(select(job)).toMatchObject({ ranking: { rejected: [{ reason: "TooFewHours" }] } });
  });

  it("sees a node change at once", () => {
    let nodes = [aNode()];
    const inventory = anInventory([aHost()], [aMachine()]);
    const { selectNodes: select } = createSelector(() => ({ nodes, inventory, now }), settings);
    expect(select(anyJob)).toMatchObject({ ranking: { fitting: [{}] } });
    nodes = [aNode({ ready: false })];
    expect(select(anyJob)).toMatchObject({ ranking: { rejected: [{ reason: "NodeNotReady" }] } });
  });

  it("keeps the verdicts while jobs are placed, and puts the node last that they were placed on", () => {
    const nodes = ["a", "b", "off"].map((name) => aNode({ name }));
    const machines = [
      aMachine({ id: "1", name: "a", cpuDemandMhz: 100 }),
      aMachine({ id: "2", name: "b", cpuDemandMhz: 1_500, biosUuid: "" }),
      aMachine({ id: "3", name: "off", power: "poweredOff", biosUuid: "-" }),
    ];
    const inventory = anInventory([aHost({ cpuMhz: 2_000 })], machines);
    let expectedMilliCpu = new Map<string, number>();
    const { selectNodes } = createSelector(
      () => ({ nodes, inventory, expectedMilliCpu, now }),
      settings,
    );
    const ask = () => {
      const selection = selectNodes(anyJob);
      if (selection.kind !== "ranked") throw new Error(selection.message);
      return selection.ranking;
    };
    const before = ask();
    expectedMilliCpu = new Map([["a", 1_000]]);
    const after = ask();
    expect([before, after].map((r) => r.fitting.map(({ node }) => node.name))).toEqual([
      ["a", "b"],
      ["b", "a"],
    ]);
    expect(after.rejected).toBe(before.rejected);
    expect(ask().fitting).toBe(after.fitting);
  });

  it("answers right however many different hours are asked for", () => {
    // More than are remembered: 600 numbers of hours for 2,000 nodes.
    const names = Array.from({ length: 2_000 }, (_, i) => `worker-${i}`);
    const machines = names.map((name, i) => aMachine({ id: `${i}`, name, biosUuid: "" }));
    const inventory = anInventory([aHostUntil(300)], machines);
    const select = selectWith({ nodes: names.map((name) => aNode({ name })), inventory });
    const counts = (hours: number) => {
      const selection = select({ gpu: false, hours });
      return selection.kind === "ranked" ? selection.ranking.fitting.length : undefined;
    };
    const all = Array.from({ length: 600 }, (_, i) => i + 1);
    for (const hours of [...all, ...all]) expect(counts(hours)).toBe(hours <= 300 ? 2_000 : 0);
  });

  it("closes only the nodes of the vCenter that has been silent for too long", () => {
    const hosts = [aHost(), aHost({ id: "west/host-1", vcenter: "west", name: "esxi-w" })];
    const machines = [
      aMachine({ id: "vc/vm-1", name: "a", biosUuid: "" }),
      aMachine({ id: "west/vm-1", name: "w", biosUuid: "-", hostId: "west/host-1" }),
    ];
    const nodes = [aNode({ name: "a" }), aNode({ name: "w" })];
    let westTakenAt = minutesAgo(1);
    const inventory = anInventory(hosts, machines, minutesAgo(3));
    const { selectNodes: select } = createSelector(
      () => ({
        nodes,
        inventory: {
          ...inventory,
          vcenters: new Map([
            ...inventory.vcenters,
            ["west", { takenAt: westTakenAt, usageTakenAt: westTakenAt }],
          ]),
        },
        problems: new Map([["west", "connection refused"]]),
        now,
      }),
      settings,
    );
    expect(select(anyJob)).toMatchObject({
      ranking: { takenAt: minutesAgo(3), fitting: [{}, {}], rejected: [] },
    });
    westTakenAt = minutesAgo(16);
    const message = `vCenter west was last read at ${westTakenAt.toISOString()}; connection refused`;
    expect(select(anyJob)).toMatchObject({
      ranking: {
        takenAt: minutesAgo(3),
        fitting: [{ node: { name: "a" } }],
        rejected: [{ node: "w", reason: "InventoryStale", message }],
      },
    });
  });

  it("does not compare nodes by numbers that are too old: they come last", () => {
    const machines = [
      aMachine({ id: "vc/vm-1", name: "busy", biosUuid: "", cpuDemandMhz: 9_000 }),
      aMachine({
        id: "west/vm-1",
        name: "idle",
        biosUuid: "-",
        hostId: "west/host-1",
        cpuDemandMhz: 0,
      }),
    ];
    const inventory = anInventory(
      [aHost(), aHost({ id: "west/host-1", vcenter: "west" })],
      machines,
    );
    const west = { takenAt: now, usageTakenAt: minutesAgo(16) };
    const vcenters = new Map([...inventory.vcenters, ["west", west]]);
    const nodes = ["idle", "busy"].map((name) => aNode({ name }));
    const selection = selectWith({ nodes, inventory: { ...inventory, vcenters } })(anyJob);
    expect(selection).toMatchObject({
      ranking: {
        fitting: [
          { node: { name: "busy" }, usageIsOld: false },
          { node: { name: "idle" }, usageIsOld: true },
        ],
      },
    });
  });

  it("says of a node without a machine that it may be in a vCenter that was not read yet", () => {
    const inventory = { ...anInventory([], []), unread: ["west"] };
    expect(selectWith({ inventory })(anyJob)).toMatchObject({
      ranking: { rejected: [{ reason: "InventoryNotReady" }] },
    });
  });

  it("adds what was declared in Kubernetes to what vCenter says, for host, cluster and node", () => {
    const nodes = ["a", "b", "c", "d"].map((name) => aNode({ name }));
    const hosts = nodes.map(({ name }) =>
      aHostUntil(400, {
        id: `vc/host-${name}`,
        name: `ESXI-${name}`,
        cluster: name === "b" ? "Gpu" : "",
      }),
    );
    const machines = nodes.map(({ name }, i) =>
      aMachine({ id: `vc/vm-${name}`, name, biosUuid: `${i}`, hostId: `vc/host-${name}` }),
    );
    const in100Hours: MaintenanceHorizon = {
      kind: "known",
      windows: [aWindow({ startsAt: hoursFromNow(100), endsAt: hoursFromNow(104) })],
    };
    const inventory = anInventory(hosts, machines);
    let declared: DeclaredMaintenance = nothingDeclared;
    const { selectNodes: select } = createSelector(
      () => ({ nodes, inventory, declared, now }),
      settings,
    );
    const hours = () => {
      const selection = select(anyJob);
      if (selection.kind !== "ranked") throw new Error(selection.message);
      return selection.ranking.fitting.map(({ hoursAvailable }) => hoursAvailable);
    };
    expect(hours()).toEqual([400, 400, 400, 400]);
    declared = {
      byHost: new Map([["esxi-a", in100Hours]]),
      byCluster: new Map([["gpu", in100Hours]]),
      byNode: new Map([["c", in100Hours]]),
    };
    expect(hours()).toEqual([100, 100, 100, 400]);
    declared = nothingDeclared;
    expect(hours()).toEqual([400, 400, 400, 400]);
  });

  it.each([
    ["the host", "byHost", "esxi-a.example.com", 8760],
    ["the cluster", "byCluster", "gpu", 8760],
    ["the node itself", "byNode", "worker-1", 100],
  ] as const)(
    "trusts vMotion with maintenance that was declared for %s, where it helps",
    (_, key, name, hours) => {
      const windows = [aWindow({ startsAt: hoursFromNow(100) })];
      const declared = { ...nothingDeclared, [key]: new Map([[name, { kind: "known", windows }]]) };
      const inventory = anInventory([aHost({ cluster: "gpu" })], [aMachine()]);
      expect(selectWith({ inventory, declared }, { evacuation: "hard" })(anyJob)).toMatchObject({
        ranking: { fitting: [{ hoursAvailable: hours }] },
      });
      expect(selectWith({ inventory, declared })(anyJob)).toMatchObject({
        ranking: { fitting: [{ hoursAvailable: 100 }] },
      });
    },
  );

  it("does not take silence about what is declared for nothing being declared", () => {
    const everywhere = { kind: "unknown", why: "cannot be read any more", windows: [] } as const;
    const declared = { ...nothingDeclared, everywhere };
    for (const evacuation of ["hard", "soft-counts"] as const) {
      expect(selectWith({ declared }, { evacuation })(anyJob)).toMatchObject({
        ranking: { rejected: [{ reason: "MaintenanceUnknown" }] },
      });
    }
  });

  it("judges by each kind of needs, however many there are", () => {
    const gpus = [{ ...aGpu, memoryMib: 40_960 }];
    const inventory = anInventory([aHost()], [aMachine({ gpus })]);
    const select = selectWith({ inventory });
    const sizes = Array.from({ length: 80 }, (_, i) => i + 1);
    for (const memoryGib of [...sizes, ...sizes]) {
      const selection = select({ gpu: true, hours: 1, gpuNeeds: { memoryGib } });
      expect(selection).toMatchObject({
        ranking:
          memoryGib <= 40 ? { fitting: [{}] } : { rejected: [{ reason: "GpuMemoryTooSmall" }] },
      });
    }
  });

  it("gives the bindings for the labels of nodes, also of an old inventory", () => {
    const inventory = anInventory([aHost()], [aMachine()], minutesAgo(60));
    const nodes = [aNode()];
    const { bindings } = createSelector(() => ({ nodes, inventory, now }), settings);
    expect(bindings()).toMatchObject({
      vcenters: inventory.vcenters,
      bindings: [{ kind: "bound" }],
    });
    expect(bindings()?.bindings).toBe(bindings()?.bindings);
  });

  it("lets CPU jobs use GPU nodes last under the policy atLeast", () => {
    const nodes = [aNode({ name: "gpu-idle" }), aNode({ name: "cpu-busy" })];
    const inventory = anInventory(
      [aHost()],
      [
        aMachine({ id: "1", name: "gpu-idle", gpus: [aGpu], cpuDemandMhz: 1 }),
        aMachine({ id: "2", name: "cpu-busy", biosUuid: "", cpuDemandMhz: 9_000 }),
      ],
    );
    const selection = selectWith({ nodes, inventory }, { gpuPolicy: "atLeast" } as object)(anyJob);
    expect(selection).toMatchObject({
      ranking: { fitting: [{ node: { name: "cpu-busy" } }, { node: { name: "gpu-idle" } }] },
    });
  });
});

describe("simulation mode", () => {
  const names = Array.from({ length: 1_000 }, (_, i) => `esxi-${i}.example.com`);

  it("gives 300 to 400 hours, each of them to somebody", () => {
    const hours = names.map(simulatedHours);
    expect(Math.min(...hours)).toBe(300);
    expect(Math.max(...hours)).toBe(400);
  });

  it("gives a GPU to half of the hosts, within three standard deviations", () => {
    const share = names.filter(simulatedGpu).length;
    expect(Math.abs(share - 500)).toBeLessThan(48);
  });

  it("gives the same answer every time, also when the inventory is some minutes old", () => {
    const name = names.find(simulatedGpu) ?? "";
    const inventory = anInventory([aHost({ name })], [aMachine()], minutesAgo(14));
    const select = selectWith({ inventory }, { simulate: true });
    expect(select({ gpu: true, hours: 300 })).toMatchObject({
      ranking: { fitting: [{ hoursAvailable: simulatedHours(name) }] },
    });
  });

  it("gives the same hours for ever, also when nothing changes", () => {
    const name = names.find(simulatedGpu) ?? "";
    const inventory = anInventory([aHost({ name })], [aMachine()]);
    let later = now;
    const facts = () => ({
      nodes,
      inventory: { ...inventory, vcenters: freshAt(later) },
      now: later,
    });
    const nodes = [aNode()];
    const { selectNodes } = createSelector(facts, { ...settings, simulate: true });
    for (let minutes = 0; minutes < 300; minutes += 7) {
      later = new Date(now.getTime() + minutes * 60_000);
      expect(selectNodes({ gpu: true, hours: 300 })).toMatchObject({
        ranking: { fitting: [{ hoursAvailable: simulatedHours(name) }] },
      });
    }
  });

  it("makes up windows that end, so that real ones after them stay apart", () => {
    const inventory = anInventory([aHost({ name: "a" })], [aMachine()]);
    const startsAt = hoursFromNow(420);
    const real = { startsAt, source: "maintenanceWindow", description: "patch" } as const;
    const declared: DeclaredMaintenance = {
      ...nothingDeclared,
      byHost: new Map([["a", { kind: "known", windows: [real] }]]),
    };
    const facts = () => ({ nodes: [aNode()], inventory, declared, now });
    const { bindings } = createSelector(facts, { ...settings, simulate: true });
    const [binding] = bindings()?.bindings ?? [];
    const windows = binding?.kind === "bound" ? binding.candidate.horizon.windows : [];
    expect(windows.map(({ source }) => source)).toEqual(["simulation", "maintenanceWindow"]);
  });

  it("is off unless asked for", () => {
    const name = names.find(simulatedGpu) ?? "";
    const inventory = anInventory([aHost({ name })], [aMachine()]);
    expect(selectWith({ inventory })({ gpu: true, hours: 1 })).toMatchObject({
      ranking: { rejected: [{ reason: "NoGpu" }] },
    });
  });
});
