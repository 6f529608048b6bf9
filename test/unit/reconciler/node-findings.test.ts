import { describe, expect, it } from "vitest";
import { type FoundNode, NodeFindings } from "../../../src/reconciler/node-findings.ts";
import type { Candidate, MaintenanceHorizon, NodeBinding } from "../../../src/selection/model.ts";
import { aCandidate, aGpu, aHost, aMachine, aNode, now } from "../../support/builders.ts";

const second = 1_000;
const minute = 60 * second;
const unknown: MaintenanceHorizon = {
  kind: "unknown",
  why: 'attribute gpuinfo.maintenance is "tomorrow"',
  windows: [],
};

function found(name: string, allocatable: Record<string, number> = {}): FoundNode {
  return { name, uid: `uid-${name}`, ready: true, labels: {}, allocatable };
}

function bound(name: string, candidate: Partial<Candidate> = {}): NodeBinding {
  return { kind: "bound", candidate: aCandidate({ node: aNode({ name }), ...candidate }) };
}

function look(
  nodes: readonly FoundNode[],
  bindings: readonly NodeBinding[] | undefined,
  { simulate = false } = {},
) {
  const told: string[] = [];
  const state = { nodes, bindings, time: now, ageMs: 0 };
  const findings = new NodeFindings({
    listNodes: () => state.nodes,
    bindings: () => {
      const takenAt = new Date(state.time.getTime() - state.ageMs);
      const vcenters = new Map([["vcenter", { takenAt, usageTakenAt: takenAt }]]);
      return state.bindings && { bindings: state.bindings, vcenters };
    },
    recordEvent: ({ uid }, { reason, note }) => told.push(`${uid} ${reason}: ${note}`),
    now: () => state.time,
    hardMaxAgeMs: 15 * minute,
    simulate,
  });
  /** Looks every ten seconds, as the process does. */
  async function forAWhile(ms: number): Promise<void> {
    const endMs = state.time.getTime() + ms;
    for (; state.time.getTime() <= endMs; state.time = new Date(state.time.getTime() + 10 * second))
      await findings.sweep();
  }
  return { findings, told, state, forAWhile };
}

const nothing = { missing: 0, unexpected: 0, count: 0, model: 0, memory: 0 };

describe("maintenance that cannot be read", () => {
  it("is told on the node with the reason, once, and again before it is forgotten", async () => {
    const { told, forAWhile } = look([found("a")], [bound("a", { horizon: unknown })]);
    await forAWhile(49 * minute);
    expect(told).toEqual([
      'uid-a MaintenanceUnknown: the maintenance of host esxi-a.example.com is not fully known: attribute gpuinfo.maintenance is "tomorrow"',
    ]);
    await forAWhile(2 * minute);
    expect(told).toHaveLength(2);
  });

  it("is told anew when the reason is another, and when it comes back", async () => {
    const { told, forAWhile, state } = look([found("a")], [bound("a", { horizon: unknown })]);
    await forAWhile(minute);
    state.bindings = [bound("a", { horizon: { ...unknown, why: "no answer" } })];
    await forAWhile(minute);
    state.bindings = [bound("a")];
    await forAWhile(minute);
    state.bindings = [bound("a", { horizon: unknown })];
    await forAWhile(minute);
    expect(told.map((line) => line.split("fully known: ")[1])).toEqual([
      'attribute gpuinfo.maintenance is "tomorrow"',
      "no answer",
      'attribute gpuinfo.maintenance is "tomorrow"',
    ]);
  });

  it("of a moment is no news", async () => {
    const { told, state, findings, forAWhile } = look(
      [found("a")],
      [bound("a", { horizon: unknown })],
    );
    await findings.sweep();
    state.bindings = [bound("a")];
    await forAWhile(minute);
    expect(told).toEqual([]);
  });

  it("is counted by host, not by node", async () => {
    const host = aHost({ id: "vc/host-2" });
    const { findings } = look(
      ["a", "b", "c", "d"].map((name) => found(name)),
      [
        bound("a", { horizon: unknown }),
        bound("b", { horizon: unknown }),
        bound("c", { horizon: unknown, host }),
        bound("d"),
      ],
    );
    await findings.sweep();
    expect(findings.counts?.hostsWithUnknownMaintenance).toBe(2);
  });
});

