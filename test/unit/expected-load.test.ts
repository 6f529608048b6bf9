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
    boundAt: now,
    phase: "Pending",
    cpuMilli: 500,
    ...overrides,
  };
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
    expect(load.current(now)).toEqual(
      new Map([
        ["worker-1", 750],
        ["worker-2", 500],
      ]),
    );
  });

  it.each([
    ["waits for a node", { uid: "pod-1", phase: "Pending", cpuMilli: 500 }],
    ["has succeeded", aPod({ phase: "Succeeded" })],
    ["has failed", aPod({ phase: "Failed" })],
    ["requests nothing", aPod({ cpuMilli: 0 })],
  ])("leaves out a pod that %s", (_what, pod) => {
    expect(loadOf(pod).current(now).size).toBe(0);
  });

  it.each([
    [59, 500],
    [60, undefined],
    [-3600, 500],
  ])(
    "counts a pod until the usage was measured 60 s after its binding: measured after %d s, %d m",
    (seconds, milli) => {
      expect(loadOf(aPod()).current(secondsAfter(seconds)).get("worker-1")).toBe(milli);
    },
  );

  it("forgets a pod that ends, is deleted or was measured", () => {
    const load = loadOf(aPod(), aPod({ uid: "pod-2" }), aPod({ uid: "pod-3" }));
    load.podChanged(aPod({ phase: "Succeeded" }));
    load.podDeleted({ uid: "pod-2" });
    expect(load.current(now).get("worker-1")).toBe(500);
    expect(load.current(secondsAfter(61)).size).toBe(0);
    load.podChanged(aPod({ uid: "pod-3", phase: "Running" }));
    expect(load.current(secondsAfter(61)).size).toBe(0);
  });

  it("is the same object while nothing changed, and another one when something did", () => {
    const load = loadOf(aPod());
    const first = load.current(now);
    load.podChanged(aPod({ phase: "Running" }));
    expect(load.current(secondsAfter(20))).toBe(first);
    load.podChanged(aPod({ uid: "pod-2" }));
    const second = load.current(secondsAfter(20));
    expect(second).not.toBe(first);
    expect(first.get("worker-1")).toBe(500);
    load.podDeleted({ uid: "unknown" });
    expect(load.current(secondsAfter(20))).toBe(second);
  });

  it("does not depend on the order in which pods are heard of", () => {
    const pods = fc.uniqueArray(
      fc.record({
        uid: fc.string(),
        nodeName: fc.constantFrom("worker-1", "worker-2"),
        boundAt: fc.integer({ min: -120, max: 0 }).map(secondsAfter),
        phase: fc.constantFrom("Pending", "Running", "Failed"),
        cpuMilli: fc.integer({ min: 0, max: 4000 }),
      }),
      { selector: ({ uid }) => uid },
    );
    fc.assert(
      fc.property(pods, (list) => {
        const back = loadOf(...list.toReversed()).current(now);
        expect(back).toEqual(loadOf(...list).current(now));
      }),
    );
  });
});
