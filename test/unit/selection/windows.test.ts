import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MaintenanceHorizon, MaintenanceWindow } from "../../../src/selection/model.ts";
import {
  horizonThatCounts,
  joinHorizons,
  mergeWindows,
  noMaintenance,
} from "../../../src/selection/windows.ts";
import { aCandidate, aHostUntil, aMachine } from "../../support/builders.ts";

function window(startsAt: number, endsAt?: number, description = "patches"): MaintenanceWindow {
  const times = endsAt === undefined ? { startsAt } : { startsAt, endsAt };
  return { ...times, source: "scheduledTask", description };
}

const known = (...windows: MaintenanceWindow[]): MaintenanceHorizon => ({ kind: "known", windows });
const unknown = (why: string, ...windows: MaintenanceWindow[]): MaintenanceHorizon => ({
  kind: "unknown",
  why,
  windows,
});

const windowList = fc.array(
  fc.record({
    startsAt: fc.integer({ min: 0, max: 100 }),
    lasts: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
    description: fc.constantFrom("", "a", "b", "c"),
  }),
  { maxLength: 12 },
);

function asWindows(
  list: readonly { startsAt: number; lasts: number | undefined; description: string }[],
) {
  return list.map(({ startsAt, lasts, description }) =>
    window(startsAt, lasts === undefined ? undefined : startsAt + lasts, description),
  );
}

/** Whether a host is down at a moment. */
function isDown(windows: readonly MaintenanceWindow[], at: number): boolean {
  return windows.some(
    ({ startsAt, endsAt = Number.POSITIVE_INFINITY }) => startsAt <= at && at < endsAt,
  );
}

describe("mergeWindows", () => {
  it.each<[string, MaintenanceWindow[], MaintenanceWindow[]]>([
    ["nothing", [], []],
    [
      "two apart, in order of their start",
      [window(5, 6), window(1, 2)],
      [window(1, 2), window(5, 6)],
    ],
    ["two that touch", [window(1, 2, "a"), window(2, 3, "b")], [window(1, 3, "a; b")]],
    ["one within another", [window(1, 9, "a"), window(2, 3, "b")], [window(1, 9, "a; b")]],
    ["the same one twice", [window(1, 2), window(1, 2)], [window(1, 2)]],
    [
      "what comes after one without an end",
      [window(1, undefined, "a"), window(9, 10, "b")],
      [window(1, undefined, "a; b")],
    ],
    [
      "one without an end that begins within another",
      [window(1, 5, "a"), window(5, undefined, "")],
      [window(1, undefined, "a")],
    ],
  ])("of %s", (_, windows, expected) => {
    expect(mergeWindows(windows)).toEqual(expected);
  });

  it("says the same of every moment as the windows that it was given, in any order", () => {
    fc.assert(
      fc.property(windowList, fc.integer({ min: -1, max: 130 }), (list, at) => {
        const windows = asWindows(list);
        const merged = mergeWindows(windows);
        expect(isDown(merged, at)).toBe(isDown(windows, at));
        expect(mergeWindows(windows.toReversed())).toEqual(merged);
        expect(mergeWindows(merged)).toEqual(merged);
      }),
    );
  });

  it("leaves no two that touch, in order", () => {
    fc.assert(
      fc.property(windowList, (list) => {
        const merged = mergeWindows(asWindows(list));
        const gaps = merged
          .slice(1)
          .map(({ startsAt }, i) => startsAt - (merged[i]?.endsAt ?? Number.POSITIVE_INFINITY));
        expect(gaps.filter((gap) => gap <= 0)).toEqual([]);
      }),
    );
  });
});

describe("joinHorizons", () => {
  it.each<[string, MaintenanceHorizon[], MaintenanceHorizon]>([
    ["no source", [], noMaintenance],
    ["sources that hold nothing", [known(), known()], known()],
    [
      "two that hold something",
      [known(window(5, 6)), known(window(1, 2))],
      known(window(1, 2), window(5, 6)),
    ],
    ["an unreadable one beside an empty one", [known(), unknown("no right")], unknown("no right")],
    [
      "an unreadable one beside one that holds something",
      [unknown("no right"), known(window(1, 2))],
      unknown("no right", window(1, 2)),
    ],
    [
      "two unreadable for different reasons",
      [unknown("a", window(1, 2)), unknown("b")],
      unknown("a; b", window(1, 2)),
    ],
    [
      "two unreadable for one reason",
      [unknown("a"), unknown("a", window(1, 2))],
      unknown("a", window(1, 2)),
    ],
  ])("of %s", (_, horizons, expected) => {
    expect(joinHorizons(horizons)).toEqual(expected);
  });

  it("gives the only one that says something as the object that it is", () => {
    const only = known(window(1, 2));
    expect(joinHorizons([known(), only, known()])).toBe(only);
  });

  it("never forgets that something could not be read", () => {
    const horizons = fc.array(
      fc.tuple(fc.boolean(), windowList).map(([isKnown, list]) => {
        const windows = mergeWindows(asWindows(list));
        return isKnown ? known(...windows) : unknown("why", ...windows);
      }),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(horizons, fc.integer({ min: 0, max: 130 }), (all, at) => {
        const joined = joinHorizons(all);
        expect(joined.kind).toBe(all.some(({ kind }) => kind === "unknown") ? "unknown" : "known");
        expect(isDown(joined.windows, at)).toBe(all.some(({ windows }) => isDown(windows, at)));
      }),
    );
  });
});

describe("what ends a job", () => {
  const host = aHostUntil(40, { cluster: "gpu" });
  const alone = aHostUntil(40, { cluster: "" });
  const fixedHorizon = known(window(1, 2, "power test"));
  it.each([
    ["a machine that stays on its host, where vMotion is trusted", true, "hard", host, "all"],
    ["a machine that can be moved, where vMotion is trusted", false, "hard", host, "fixed"],
    ["one on a host that stands alone, where vMotion is trusted", false, "hard", alone, "all"],
    ["a machine that can be moved, where every window counts", false, "soft-counts", host, "all"],
    [
      "a machine that stays on its host, where every window counts",
      true,
      "soft-counts",
      host,
      "all",
    ],
  ] as const)("on %s", (_, pinned, evacuation, on, expected) => {
    const virtualMachine = aMachine({ pinned });
    const candidate = aCandidate({ host: on, virtualMachine, fixedHorizon });
    expect(horizonThatCounts(candidate, { evacuation })).toBe(
      expected === "all" ? on.horizon : fixedHorizon,
    );
  });
});
