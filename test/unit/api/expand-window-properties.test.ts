import fc from "fast-check";
import { DateTime } from "luxon";
import { describe, expect, it } from "vitest";
import type { DeclaredWindow } from "../../../src/api/declared-window.ts";
import { expandWindow } from "../../../src/api/expand-window.ts";
import type { MaintenanceWindow } from "../../../src/selection/model.ts";
import { mergeWindows } from "../../../src/selection/windows.ts";
import { aRecurringWindow } from "../../support/declared-windows.ts";

const hourMs = 3_600_000;
fc.configureGlobal({ numRuns: 40 });
const zones = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"];

interface Plan {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: readonly number[];
  readonly months: readonly number[];
  readonly weekdays: readonly number[];
  readonly zone: string;
  readonly durationMinutes: number;
}

/** Empty stands for all. */
function some(min: number, max: number, maxLength: number): fc.Arbitrary<number[]> {
  return fc.uniqueArray(fc.integer({ min, max }), { maxLength });
}

const plans: fc.Arbitrary<Plan> = fc.record({
  minutes: fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { minLength: 1, maxLength: 2 }),
  hours: fc.uniqueArray(fc.integer({ min: 0, max: 23 }), { minLength: 1, maxLength: 3 }),
  days: some(1, 28, 3),
  months: some(1, 12, 4),
  weekdays: some(0, 6, 3),
  zone: fc.constantFrom(...zones),
  durationMinutes: fc.oneof(
    fc.integer({ min: 61, max: 600 }),
    fc.integer({ min: 61, max: 44_640 }),
  ),
});

const moment = fc
  .integer({ min: Date.parse("2026-01-01"), max: Date.parse("2030-01-01") })
  .map((ms) => new Date(ms));

function listed(values: readonly number[]): string {
  return values.length === 0 ? "*" : values.join();
}

function declare(plan: Plan): DeclaredWindow {
  const { minutes, hours, days, months, weekdays, zone: timeZone, durationMinutes } = plan;
  const schedule = [minutes, hours, days, months, weekdays].map(listed).join(" ");
  return aRecurringWindow(schedule, { timeZone, duration: `${durationMinutes}m` });
}

function windowsFrom(plan: Plan, now: Date): readonly MaintenanceWindow[] {
  const outlook = expandWindow(declare(plan), now);
  if (outlook.kind === "flawed") throw new Error(outlook.message);
  return outlook.windows;
}

function hasDay({ days, months, weekdays }: Plan, local: DateTime): boolean {
  if (months.length > 0 && !months.includes(local.month)) return false;
  const isDay = days.includes(local.day);
  const isWeekday = weekdays.includes(local.weekday % 7);
  if (days.length === 0 && weekdays.length === 0) return true;
  return isDay || isWeekday;
}

function isScheduled(plan: Plan, at: number): boolean {
  const local = DateTime.fromMillis(at, { zone: plan.zone });
  const { minutes, hours } = plan;
  return minutes.includes(local.minute) && hours.includes(local.hour) && hasDay(plan, local);
}

/** The clock has just jumped forward: what was to begin in between begins now. */
function isAfterGap({ zone }: Plan, at: number): boolean {
  const offset = (ms: number) => DateTime.fromMillis(ms, { zone }).offset;
  return offset(at) > offset(at - 1);
}

function endOf({ endsAt = Number.POSITIVE_INFINITY }: MaintenanceWindow): number {
  return endsAt;
}

