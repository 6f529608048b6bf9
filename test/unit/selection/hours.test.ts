import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hoursChangeAt, hoursUntil, nextWindow } from "../../../src/selection/hours.ts";
import { aWindow, hoursFromNow, now } from "../../support/builders.ts";

const minute = 60_000;

describe("hoursUntil", () => {
  it.each([
    [-1, 0],
    [0, 0],
    [59, 0],
    [60, 1],
    [119, 1],
    [2 * 365 * 24 * 60, 17_520],
  ])("a window that starts in %d min is %d h away", (minutes, hours) => {
    expect(hoursUntil(aWindow({ startsAt: now.getTime() + minutes * minute }), now)).toBe(hours);
  });

  it("is a year without a window", () => {
    expect(hoursUntil(undefined, now)).toBe(8760);
  });
});

describe("hoursChangeAt", () => {
  it("is the first moment at which the hours are others, and none before it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000 * minute }), (ahead) => {
        const window = aWindow({ startsAt: now.getTime() + ahead });
        const hours = hoursUntil(window, now);
        const changeAt = hoursChangeAt(window, now);
        const before = new Date(changeAt - 1);
        expect(hoursUntil(window, before)).toBe(hours);
        // A window that starts within the hour is 0 hours away before and after.
        expect(hoursUntil(window, new Date(changeAt))).toBe(Math.max(0, hours - 1));
      }),
    );
  });

  it("is the end of a window that is running", () => {
    const window = aWindow({ startsAt: hoursFromNow(-1), endsAt: hoursFromNow(3) });
    expect(hoursChangeAt(window, now)).toBe(hoursFromNow(3));
  });

  it("is never, without a window", () => {
    expect(hoursChangeAt(undefined, now)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("nextWindow", () => {
  it("is the earliest that is not over, whatever their order", () => {
    const over = aWindow({ startsAt: hoursFromNow(-5), endsAt: hoursFromNow(0) });
    const running = aWindow({ startsAt: hoursFromNow(-1), endsAt: hoursFromNow(1) });
    const coming = aWindow({ startsAt: hoursFromNow(2) });
    expect(nextWindow([coming, over, running], now)).toBe(running);
    expect(nextWindow([coming, over], now)).toBe(coming);
    expect(nextWindow([over], now)).toBeUndefined();
  });
});
