import { describe, expect, it } from "vitest";
import { annotationKeys, labelKeys } from "../../../src/api/names.ts";
import { type PendingPod, PendingPods, type Wait } from "../../../src/reconciler/pending-pods.ts";
import {
  type Candidate,
  type Fitting,
  type Question,
  type Reason,
  type Rejected,
  type Requirement,
  reasons,
  type Selection,
} from "../../../src/selection/model.ts";
import { aFitting, aGpu, aHostUntil, aMachine, aNode, now } from "../../support/builders.ts";

function aPod(
  overrides: Partial<PendingPod> = {},
  annotations?: Record<string, string>,
): PendingPod {
  return {
    uid: "uid-1",
    namespace: "ml",
    name: "train",
    unschedulable: true,
    deleting: false,
    pod: {
      metadata: {
        annotations: annotations ?? {
          [annotationKeys.desAccTime]: "100",
          [annotationKeys.gpuRequired]: "true",
        },
      },
      spec: {},
    },
    ...overrides,
  };
}

function rejections(counts: Partial<Record<Reason, number>>): Rejected[] {
  return reasons.flatMap((reason) =>
    Array.from({ length: counts[reason] ?? 0 }, (_, i) => ({
      node: `${reason}-${i}`,
      reason,
      message: "",
    })),
  );
}

function fits(name: string, hoursAvailable = 8760, candidate: Partial<Candidate> = {}): Fitting {
  return aFitting({ node: aNode({ name }), ...candidate }, { hoursAvailable });
}

type Answer = (requirement: Requirement) => Selection;

function ranked(fitting: readonly Fitting[], rejected: readonly Rejected[]): Answer {
  return (requirement) => ({
    kind: "ranked",
    ranking: {
      requirement,
      takenAt: now,
      fitting: fitting.filter(({ hoursAvailable }) => hoursAvailable >= requirement.hours),
      rejected: [
        ...rejected,
        ...fitting
          .filter(({ hoursAvailable }) => hoursAvailable < requirement.hours)
          .map(({ node }) => ({ node: node.name, reason: "TooFewHours" as const, message: "" })),
      ],
    },
  });
}

const epochHour = now.getTime() / 3_600_000;
const admittedFor = (gpu: string, bound: number) => ({
  [annotationKeys.gpuInfo]: "gpu1",
  [annotationKeys.injected]: JSON.stringify({
    at: "2026-11-22T10:00:00Z",
    gpu: gpu === "true",
    hours: 100,
    required: [
      { key: labelKeys.gpu, operator: "In", values: [gpu] },
      { key: labelKeys.availableUntil, operator: "Gt", values: [String(bound)] },
    ],
  }),
});

function suits(name: string, hours: number): Fitting {
  const host = aHostUntil(hours);
  const [window] = host.horizon.kind === "known" ? host.horizon.windows : [];
  if (window === undefined) throw new Error("wanted a host with a window");
  const virtualMachine = aMachine({ gpus: [aGpu] });
  return { ...fits(name, hours, { host, virtualMachine }), window };
}

function stale(message: string): Answer {
  return () => ({ kind: "unavailable", reason: "InventoryStale", message });
}

function watchOver(...pods: readonly PendingPod[]) {
  let list = pods;
  let answer: Answer = ranked([], []);
  let time = now;
  let settled = true;
  const told: string[] = [];
  const asked: [Requirement, Question | undefined][] = [];
  const waits: (readonly Wait[])[] = [];
  const pendingPods = new PendingPods({
    listPods: () => list,
    selectNodes: (requirement, question) => {
      asked.push([requirement, question]);
      return answer(requirement);
    },
    specOf: (namespace, name) =>
      namespace === "ml" && name === "gpu1" ? { desAccTime: 7, gpuRequired: true } : undefined,
    recordEvent: ({ uid }, { reason, note }) => told.push(`${uid} ${reason}: ${note}`),
    onWaits: (current) => waits.push(current),
    isSettled: () => settled,
    now: () => time,
  });
  return {
    told,
    asked,
    waits,
    pods: (...others: readonly PendingPod[]) => {
      list = others;
    },
    answer: (other: Answer) => {
      answer = other;
    },
    settle: (is: boolean) => {
      settled = is;
    },
    /** @returns what is told when pods are looked at so many seconds later */
    sweep: async (secondsLater = 0) => {
      time = new Date(time.getTime() + secondsLater * 1000);
      await pendingPods.sweep();
      return told.splice(0);
    },
  };
}

