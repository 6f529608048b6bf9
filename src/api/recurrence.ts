/** When a schedule comes: cron fields read in a time zone. */

import { Cron, CronPattern } from "croner";

export class Recurrence {
  readonly #cron: Cron;

  /**
   * A time that daylight saving leaves out comes when the clock has jumped, one that it repeats comes the first time:
   * no day goes without its maintenance. Only schedules of every hour leave the missing hour out.
   *
   * @param schedule five cron fields, as a CronJob's, and `6#1`, `6L`, `L`
   * @param timeZone of the IANA database
   * @throws RangeError or TypeError saying what is wrong with the schedule
   */
  constructor(schedule: string, timeZone: string) {
    this.#cron = new Cron(withoutSteps(schedule), {
      timezone: timeZone,
      mode: "5-part",
      fixedTimeRule: "no-wildcard",
      paused: true,
    });
  }

  /** @returns ms since the Unix epoch, later than `after`; undefined where it never comes again */
  next(after: number): number | undefined {
    return this.#cron.nextRun(new Date(after))?.getTime();
  }

  /** @returns ms since the Unix epoch, earlier than `before`; undefined where there is none */
  previous(before: number): number | undefined {
    return this.#cron.previousRuns(1, new Date(before))[0]?.getTime();
  }
}

/** Whatever case it is written in. */
export function isTimeZone(name: string): boolean {
  try {
    return new Date().toLocaleString("en", { timeZone: name }) !== "";
  } catch {
    return false;
  }
}

/** Steps and wildcards spelled out: croner leaves out a missing time of any field that has them. */
function withoutSteps(schedule: string): string {
  const { minute, hour } = new CronPattern(schedule, undefined, { mode: "5-part" });
  const [, , ...rest] = schedule.trim().split(/\s+/);
  const hours = hour.every(Boolean) ? "*" : listed(hour);
  return [listed(minute), hours, ...rest].join(" ");
}

/** `[1, 0, 1]` → `0,2` */
function listed(flags: readonly number[]): string {
  return flags.flatMap((flag, value) => (flag ? [value] : [])).join();
}
