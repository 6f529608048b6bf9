import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ExpectedLoad, type LoadingPod } from "../../src/expected-load.ts";
import { now } from "../support/builders.ts";

function secondsAfter(seconds: number): Date {
  return new Date(now.getTime() + seconds * 1000);
}

function aPod(overrides: Partial<LoadingPod> = {}): LoadingPod {
  return {
    uid: "pod-1",
    nodeName: "worker-1",
    createdAt: now,
    boundAt: now,
    deleting: false,
    phase: "Pending",
    cpuMilli: 500,
    ...overrides,
  };
}

function waiting(overrides: Partial<LoadingPod> = {}): LoadingPod {
  const { nodeName: _, boundAt: __, ...pod } = aPod();
  return { ...pod, ...overrides };
}

function loadOf(...pods: readonly LoadingPod[]): ExpectedLoad {
  const load = new ExpectedLoad();
  for (const pod of pods) load.podChanged(pod);
  return load;
}

describe("the load to expect", () => {
  it("is the sum of what pods request that were bound to the node", () => {
    const load = loadOf(
      aPod(),
      aPod({ uid: "pod-2", cpuMilli: 250 }),
      aPod({ uid: "pod-3", nodeName: "worker-2" }),
    );
    expect(load.current(now, now)).toEqual(
      new Map([
        ["worker-1", 750],
        ["worker-2", 500],
      ]),
    );
  });

  it.each([
    ["waits and prefers no node", waiting()],
    ["waits and is being deleted", waiting({ preferredNode: "worker-1", deleting: true })],
    ["has succeeded", aPod({ phase: "Succeeded" })],
    ["has failed", aPod({ phase: "Failed" })],
    ["requests nothing", aPod({ cpuMilli: 0 })],
  ])("leaves out a pod that %s", (_what, pod) => {
    expect(loadOf(pod).current(now, now).size).toBe(0);
  });

  it.each([
    [59, 500],
    [60, undefined],
    [-3600, 500],
  ])(
    "counts a pod until the usage was measured 60 s after its binding: measured after %d s, %d m",
    (seconds, milli) => {
      expect(loadOf(aPod()).current(secondsAfter(seconds), now).get("worker-1")).toBe(milli);
    },
  );

  it("counts a pod that waits at the node that was preferred for it, for a minute, and then where it is bound", () => {
    const pod = waiting({ preferredNode: "worker-2" });
    const load = loadOf(pod);
    expect(load.current(now, secondsAfter(59))).toEqual(new Map([["worker-2", 500]]));
    expect(load.current(now, secondsAfter(60))).toEqual(new Map());
    load.podChanged(aPod({ preferredNode: "worker-2" }));
    expect(load.current(now, secondsAfter(60))).toEqual(new Map([["worker-1", 500]]));
  });

  it("forgets a pod that ends, is deleted or was measured", () => {
    const load = loadOf(aPod(), aPod({ uid: "pod-2" }), aPod({ uid: "pod-3" }));
    load.podChanged(aPod({ phase: "Succeeded" }));
    load.podDeleted({ uid: "pod-2" });
    expect(load.current(now, now).get("worker-1")).toBe(500);
    expect(load.current(secondsAfter(61), now).size).toBe(0);
    load.podChanged(aPod({ uid: "pod-3", phase: "Running" }));
    expect(load.current(secondsAfter(61), now).size).toBe(0);
  });

  it("is the same object while nothing changed, and another one when something did", () => {
    const load = loadOf(aPod());
    const first = load.current(now, now);
    load.podChanged(aPod({ phase: "Running" }));
    expect(load.current(secondsAfter(20), now)).toBe(first);
    load.podChanged(aPod({ uid: "pod-2" }));
    const second = load.current(secondsAfter(20), now);
    expect(second).not.toBe(first);
    expect(first.get("worker-1")).toBe(500);
    load.podDeleted({ uid: "unknown" });
    expect(load.current(secondsAfter(20), now)).toBe(second);
  });

  it("does not depend on the order in which pods are heard of", () => {
    const pods = fc.uniqueArray(
      fc.record({
        uid: fc.string(),
        nodeName: fc.constantFrom("worker-1", "worker-2"),
        createdAt: fc.constant(now),
        boundAt: fc.integer({ min: -120, max: 0 }).map(secondsAfter),
        deleting: fc.boolean(),
        phase: fc.constantFrom("Pending", "Running", "Failed"),
        cpuMilli: fc.integer({ min: 0, max: 4000 }),
      }),
      { selector: ({ uid }) => uid },
    );
    fc.assert(
      fc.property(pods, (list) => {
        const back = loadOf(...list.toReversed()).current(now, now);
        expect(back).toEqual(loadOf(...list).current(now, now));
      }),
    );
  });
});