describe("a pod that finds no node", () => {
  it("is told how many nodes suit, and why the others do not", async () => {
    const { sweep, answer } = watchOver(aPod());
    answer(ranked([fits("a", 40), fits("b", 40)], rejections({ NoGpu: 9, Ambiguous: 1 })));
    expect(await sweep()).toEqual([
      "uid-1 NoNodeSuits: 0 of 12 nodes suit: 9 without a GPU [NoGpu], 2 with maintenance in 40 h (100 h asked) [TooFewHours], 1 with more than one possible virtual machine [Ambiguous]",
    ]);
  });

  it("is told the most hours that a node has left, where they differ", async () => {
    const { sweep, answer } = watchOver(aPod());
    answer(ranked([fits("a", 40), fits("b", 99), fits("c", 0)], []));
    expect(await sweep()).toEqual([
      "uid-1 NoNodeSuits: 0 of 3 nodes suit: 3 with maintenance in 99 h or less (100 h asked) [TooFewHours]",
    ]);
  });

  it("is told so where the cluster has no nodes", async () => {
    expect(await watchOver(aPod()).sweep()).toEqual([
      "uid-1 NoNodeSuits: the cluster has no nodes",
    ]);
  });

  it("is told once for the same counts, and again when they change", async () => {
    const { sweep, answer } = watchOver(aPod(), aPod({ uid: "uid-2" }));
    answer(ranked([], rejections({ NoGpu: 9 })));
    expect(await sweep()).toHaveLength(2);
    expect(await sweep(2_999)).toEqual([]);
    answer(ranked([], rejections({ NoGpu: 8, HostInMaintenance: 1 })));
    expect(await sweep()).toHaveLength(2);
    answer(ranked([], rejections({ NoGpu: 9 })));
    expect(await sweep()).toHaveLength(2);
  });

  it("is not told again because the hours run down", async () => {
    const { sweep, answer } = watchOver(aPod());
    answer(ranked([fits("a", 40)], []));
    expect(await sweep()).toHaveLength(1);
    answer(ranked([fits("a", 39)], []));
    expect(await sweep(2_999)).toEqual([]);
  });

  it("is told the same again before the API server forgets it", async () => {
    const { sweep } = watchOver(aPod());
    const first = await sweep();
    expect(await sweep(2_999)).toEqual([]);
    expect(await sweep(1)).toEqual(first);
    expect(await sweep(2_999)).toEqual([]);
  });

  it.each([
    ["is bound", aPod({ nodeName: "worker-1", unschedulable: false })],
    ["is being deleted", aPod({ deleting: true })],
    ["has not been tried yet", aPod({ unschedulable: false })],
    ["has no annotation of ours any more", aPod({}, { other: "1" })],
  ])("hears nothing when it %s", async (_what, pod) => {
    const { sweep, asked } = watchOver(pod);
    expect(await sweep()).toEqual([]);
    expect(asked).toEqual([]);
  });

  it("is remembered while an error keeps kube-scheduler from saying that it waits", async () => {
    const { sweep, answer, pods } = watchOver(aPod());
    answer(ranked([], rejections({ NoGpu: 9 })));
    expect(await sweep()).toHaveLength(1);
    pods(aPod({ unschedulable: false }));
    await sweep();
    pods(aPod());
    expect(await sweep()).toEqual([]);
  });

  it("is forgotten once it is gone: another with its name is told anew", async () => {
    const { sweep, pods } = watchOver(aPod());
    expect(await sweep()).toHaveLength(1);
    pods();
    await sweep();
    pods(aPod({ uid: "uid-1" }));
    expect(await sweep()).toHaveLength(1);
  });

  it("is judged as kube-scheduler's pod, once with all that need the same", async () => {
    const pods = Array.from({ length: 250 }, (_, i) => aPod({ uid: `uid-${i}` }));
    const { sweep, asked, answer } = watchOver(...pods);
    answer(ranked([], rejections({ NoGpu: 1 })));
    await sweep();
    const judged = asked.filter(([{ hours }]) => hours === 100);
    expect(judged).toEqual([[{ gpu: true, hours: 100 }, { audience: "pod" }]]);
  });
});

