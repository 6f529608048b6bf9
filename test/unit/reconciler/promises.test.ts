import { describe, expect, it } from "vitest";
import { annotationKeys } from "../../../src/api/names.ts";
import type { RiskCondition } from "../../../src/api/placement-at-risk.ts";
import { type PromisedPod, Promises } from "../../../src/reconciler/promises.ts";
import type { Candidate, NodeBinding } from "../../../src/selection/model.ts";
import {
  aCandidate,
  aHostUntil,
  aMachine,
  aNode,
  aPolicy,
  hoursFromNow,
  now,
} from "../../support/builders.ts";

const minute = 60_000;

function record(hours: number): Record<string, string> {
  const injected = { at: "2026-11-22T10:00:00Z", gpu: true, hours, required: [] };
  return { [annotationKeys.injected]: JSON.stringify(injected) };
}

/** Runs on worker-1 since now, for 100 h. */
function aPod(
  overrides: Partial<PromisedPod> = {},
  annotations: Record<string, string> = record(100),
): PromisedPod {
  return {
    uid: "uid-1",
    namespace: "ml",
    name: "train",
    createdAt: new Date(hoursFromNow(-2)),
    nodeName: "worker-1",
    startedAt: now,
    phase: "Running",
    deleting: false,
    pod: { metadata: { annotations }, spec: {} },
    ...overrides,
  };
}

function node(name: string, hours: number, candidate: Partial<Candidate> = {}): NodeBinding {
  const host = aHostUntil(hours);
  return { kind: "bound", candidate: aCandidate({ host, node: aNode({ name }), ...candidate }) };
}

type Outcome = "written" | "gone" | "denied" | "conflict";

/** Pods, a cluster and an API server; the queue works at once. */
function watchOver(...pods: PromisedPod[]) {
  const list = new Map(pods.map((pod) => [`${pod.namespace}/${pod.name}`, pod]));
  const written: string[] = [];
  const told: string[] = [];
  const state = {
    bindings: [node("worker-1", 50)] as readonly NodeBinding[] | undefined,
    takenAt: now,
    time: now,
    outcome: "written" as Outcome,
    mayWrite: true,
    hears: true,
    asked: 0,
  };
  const queue: string[] = [];
  const promises = new Promises({
    listPods: () => [...list.values()],
    getPod: (key) => list.get(key),
    bindings: () =>
      state.bindings && {
        bindings: state.bindings,
        vcenters: new Map([["vcenter", { takenAt: state.takenAt, usageTakenAt: state.takenAt }]]),
      },
    specOf: (namespace, name) =>
      namespace === "ml" && name === "gpu1" ? { desAccTime: 70, gpuRequired: true } : undefined,
    enqueue: (key) => queue.push(key),
    write: async ({ namespace, name, uid }, condition) => {
      state.asked += 1;
      if (state.outcome === "conflict") throw new Error("409");
      if (state.outcome !== "written") return state.outcome;
      written.push(
        `${uid} ${condition.status} ${condition.reason} ${condition.lastTransitionTime}`,
      );
      if (state.hears) hear(`${namespace}/${name}`, { atRisk: condition });
      return "written";
    },
    mayWrite: () => state.mayWrite,
    recordEvent: ({ uid }, { type, reason, note }) =>
      told.push(`${uid} ${type} ${reason}: ${note}`),
    changed: () => {},
    now: () => state.time,
    policy: aPolicy,
    hardMaxAgeMs: 15 * minute,
  });
  function hear(key: string, change: Partial<PromisedPod>): void {
    const pod = list.get(key);
    if (pod !== undefined) list.set(key, { ...pod, ...change });
  }
  async function work(): Promise<void> {
    for (const key of queue.splice(0)) await promises.reconcile(key).catch(() => {});
  }
  return {
    promises,
    list,
    written,
    told,
    state,
    hear,
    queue,
    sweep: async () => {
      await promises.sweep();
      await work();
    },
    work,
  };
}

const short = "uid-1 True MaintenanceWindow 2026-11-22T12:00:00Z";