describe("the counts", () => {
  it("do not outlive what they were counted from", async () => {
    const { findings, state } = look([found("a")], [bound("a", { horizon: unknown })]);
    await findings.sweep();
    expect(findings.counts?.hostsWithUnknownMaintenance).toBe(1);
    state.bindings = undefined;
    await findings.sweep();
    expect(findings.counts).toBeUndefined();
  });
});

const withGpu = { virtualMachine: aMachine({ gpus: [aGpu] }) };

describe("GPUs that guest and machine do not agree on", () => {
  it("are told as soon as the guest has had a quarter of an hour to install its driver", async () => {
    const { told, forAWhile, findings } = look([found("a")], [bound("a", withGpu)]);
    await forAWhile(14 * minute);
    expect(told).toEqual([]);
    expect(findings.counts?.mismatches).toEqual(nothing);
    await forAWhile(2 * minute);
    expect(told).toEqual([
      expect.stringMatching(
        /^uid-a GpuMismatch: vCenter: virtual machine worker-1 holds 1 GPU \(grid_a100d-40c\); the guest/,
      ),
    ]);
    expect(findings.counts?.mismatches).toEqual({ ...nothing, missing: 1 });
  });

  it("begin a new quarter of an hour when the node was not ready", async () => {
    const { told, forAWhile, state } = look([found("a")], [bound("a", withGpu)]);
    await forAWhile(14 * minute);
    state.nodes = [{ ...found("a"), ready: false }];
    await forAWhile(10 * second);
    state.nodes = [found("a")];
    await forAWhile(14 * minute);
    expect(told).toEqual([]);
  });

  it("are told after a minute where both have some", async () => {
    const { told, forAWhile, findings } = look(
      [found("a", { "nvidia.com/gpu": 2 })],
      [bound("a", withGpu)],
    );
    await forAWhile(30 * second);
    expect(told).toEqual([]);
    await forAWhile(minute);
    expect(told).toHaveLength(1);
    expect(findings.counts?.mismatches).toEqual({ ...nothing, count: 1 });
  });

  it.each<[string, Partial<FoundNode>, Partial<Candidate>]>([
    ["the node is not ready", { ready: false }, withGpu],
    [
      "devices of the machine are hidden",
      {},
      { virtualMachine: aMachine({ gpus: [aGpu], unreadable: ["config.hardware.device"] }) },
    ],
    [
      "devices of the host are hidden",
      {},
      { ...withGpu, host: aHost({ unreadable: ["hardware.pciDevice"] }) },
    ],
    ["the machine is off", {}, { virtualMachine: aMachine({ gpus: [aGpu], power: "poweredOff" }) }],
  ])("are nobody's fault while %s", async (_, node, candidate) => {
    const { told, forAWhile } = look([{ ...found("a"), ...node }], [bound("a", candidate)]);
    await forAWhile(20 * minute);
    expect(told).toEqual([]);
  });
});

describe("nothing is said", () => {
  const bad = { horizon: unknown, virtualMachine: aMachine({ gpus: [aGpu] }) };

  it("before vCenter was read, in simulation, or when vCenter has been silent", async () => {
    const unread = look([found("a")], undefined);
    const simulated = look([found("a")], [bound("a", bad)], { simulate: true });
    const stale = look([found("a")], [bound("a", bad)]);
    stale.state.ageMs = 16 * minute;
    for (const { forAWhile, told } of [unread, simulated, stale]) {
      await forAWhile(20 * minute);
      expect(told).toEqual([]);
    }
    const counts = [unread, simulated, stale].map(({ findings }) => findings.counts);
    const none = { hostsWithUnknownMaintenance: 0, mismatches: nothing };
    expect(counts).toEqual([undefined, undefined, none]);
  });

  it("of nodes without a machine, or that are gone", async () => {
    const unbound = { kind: "unbound", node: "a", reason: "Ambiguous", message: "" } as const;
    const { forAWhile, told } = look([found("a")], [unbound, bound("gone", bad)]);
    await forAWhile(20 * minute);
    expect(told).toEqual([]);
  });
});
