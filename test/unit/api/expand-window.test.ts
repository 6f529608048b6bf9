import { describe, expect, it } from "vitest";
import { expandWindow } from "../../../src/api/expand-window.ts";
import type { MaintenanceWindow } from "../../../src/selection/model.ts";
import { aDeclaredWindow, aRecurringWindow } from "../../support/declared-windows.ts";

const noon = new Date("2026-11-22T12:00:00Z");

function windowsOf(
  window: ReturnType<typeof aDeclaredWindow>,
  now: Date,
): readonly MaintenanceWindow[] {
  const outlook = expandWindow(window, now);
  if (outlook.kind === "flawed") throw new Error(outlook.message);
  return outlook.windows;
}

function iso(ms: number | undefined): string {
  return ms === undefined ? "open" : new Date(ms).toISOString().replace(":00.000Z", "Z");
}

function spans(windows: readonly MaintenanceWindow[]): string[] {
  return windows.map(({ startsAt, endsAt }) => `${iso(startsAt)}/${iso(endsAt)}`);
}

/** The first of a schedule, seen from a time. */
function first(
  count: number,
  schedule: string,
  timeZone: string,
  from: string,
  duration = "1h",
): string[] {
  const window = aRecurringWindow(schedule, { timeZone, duration });
  return spans(windowsOf(window, new Date(from))).slice(0, count);
}

describe("a maintenance that happens once", () => {
  const window = aDeclaredWindow({ spec: { reason: "firmware" } });

  it("is told with its object's name and reason", () => {
    expect(windowsOf(window, noon)).toEqual([
      {
        startsAt: Date.parse("2026-12-01T02:00:00Z"),
        endsAt: Date.parse("2026-12-01T06:00:00Z"),
        source: "maintenanceWindow",
        description: "MaintenanceWindow patch: firmware",
      },
    ]);
  });

  it.each([
    ["as it begins", "2026-12-01T02:00:00Z", 1],
    ["until just before its end", "2026-12-01T05:59:59.999Z", 1],
    ["not from its end on", "2026-12-01T06:00:00Z", 0],
    ["not long after", "2027-12-01T06:00:00Z", 0],
  ])("is there %s", (_, now, count) => {
    expect(windowsOf(window, new Date(now))).toHaveLength(count);
  });

  it("is looked at anew when it is over, and then never again", () => {
    const end = Date.parse("2026-12-01T06:00:00Z");
    expect(expandWindow(window, noon)).toHaveProperty("validUntil", end);
    const over = expandWindow(window, new Date(end));
    expect(over).toHaveProperty("validUntil", Number.POSITIVE_INFINITY);
  });
});

describe("a schedule", () => {
  it.each([
    ["weekly", "0 2 * * 6", "2026-11-28T02:00Z/2026-11-28T03:00Z"],
    ["on the first Saturday", "0 2 * * 6#1", "2026-12-05T02:00Z/2026-12-05T03:00Z"],
    ["on the last Friday", "0 2 * * FRIL", "2026-11-27T02:00Z/2026-11-27T03:00Z"],
    ["at the end of the month", "0 2 L * *", "2026-11-30T02:00Z/2026-11-30T03:00Z"],
    ["on the 31st, where there is one", "0 2 31 * *", "2026-12-31T02:00Z/2026-12-31T03:00Z"],
    ["on a leap day", "0 2 29 2 *", "2028-02-29T02:00Z/2028-02-29T03:00Z"],
    ["on Sundays, called 7", "0 2 * * 7", "2026-11-29T02:00Z/2026-11-29T03:00Z"],
    ["on a day or a weekday, as a CronJob", "0 2 13 * 5", "2026-11-27T02:00Z/2026-11-27T03:00Z"],
  ])("comes %s", (_, schedule, expected) => {
    expect(first(1, schedule, "UTC", noon.toISOString())).toEqual([expected]);
  });

  it("ends the last of February right, in a leap year and not", () => {
    expect(first(1, "0 2 L 2 *", "UTC", "2027-02-01T00:00:00Z")[0]).toMatch(/^2027-02-28/);
    expect(first(1, "0 2 L 2 *", "UTC", "2028-02-01T00:00:00Z")[0]).toMatch(/^2028-02-29/);
  });

  it.each([
    ["while it goes on", "2026-11-28T02:30:00Z", "2026-11-28T02:00Z"],
    ["in its last moment", "2026-11-28T02:59:59.999Z", "2026-11-28T02:00Z"],
    ["from its end on the next", "2026-11-28T03:00:00Z", "2026-12-05T02:00Z"],
  ])("is told %s", (_, now, start) => {
    expect(first(1, "0 2 * * 6", "UTC", now)[0]).toContain(`${start}/`);
  });

  it("is known for its next three", () => {
    const windows = windowsOf(aRecurringWindow("0 2 * * 6"), noon);
    expect(windows.map(({ startsAt }) => iso(startsAt))).toEqual([
      "2026-11-28T02:00Z",
      "2026-12-05T02:00Z",
      "2026-12-12T02:00Z",
    ]);
  });

  it("always tells the next one, however far away", () => {
    expect(first(1, "0 2 29 2 *", "UTC", "2028-02-29T12:00:00Z")).toEqual([
      "2032-02-29T02:00Z/2032-02-29T03:00Z",
    ]);
    expect(first(9, "0 2 29 2 *", "UTC", "2096-02-29T12:00:00Z")[0]).toMatch(/^2104-02-29/);
  });

  it("that never comes is a flaw", () => {
    expect(expandWindow(aRecurringWindow("0 2 31 2 *"), noon)).toEqual({
      kind: "flawed",
      reason: "NeverComes",
      message: expect.stringMatching(/^spec\.schedule is "0 2 31 2 \*", which never comes; wanted/),
    });
  });
});