describe("a pod whose host goes down too soon", () => {
  it("gets a condition and an event, once, however often it is looked at", async () => {
    const { sweep, written, told, promises } = watchOver(aPod());
    for (let i = 0; i < 3; i++) await sweep();
    expect(written).toEqual([short]);
    expect(told).toEqual([
      expect.stringMatching(
        /^uid-1 Warning PlacementAtRisk: maintenance of host esxi-a\.example\.com /,
      ),
    ]);
    expect(promises.atRisk).toBe(1);
  });

  it("is not written again while the informer lags behind", async () => {
    const { sweep, written, state, hear } = watchOver(aPod());
    state.hears = false;
    await sweep();
    await sweep();
    hear("ml/train", { phase: "Running" });
    await sweep();
    expect(written).toEqual([short]);
  });

  it("gets the condition again where somebody has taken it away", async () => {
    const { sweep, written, state, list } = watchOver(aPod());
    await sweep();
    list.set("ml/train", aPod());
    state.time = new Date(now.getTime() + minute);
    await sweep();
    expect(written).toEqual([short, "uid-1 True MaintenanceWindow 2026-11-22T12:01:00Z"]);
  });

  it("is told anew when another window takes the place of the first", async () => {
    const { sweep, written, told, state } = watchOver(aPod());
    await sweep();
    state.time = new Date(now.getTime() + minute);
    state.bindings = [node("worker-1", 20)];
    await sweep();
    expect(written).toEqual([short, short]);
    expect(told).toHaveLength(2);
    expect(told[1]).toContain("80 h before the 100 h");
  });

  it("is safe when the window moves away, and at risk when it comes back", async () => {
    const { sweep, written, told, state, promises } = watchOver(aPod());
    await sweep();
    state.time = new Date(now.getTime() + minute);
    state.bindings = [node("worker-1", 400)];
    await sweep();
    expect(promises.atRisk).toBe(0);
    state.bindings = [node("worker-1", 50)];
    await sweep();
    expect(written).toEqual([
      short,
      "uid-1 False Safe 2026-11-22T12:01:00Z",
      "uid-1 True MaintenanceWindow 2026-11-22T12:01:00Z",
    ]);
    expect(told.map((line) => line.split(":")[0])).toEqual([
      "uid-1 Warning PlacementAtRisk",
      "uid-1 Normal PlacementSafe",
      "uid-1 Warning PlacementAtRisk",
    ]);
  });

  it("is safe when its hours are served, also with a vCenter that is silent", async () => {
    const { sweep, written, state } = watchOver(aPod());
    await sweep();
    state.time = new Date(hoursFromNow(100));
    await sweep();
    expect(written.at(-1)).toBe("uid-1 False HoursServed 2026-11-26T16:00:00Z");
  });

  it("stays at risk while nothing can be said", async () => {
    const unknown = { kind: "unknown", why: "", windows: [] } as const;
    const { sweep, written, state } = watchOver(aPod());
    await sweep();
    for (const bindings of [
      undefined,
      [],
      [{ kind: "unbound", node: "worker-1", reason: "Ambiguous", message: "" } as const],
      [node("worker-1", 400, { horizon: unknown })],
    ]) {
      state.bindings = bindings;
      await sweep();
    }
    state.bindings = [node("worker-1", 400)];
    state.takenAt = new Date(now.getTime() - 16 * minute);
    await sweep();
    expect(written).toEqual([short]);
  });

  it("moves with the machine: vMotion to another host changes what it is told", async () => {
    const { sweep, told, state } = watchOver(aPod());
    await sweep();
    const host = aHostUntil(30, { id: "vc/host-2", name: "esxi-b.example.com" });
    state.bindings = [
      node("worker-1", 0, {
        host,
        horizon: host.horizon,
        virtualMachine: aMachine({ hostId: host.id }),
      }),
    ];
    await sweep();
    expect(told[1]).toContain("esxi-b.example.com");
  });
});

describe("a pod that is not to be watched", () => {
  const { nodeName: _, ...waiting } = aPod();
  it.each<[string, PromisedPod]>([
    ["waits", waiting],
    ["has succeeded", aPod({ phase: "Succeeded" })],
    ["has failed", aPod({ phase: "Failed" })],
    ["is being deleted", aPod({ deleting: true })],
    ["runs on a node that nobody knows", aPod({ nodeName: "worker-9" })],
    ["asked for fewer hours than there are", aPod({}, record(50))],
    ["has a demand that cannot be read", aPod({}, { [annotationKeys.desAccTime]: "soon" })],
    ["refers to a GPUInfo that is gone", aPod({}, { [annotationKeys.gpuInfo]: "gone" })],
    ["has no annotation of ours", aPod({}, {})],
  ])("%s: nothing is written or told", async (__, pod) => {
    const { sweep, state, told, promises } = watchOver(pod);
    await sweep();
    expect(state.asked).toBe(0);
    expect(told).toEqual([]);
    expect(promises.atRisk).toBe(0);
  });
});

describe("the hours", () => {
  it.each<[string, PromisedPod, string]>([
    [
      "are those of the admission, whatever the annotation says now",
      aPod({}, { ...record(100), [annotationKeys.desAccTime]: "60" }),
      "50 h before the 100 h",
    ],
    [
      "are those of the annotation where there is no record",
      aPod({}, { [annotationKeys.desAccTime]: "60" }),
      "10 h before the 60 h",
    ],
    [
      "are those of the GPUInfo that it names",
      aPod({}, { [annotationKeys.gpuInfo]: "gpu1" }),
      "20 h before the 70 h",
    ],
  ])("%s", async (_, pod, words) => {
    const { sweep, told } = watchOver(pod);
    await sweep();
    expect(told[0]).toContain(words);
  });

  const { startedAt: _, ...bound } = aPod({ boundAt: new Date(hoursFromNow(-1)) });
  const { boundAt: __, ...bare } = bound;
  it.each<[string, PromisedPod, string]>([
    ["the pod's start", aPod({ boundAt: new Date(hoursFromNow(-1)) }), "50 h before"],
    ["its binding, where it has not started", bound, "49 h before"],
    ["its creation, where it was made bound", bare, "48 h before"],
  ])("count from %s", async (___, pod, words) => {
    const { sweep, told } = watchOver(pod);
    await sweep();
    expect(told[0]).toContain(words);
  });

  it("that begin a second later when the kubelet takes the pod on are no news", async () => {
    const { sweep, told, hear, written } = watchOver(bound);
    await sweep();
    hear("ml/train", { startedAt: new Date(hoursFromNow(-1) + 2_000) });
    await sweep();
    expect(written).toEqual([short, short]);
    expect(told).toHaveLength(1);
  });
});

