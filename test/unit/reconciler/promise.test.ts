import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgePromise, type Promised } from "../../../src/reconciler/promise.ts";
import type {
  Candidate,
  Host,
  MaintenanceWindow,
  WindowSource,
} from "../../../src/selection/model.ts";
import { mergeWindows } from "../../../src/selection/windows.ts";
import {
  aCandidate,
  aHost,
  aMachine,
  aPolicy,
  aWindow,
  hoursFromNow,
  now,
} from "../../support/builders.ts";

const hour = 3_600_000;
/** Started three hours ago, for a hundred. */
const promised: Promised = { hours: 100, startsAt: hoursFromNow(-3) };

function aWindowFrom(from: number, to?: number): MaintenanceWindow {
  return aWindow({
    startsAt: hoursFromNow(from),
    ...(to !== undefined && { endsAt: hoursFromNow(to) }),
  });
}

function on(...windows: readonly MaintenanceWindow[]): Candidate {
  return aCandidate({ host: aHost({ horizon: { kind: "known", windows } }) });
}

function judge(
  candidate: Candidate | undefined,
  evacuation: "hard" | "soft-counts" = "soft-counts",
) {
  const statement = judgePromise(promised, candidate, { now, policy: { ...aPolicy, evacuation } });
  return statement && { ...statement, message: statement.message() };
}

describe("a promise of 100 h, three of them served,", () => {
  it.each([
    ["begins a millisecond before the end", on(aWindow({ startsAt: hoursFromNow(97) - 1 })), true],
    ["begins at the very end", on(aWindowFrom(97)), false],
    ["begins after the end", on(aWindowFrom(98)), false],
    ["begins now", on(aWindowFrom(0)), true],
    ["began before the pod started, and still runs", on(aWindowFrom(-5, 1)), true],
    ["began before the pod started, and nobody says until when", on(aWindowFrom(-5)), true],
    ["began after the pod started, and still runs", on(aWindowFrom(-1, 1)), true],
    ["ends now", on(aWindowFrom(-1, 0)), false],
    ["is over", on(aWindowFrom(-2, -1)), false],
    ["is over, with another to come in time", on(aWindowFrom(-2, -1), aWindowFrom(20)), true],
    ["is made up", on(aWindow({ startsAt: hoursFromNow(1), source: "simulation" })), false],
    ["is not planned at all", on(), false],
  ])("where a window %s: at risk %s", (_, candidate, isAtRisk) => {
    expect(judge(candidate)).toMatchObject({
      isAtRisk,
      reason: isAtRisk ? "MaintenanceWindow" : "Safe",
    });
  });

  const soon = [aWindowFrom(10)];
  const unknown = { kind: "unknown", why: "the attribute does not parse", windows: [] } as const;

  it.each<[string, Partial<Candidate>, string | undefined, string | undefined]>([
    [
      "enters maintenance",
      { host: aHost({ maintenance: "entering" }) },
      "HostEnteringMaintenance",
      "Safe",
    ],
    ["is in maintenance", { host: aHost({ maintenance: "in" }) }, "HostInMaintenance", "Safe"],
    ["has a window", { horizon: { kind: "known", windows: soon } }, "MaintenanceWindow", "Safe"],
    [
      "has a window, and more may be planned",
      { horizon: { ...unknown, windows: soon } },
      "MaintenanceWindow",
      "Safe",
    ],
    ["may have a window", { horizon: unknown }, undefined, "Safe"],
    ["is hidden in part", { host: aHost({ unreadable: ["runtime"] }) }, undefined, undefined],
    [
      "has a machine whose devices are hidden",
      { virtualMachine: aMachine({ unreadable: ["config"] }) },
      undefined,
      undefined,
    ],
    ["is in quarantine", { host: aHost({ inQuarantine: true }) }, "HostInQuarantine", "Safe"],
    [
      "is in quarantine, and goes down",
      { host: aHost({ inQuarantine: true, maintenance: "entering" }) },
      "HostEnteringMaintenance",
      "Safe",
    ],
    [
      "is in quarantine, with a window to come",
      { host: aHost({ inQuarantine: true }), horizon: { kind: "known", windows: soon } },
      "HostInQuarantine",
      "Safe",
    ],
    ["vCenter has lost", { host: aHost({ connection: "disconnected" }) }, undefined, undefined],
    ["does not respond", { host: aHost({ connection: "notResponding" }) }, undefined, undefined],
    [
      "does not respond, with a window to come",
      {
        host: aHost({ connection: "notResponding" }),
        horizon: { kind: "known", windows: soon },
      },
      "MaintenanceWindow",
      undefined,
    ],
    [
      "went down for maintenance, and does not respond",
      { host: aHost({ connection: "notResponding", maintenance: "in" }) },
      "HostInMaintenance",
      undefined,
    ],
  ])("on a host that %s", (_, candidate, softCounts, hard) => {
    expect(judge(aCandidate(candidate))?.reason).toBe(softCounts);
    expect(judge(aCandidate(candidate), "hard")?.reason).toBe(hard);
  });

  it.each([
    [aHost({ maintenance: "in" }), "HostInMaintenance"],
    [aHost({ inQuarantine: true }), "HostInQuarantine"],
    [aHost({ horizon: { kind: "known", windows: soon } }), "MaintenanceWindow"],
  ])("is at risk with any setting where vMotion cannot move the machine", (host, reason) => {
    const pinned = aCandidate({ host, virtualMachine: aMachine({ pinned: true }) });
    expect(judge(pinned, "hard")?.reason).toBe(reason);
  });

  it("is at risk with any setting on a host without a cluster: there is nowhere to move to", () => {
    const alone = aCandidate({ host: aHost({ cluster: "", maintenance: "in" }) });
    expect(judge(alone, "hard")?.reason).toBe("HostInMaintenance");
  });

  it("is neither at risk nor safe where nothing is known of the node", () => {
    expect(judge(undefined)).toBeUndefined();
  });

  it.each<[Partial<Host>, string]>([
    [{ maintenance: "in" }, "in maintenance mode or standby"],
    [{ maintenance: "entering" }, "going down for maintenance, a reboot or standby"],
    [{ inQuarantine: true }, "in quarantine: Proactive HA found it degraded"],
  ])("says what the host is in when it is %o", (state, words) => {
    expect(judge(aCandidate({ host: aHost(state) }))?.message).toBe(
      `host esxi-a.example.com is ${words}; the 100 h that were asked for end at 2026-11-26T13:00:00Z`,
    );
  });

  it("says when maintenance begins, and how many hours are missing", () => {
    expect(judge(on(aWindowFrom(60)))?.message).toBe(
      'maintenance of host esxi-a.example.com ("monthly patches", scheduled task) begins at ' +
        "2026-11-25T00:00:00Z, 37 h before the 100 h that were asked for end (2026-11-26T13:00:00Z)",
    );
  });

  it.each<[WindowSource, string]>([
    ["customAttribute", "custom attribute"],
    ["maintenanceWindow", "MaintenanceWindow"],
  ])("names the source %s as people know it", (source, words) => {
    expect(judge(on(aWindow({ startsAt: hoursFromNow(1), source })))?.message).toContain(
      `("monthly patches", ${words})`,
    );
  });

  it("counts all hours as missing where maintenance was there first", () => {
    expect(judge(on(aWindowFrom(-5)))?.message).toMatch(/began at \S+, 100 h before the 100 h/);
  });

  it("counts a begun hour as missing", () => {
    expect(judge(on(aWindow({ startsAt: hoursFromNow(97) - 1 })))?.message).toContain(
      ", 1 h before",
    );
  });

  it("is served when its hours are over, whatever is planned or known", () => {
    const later = { now: new Date(hoursFromNow(97)), policy: aPolicy };
    for (const candidate of [undefined, on(aWindowFrom(90))]) {
      const statement = judgePromise(promised, candidate, later);
      expect(statement).toMatchObject({ isAtRisk: false, reason: "HoursServed" });
      expect(statement?.message()).toBe(
        "the 100 h that were asked for ended at 2026-11-26T13:00:00Z",
      );
    }
  });
});

