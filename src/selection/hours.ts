/** How long a host stays up: arithmetic on maintenance windows. */

import type { MaintenanceWindow } from "./model.ts";

/** A year: what is shown where no maintenance is known, and the most that can be asked for. */
const hoursInAYear = 8760;

export const millisecondsInAnHour = 3_600_000;

/** The window that is running or starts next, if any. */
export function nextWindow(
  windows: readonly MaintenanceWindow[],
  now: Date,
): MaintenanceWindow | undefined {
  let next: MaintenanceWindow | undefined;
  for (const window of windows) {
    const isOver = window.endsAt !== undefined && window.endsAt <= now.getTime();
    if (!isOver && (next === undefined || window.startsAt < next.startsAt)) next = window;
  }
  return next;
}

/**
 * Whole hours from now to the start of a window, rounded down; 0 while it runs, `hoursInAYear` without one.
 *
 * | start − now | hours |
 * | ----------- | ----- |
 * | −1 min      | 0     |
 * | 59 min      | 0     |
 * | 60 min      | 1     |
 * | 2 years     | 17520 |
 */
export function hoursUntil(window: MaintenanceWindow | undefined, now: Date): number {
  if (window === undefined) return hoursInAYear;
  return Math.max(0, Math.floor((window.startsAt - now.getTime()) / millisecondsInAnHour));
}

/** When `hoursUntil` this window, or which window is the next one, changes although nothing else does; ms since the Unix epoch. */
export function hoursChangeAt(window: MaintenanceWindow | undefined, now: Date): number {
  if (window === undefined) return Number.POSITIVE_INFINITY;
  const { startsAt, endsAt = Number.POSITIVE_INFINITY } = window;
  const left = startsAt - now.getTime();
  if (left < 0) return endsAt;
  return now.getTime() + (left % millisecondsInAnHour) + 1;
}