describe("daylight saving", () => {
  // Berlin leaves 2 to 3 o'clock out on 28 March 2027, and has it twice on 31 October.
  it.each(["30 2 * * *", "*/30 2 * * *", "0,30 2 * * *", "30 2-3/9 * * *"])(
    "does not do away with a night's maintenance: %s",
    (schedule) => {
      const [, jumped] = first(3, schedule, "Europe/Berlin", "2027-03-27T00:00:00Z");
      expect(jumped).toMatch(/^2027-03-28T01:00Z/);
    },
  );

  it("does not do away with it either where it begins every minute of the missing hour", () => {
    const [jumped] = first(1, "* 2 * * *", "Europe/Berlin", "2027-03-28T00:00:00Z");
    expect(jumped).toMatch(/^2027-03-28T01:00Z/);
  });

  it("where it begins at midnight, as in Cairo", () => {
    expect(first(2, "0 */12 * * *", "Africa/Cairo", "2027-04-29T12:00:00Z")).toEqual([
      "2027-04-29T22:00Z/2027-04-29T23:00Z",
      "2027-04-30T09:00Z/2027-04-30T10:00Z",
    ]);
  });

  it("makes no second maintenance of an hour that comes twice", () => {
    expect(first(2, "30 2 * * *", "Europe/Berlin", "2027-10-30T12:00:00Z")).toEqual([
      "2027-10-31T00:30Z/2027-10-31T01:30Z",
      "2027-11-01T01:30Z/2027-11-01T02:30Z",
    ]);
  });

  it("makes no maintenance longer or shorter", () => {
    expect(first(1, "0 22 * * 6", "Europe/Berlin", "2027-03-27T00:00:00Z", "8h")).toEqual([
      "2027-03-27T21:00Z/2027-03-28T05:00Z",
    ]);
    expect(first(1, "0 22 * * 6", "Europe/Berlin", "2027-10-30T00:00:00Z", "8h")).toEqual([
      "2027-10-30T20:00Z/2027-10-31T04:00Z",
    ]);
  });

  it("moves a schedule in UTC for nobody", () => {
    const window = aRecurringWindow("0 2 * * *", { duration: "1h" });
    const [a, b] = windowsOf(window, new Date("2027-03-27T12:00:00Z"));
    expect((b?.startsAt ?? 0) - (a?.startsAt ?? 0)).toBe(24 * 3_600_000);
  });
});

describe("where the next one begins before the last one is over", () => {
  it("both are one", () => {
    expect(first(1, "0 1-5 * * *", "UTC", noon.toISOString())).toEqual([
      "2026-11-23T01:00Z/2026-11-23T06:00Z",
    ]);
    expect(first(1, "0 0,3,4 * * *", "UTC", noon.toISOString(), "2h")).toEqual([
      "2026-11-23T00:00Z/2026-11-23T02:00Z",
    ]);
  });

  it("and goes on, it began with the first", () => {
    expect(first(1, "0 1-5 * * *", "UTC", "2026-11-23T04:30:00Z")).toEqual([
      "2026-11-23T01:00Z/2026-11-23T06:00Z",
    ]);
  });

  it.each([
    ["* * * * *", "1m"],
    ["* * * * *", "744h"],
    ["*/15 * * * *", "15m"],
    ["0 2 * * *", "24h"],
    ["0 0 1,15 * *", "744h"],
  ])("for ever (%s, %s), it goes on without an end that is known", (schedule, duration) => {
    const window = aRecurringWindow(schedule, { duration });
    const startedAt = performance.now();
    const outlook = expandWindow(window, noon);
    expect(performance.now() - startedAt).toBeLessThan(500);
    if (outlook.kind === "flawed") throw new Error(outlook.message);
    const [only] = outlook.windows;
    expect(outlook.windows).toHaveLength(1);
    expect(only?.endsAt).toBeUndefined();
    expect(only?.startsAt).toBeLessThanOrEqual(noon.getTime());
    expect(outlook.validUntil).toBeGreaterThan(noon.getTime());
    expect(outlook.validUntil).toBeLessThan(Number.POSITIVE_INFINITY);
  });

  it("for longer than anybody looks, its end is found once it comes near", () => {
    const window = aRecurringWindow("*/5 * * 1 *", { duration: "5m" });
    const far = expandWindow(window, new Date("2027-01-02T00:00:00Z"));
    if (far.kind === "flawed") throw new Error(far.message);
    expect(far.windows[0]?.endsAt).toBeUndefined();
    expect(spans(windowsOf(window, new Date("2027-01-31T23:00:00Z")))[0]).toContain(
      "/2027-02-01T00:00Z",
    );
  });
});