const windows = fc
  .array(
    fc.record(
      {
        startsAt: fc.integer({ min: -300, max: 300 }).map(hoursFromNow),
        endsAt: fc.integer({ min: -300, max: 600 }).map(hoursFromNow),
        source: fc.constantFrom<WindowSource>(
          "scheduledTask",
          "customAttribute",
          "maintenanceWindow",
        ),
        description: fc.string({ unit: "binary" }),
      },
      { requiredKeys: ["startsAt", "source", "description"] },
    ),
    { maxLength: 6 },
  )
  .map((list) => list.filter(({ startsAt, endsAt = Infinity }) => endsAt > startsAt))
  .map(mergeWindows);

const anyPromise = fc.record({
  hours: fc.integer({ min: 1, max: 8760 }),
  startsAt: fc.integer({ min: -500, max: 0 }).map(hoursFromNow),
});

function judgeAt(promise: Promised, list: readonly MaintenanceWindow[], at: Date) {
  const statement = judgePromise(promise, on(...list), { now: at, policy: aPolicy });
  if (statement === undefined) throw new Error("wanted a statement: the horizon is known");
  return statement;
}

describe("whatever is planned,", () => {
  it("a pod is at risk exactly when some minute of its remaining hours is under maintenance", () => {
    fc.assert(
      fc.property(anyPromise, windows, (promise, list) => {
        const end = promise.startsAt + promise.hours * hour;
        const isHit = list.some(
          ({ startsAt, endsAt = Infinity }) =>
            Math.max(startsAt, now.getTime()) < Math.min(endsAt, end),
        );
        expect(judgeAt(promise, list, now).isAtRisk).toBe(isHit);
      }),
    );
  });

  it("a pod that asked for more hours is never safer", () => {
    fc.assert(
      fc.property(anyPromise, windows, fc.integer({ min: 0, max: 1000 }), (promise, list, more) => {
        const longer = { ...promise, hours: promise.hours + more };
        const [shorterRisk, longerRisk] = [promise, longer].map(
          (each) => judgeAt(each, list, now).isAtRisk,
        );
        expect(longerRisk || !shorterRisk).toBe(true);
      }),
    );
  });

  it("the words stay the same while the same window is meant, and fit on one line", () => {
    fc.assert(
      fc.property(anyPromise, windows, fc.integer({ min: 0, max: 100 }), (promise, list, hours) => {
        const first = judgeAt(promise, list, now);
        const later = judgeAt(promise, list, new Date(hoursFromNow(hours)));
        const isSame = first.key !== later.key || later.message() === first.message();
        expect(isSame).toBe(true);
        expect(first.message()).not.toMatch(/\p{Cc}/u);
        expect(first.message().isWellFormed()).toBe(true);
        expect(first.message().length).toBeLessThan(600);
      }),
    );
  });

  it("times that no calendar has do no harm", () => {
    for (const startsAt of [Number.NEGATIVE_INFINITY, -9e15]) {
      expect(judgeAt(promised, [aWindow({ startsAt })], now).message()).toContain(
        "an unknown time",
      );
    }
  });
});