describe("the windows of a schedule", () => {
  it("are in order, do not touch, and none is over", () => {
    fc.assert(
      fc.property(plans, moment, (plan, now) => {
        const windows = windowsFrom(plan, now);
        expect(mergeWindows(windows)).toEqual(windows);
        for (const window of windows) expect(endOf(window)).toBeGreaterThan(now.getTime());
      }),
    );
  });

  it("begin when the schedule says, by the clock of its zone", () => {
    fc.assert(
      fc.property(plans, moment, (plan, now) => {
        for (const { startsAt } of windowsFrom(plan, now)) {
          expect(isScheduled(plan, startsAt) || isAfterGap(plan, startsAt)).toBe(true);
        }
      }),
    );
  });

  it("last as long as is said, or longer where several are one", () => {
    fc.assert(
      fc.property(plans, moment, (plan, now) => {
        for (const window of windowsFrom(plan, now)) {
          const ms = endOf(window) - window.startsAt;
          expect(ms).toBeGreaterThanOrEqual(plan.durationMinutes * 60_000);
        }
      }),
    );
  });

  it("last exactly as long as is said where no two of them can meet", () => {
    fc.assert(
      fc.property(plans, moment, fc.integer({ min: 1, max: 20 * 60 }), (plan, now, minutes) => {
        const alone = { ...plan, minutes: [30], hours: [2], durationMinutes: minutes };
        for (const { startsAt, endsAt } of windowsFrom(alone, now)) {
          expect(endsAt).toBe(startsAt + minutes * 60_000);
        }
      }),
    );
  });

  it("leave none out: at every time of the schedule one goes on", () => {
    fc.assert(
      fc.property(plans, moment, (plan, now) => {
        const windows = windowsFrom(plan, now);
        const last = windows.at(-1)?.startsAt ?? 0;
        for (let day = 0; day < 40; day++) {
          const date = DateTime.fromJSDate(now, { zone: plan.zone }).plus({ days: day });
          if (!hasDay(plan, date)) continue;
          for (const hour of plan.hours) {
            const minute = plan.minutes[0] ?? 0;
            const { year, month, day: dayOfMonth } = date;
            const local = { year, month, day: dayOfMonth, hour, minute };
            // Of a time that is left out, luxon says one that is up to an hour later.
            const at = DateTime.fromObject(local, { zone: plan.zone }).toMillis();
            if (at < now.getTime() || at > last) continue;
            const goesOn = windows.some((window) => window.startsAt <= at && at < endOf(window));
            expect([date.toISO(), goesOn]).toEqual([date.toISO(), true]);
          }
        }
      }),
    );
  });

  it("are the same, seen earlier or later", () => {
    const later = fc.integer({ min: 1, max: 90 * 24 * hourMs });
    fc.assert(
      fc.property(plans, moment, later, (plan, now, ms) => {
        const then = new Date(now.getTime() + ms);
        const [early, late] = [windowsFrom(plan, now), windowsFrom(plan, then)];
        const isOpen = [...early, ...late].some(({ endsAt }) => endsAt === undefined);
        fc.pre(!isOpen);
        const reach = Math.min(early.at(-1)?.startsAt ?? 0, late.at(-1)?.startsAt ?? 0);
        // Of a long chain of beginnings that goes on, only the last ones are looked for.
        const seen = (windows: readonly MaintenanceWindow[]) =>
          windows
            .filter((window) => endOf(window) > then.getTime() && window.startsAt <= reach)
            .map(({ startsAt, endsAt }) => [Math.max(startsAt, then.getTime()), endsAt]);
        expect(seen(early)).toEqual(seen(late));
      }),
    );
  });

  it("stay as they are until the time that is told", () => {
    fc.assert(
      fc.property(plans, moment, fc.double({ min: 0, max: 1, noNaN: true }), (plan, now, part) => {
        const outlook = expandWindow(declare(plan), now);
        if (outlook.kind === "flawed") throw new Error(outlook.message);
        const left = Math.min(outlook.validUntil - now.getTime() - 1, 400 * 24 * hourMs);
        const [next] = windowsFrom(plan, new Date(now.getTime() + Math.floor(left * part)));
        fc.pre(next?.endsAt !== undefined && outlook.windows[0]?.endsAt !== undefined);
        expect(next).toEqual(outlook.windows[0]);
      }),
    );
  });
});

describe("whatever somebody writes as a schedule", () => {
  const number = fc.integer({ min: 0, max: 61 }).map(String);
  const atom = fc.oneof(
    number,
    fc.tuple(number, number).map(([a, b]) => `${a}-${b}`),
    fc.constantFrom(
      "*",
      "*/5",
      "0-30/7",
      "L",
      "LW",
      "15W",
      "6#1",
      "5#5",
      "FRIL",
      "MON",
      "FEB",
      "?",
    ),
    fc.string({
      unit: fc.constantFrom(...Array.from("0123456789*/,-#LW?+H")),
      minLength: 1,
      maxLength: 5,
    }),
  );
  const field = fc.array(atom, { minLength: 1, maxLength: 3 }).map((atoms) => atoms.join());
  const schedules = fc.tuple(field, field, field, field, field).map((fields) => fields.join(" "));

  it("either has a next time or is a flaw, and is told soon", () => {
    const anyMinutes = fc.integer({ min: 1, max: 44_640 });
    const anyZone = fc.constantFrom(...zones);
    fc.assert(
      fc.property(schedules, anyMinutes, anyZone, moment, (schedule, minutes, timeZone, now) => {
        const startedAt = performance.now();
        const window = aRecurringWindow(schedule, { timeZone, duration: `${minutes}m` });
        const outlook = expandWindow(window, now);
        expect(performance.now() - startedAt).toBeLessThan(1_000);
        expect(outlook.kind === "flawed" || outlook.windows.length > 0).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});