describe("a leader that takes over", () => {
  const condition: RiskCondition = {
    status: "True",
    reason: "MaintenanceWindow",
    message: "an older one",
    lastTransitionTime: "2026-11-20T00:00:00Z",
  };

  it("goes by what stands on the pods", async () => {
    const first = watchOver(aPod());
    await first.sweep();
    const [pod] = [...first.list.values()];
    const second = watchOver(...(pod ? [pod] : []));
    await second.sweep();
    expect(second.state.asked).toBe(0);
    expect(second.promises.atRisk).toBe(1);
  });

  it("keeps the time of the transition when only the window is another", async () => {
    const { sweep, written } = watchOver(aPod({ atRisk: condition }));
    await sweep();
    expect(written).toEqual(["uid-1 True MaintenanceWindow 2026-11-20T00:00:00Z"]);
  });

  it("clears what it finds and does not hold any more", async () => {
    const { sweep, written, state } = watchOver(aPod({ atRisk: condition }));
    state.bindings = [node("worker-1", 400)];
    await sweep();
    expect(written).toEqual(["uid-1 False Safe 2026-11-22T12:00:00Z"]);
  });

  it("leaves a pod alone that is safe already", async () => {
    const { sweep, state } = watchOver(
      aPod({ atRisk: { ...condition, status: "False" } }, record(20)),
    );
    await sweep();
    expect(state.asked).toBe(0);
  });

  it("that has not looked for a minute says nothing before it looks again", async () => {
    const { promises, state, queue, list } = watchOver(aPod({}, record(20)));
    await promises.sweep();
    state.time = new Date(now.getTime() + 2 * minute);
    const pod = aPod();
    list.set("ml/train", pod);
    promises.check(pod);
    expect(queue).toEqual([]);
    await promises.sweep();
    expect(queue).toEqual(["ml/train"]);
  });
});

describe("when the API server refuses", () => {
  it("without the right, it is told by event alone, once, and written when the right comes", async () => {
    const { sweep, told, written, state, promises } = watchOver(aPod());
    state.outcome = "denied";
    state.mayWrite = false;
    for (let i = 0; i < 3; i++) await sweep();
    expect(state.asked).toBe(1);
    expect(told).toHaveLength(1);
    expect(promises.atRisk).toBe(1);
    state.mayWrite = true;
    state.outcome = "written";
    await sweep();
    expect(written).toEqual([short]);
    expect(told).toHaveLength(1);
  });

  it("nothing is told of a pod that is gone", async () => {
    const { sweep, told, state } = watchOver(aPod());
    state.outcome = "gone";
    await sweep();
    expect(told).toEqual([]);
  });

  it("the queue hears of it, and nothing is told before it is written", async () => {
    const { promises, told, state, sweep } = watchOver(aPod());
    state.outcome = "conflict";
    await promises.sweep();
    await expect(promises.reconcile("ml/train")).rejects.toThrow("409");
    expect(told).toEqual([]);
    state.outcome = "written";
    await sweep();
    expect(told).toHaveLength(1);
  });
});

describe("a pod of the same name", () => {
  it("is another: it is judged by its own start and hours", async () => {
    const { sweep, list, written, state } = watchOver(aPod());
    await sweep();
    list.set("ml/train", aPod({ uid: "uid-2" }));
    await sweep();
    expect(written).toEqual([short, short.replace("uid-1", "uid-2")]);
    list.set("ml/train", aPod({ uid: "uid-3" }, record(20)));
    await sweep();
    expect(state.asked).toBe(2);
  });

  it("that is gone when its turn comes costs nothing", async () => {
    const { promises, list, work, state } = watchOver(aPod());
    await promises.sweep();
    list.clear();
    await work();
    expect(state.asked).toBe(0);
  });
});

describe("10,000 running pods", () => {
  it("are looked at in a few milliseconds each time", async () => {
    const pods = Array.from({ length: 10_000 }, (_, i) =>
      aPod({ uid: `uid-${i}`, name: `train-${i}`, nodeName: `worker-${i % 2_000}` }, record(40)),
    );
    const { promises, state, queue } = watchOver(...pods);
    state.bindings = Array.from({ length: 2_000 }, (_, i) => node(`worker-${i}`, 50));
    await promises.sweep();
    const before = process.cpuUsage();
    await promises.sweep();
    const { user, system } = process.cpuUsage(before);
    expect(queue).toEqual([]);
    expect((user + system) / 1_000).toBeLessThan(150);
  });
});