describe("a pod that waits although nodes suit", () => {
  const twoFit = ranked([fits("worker-1"), fits("worker-2")], rejections({ NoGpu: 1 }));

  it("is told after some seconds, with the nodes' names: kube-scheduler takes a moment", async () => {
    const { sweep, answer } = watchOver(aPod());
    answer(twoFit);
    expect(await sweep()).toEqual([]);
    expect(await sweep(14)).toEqual([]);
    expect(await sweep(1)).toEqual([
      "uid-1 NodesSuitButNotNow: 2 of 3 nodes suit, but kube-scheduler does not place it there: worker-1, worker-2; not 1 without a GPU [NoGpu]",
    ]);
    expect(await sweep(60)).toEqual([]);
  });

  it("is told of five nodes by name", async () => {
    const { sweep, answer } = watchOver(aPod());
    answer(
      ranked(
        ["a", "b", "c", "d", "e", "f", "g"].map((name) => fits(name)),
        [],
      ),
    );
    await sweep();
    expect(await sweep(15)).toEqual([
      "uid-1 NodesSuitButNotNow: 7 of 7 nodes suit, but kube-scheduler does not place it there: a, b, c, d, e and 2 more",
    ]);
  });

  it("waits again when in between none did", async () => {
    const { sweep, answer } = watchOver(aPod());
    answer(twoFit);
    await sweep();
    answer(ranked([], rejections({ NoGpu: 3 })));
    expect(await sweep(10)).toHaveLength(1);
    answer(twoFit);
    expect(await sweep(10)).toEqual([]);
    expect(await sweep(15)).toHaveLength(1);
  });

  it.each([
    ["more hours than its GPUInfo asks for now", admittedFor("true", epochHour + 49), 1],
    ["no GPU", admittedFor("false", epochHour + 6), 2],
  ])(
    "is told that it must be created anew when it was admitted for %s",
    async (_what, annotations, n) => {
      const { sweep, answer } = watchOver(aPod({}, annotations));
      answer(ranked([suits("worker-1", 49), suits("worker-2", 50)], []));
      await sweep();
      expect((await sweep(15))[0]).toContain(
        `; ${n} of the suitable excluded by what was asked when the pod was created at 2026-11-22T10:00:00Z (100 h`,
      );
    },
  );

  it("is not told so when its bound still lets all of them in", async () => {
    const { sweep, answer } = watchOver(aPod({}, admittedFor("true", epochHour + 6)));
    answer(
      ranked(
        [
          suits("worker-1", 7),
          fits("worker-2", 8760, { virtualMachine: aMachine({ gpus: [aGpu] }) }),
        ],
        [],
      ),
    );
    await sweep();
    expect((await sweep(15))[0]).not.toContain("excluded");
  });
});

describe("a pod about which nothing can be said", () => {
  it.each([
    [
      "a value that cannot be understood",
      { [annotationKeys.desAccTime]: "soon" },
      /des-acc-time.*"soon"/,
    ],
    ["a GPUInfo that is not there", { [annotationKeys.gpuInfo]: "gpu9" }, /no GPUInfo "gpu9"/],
  ])("is told of %s", async (_what, annotations, message) => {
    const { sweep } = watchOver(aPod({}, annotations));
    const [told] = await sweep();
    expect(told).toMatch(/^uid-1 DemandRefused: /);
    expect(told).toMatch(message);
    expect(await sweep()).toEqual([]);
  });

  it("is told once that vCenter was not read, whatever words that has", async () => {
    const { sweep, answer } = watchOver(aPod());
    answer(stale("no answer since"));
    expect(await sweep()).toEqual(["uid-1 InventoryStale: no node can be chosen: no answer since"]);
    answer(stale("connection refused"));
    expect(await sweep()).toEqual([]);
  });

  it("is told nothing of that in the first moments after a start", async () => {
    const { sweep, answer, settle } = watchOver(aPod());
    answer(() => ({ kind: "unavailable", reason: "InventoryNotReady", message: "" }));
    settle(false);
    expect(await sweep()).toEqual([]);
  });
});

describe("what pods wait for", () => {
  it("is handed on, each requirement once, as long as somebody waits", async () => {
    const { sweep, pods, waits, answer } = watchOver(
      aPod(),
      aPod({ uid: "uid-2" }),
      aPod({ uid: "uid-3" }, { [annotationKeys.gpuInfo]: "gpu1" }),
    );
    answer(ranked([], rejections({ NoGpu: 1 })));
    await sweep();
    pods();
    await sweep();
    expect(waits.map((list) => list.map(({ requirement }) => requirement))).toEqual([
      [
        { gpu: true, hours: 100 },
        { gpu: true, hours: 7 },
      ],
      [],
    ]);
  });

  it("is handed on for 64 requirements, so that many do not fill the memory; every pod is told", async () => {
    const pods = Array.from({ length: 100 }, (_, i) =>
      aPod({ uid: `uid-${i}` }, { [annotationKeys.desAccTime]: String(i + 1) }),
    );
    const { sweep, waits } = watchOver(...pods);
    expect(await sweep()).toHaveLength(100);
    expect(waits[0]).toHaveLength(64);
  });

  it("is found out without holding up others for as long as all of it takes", async () => {
    const pods = Array.from({ length: 10 }, (_, i) =>
      aPod({ uid: `uid-${i}` }, { [annotationKeys.desAccTime]: String(i + 1) }),
    );
    const { sweep, answer } = watchOver(...pods);
    let turns = 0;
    answer((requirement) => {
      const until = performance.now() + 12;
      while (performance.now() < until);
      return ranked([], [])(requirement);
    });
    const others = setInterval(() => turns++, 1);
    await sweep();
    clearInterval(others);
    expect(turns).toBeGreaterThanOrEqual(10);
  });
});
