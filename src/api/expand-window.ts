/** Turns a declared maintenance into stretches of time: the one that is going on, and those that come next. */

import type { MaintenanceWindow } from "../selection/model.ts";
import { type DeclaredWindow, type Flaw, flaw, type Timing } from "./declared-window.ts";
import { acceptedSchedule } from "./maintenance-window.ts";
import { quote } from "./quote.ts";
import type { Recurrence } from "./recurrence.ts";

/** What is known of a declared maintenance at one moment. */
export type Outlook =
  | {
      readonly kind: "known";
      /** In order, none of them over, no two of them touch. None where it happened once and is over. */
      readonly windows: readonly MaintenanceWindow[];
      /** From then on it has to be looked at anew; ms since the Unix epoch. */
      readonly validUntil: number;
    }
  | Flaw;

/** Nobody can ask for more than a year. */
const reachMs = 8760 * 3_600_000;
/** A weekly one for the whole year; the first of them decides over jobs. */
const mostWindows = 53;
/** How many beginnings are looked at: a schedule of every minute must not hold up others. */
const mostStarts = 250;

/** The same for the same arguments; at most some 50 ms. */
export function expandWindow(window: DeclaredWindow, now: Date): Outlook {
  const { timing } = window;
  const description = describe(window);
  switch (timing.kind) {
    case "flawed":
      return timing;
    case "once":
      return outlookOf(onceFrom(timing, now.getTime()), description);
    case "recurring": {
      const stretches = recurringFrom(timing, now.getTime());
      return stretches.length > 0 ? outlookOf(stretches, description) : neverComes(timing);
    }
  }
}

/** Times are ms since the Unix epoch. */
interface Stretch {
  readonly startsAt: number;
  endsAt: number;
  /** It may go on: nobody looked further. */
  isOpen?: boolean;
}

type Once = Extract<Timing, { kind: "once" }>;
type Recurring = Extract<Timing, { kind: "recurring" }>;

function onceFrom({ startsAt, durationMs }: Once, now: number): readonly Stretch[] {
  const endsAt = startsAt + durationMs;
  return endsAt > now ? [{ startsAt, endsAt }] : [];
}

function recurringFrom({ recurrence, durationMs }: Recurring, now: number): readonly Stretch[] {
  const stretches: Stretch[] = [];
  let start = recurrence.next(now - durationMs);
  for (let looked = 0; start !== undefined; looked++) {
    const endsAt = start + durationMs;
    let last = stretches.at(-1);
    if (last !== undefined && start <= last.endsAt) last.endsAt = endsAt;
    else if (isEnough(stretches, start, now)) break;
    else stretches.push((last = { startsAt: start, endsAt }));
    if (looked >= mostStarts) {
      last.isOpen = true;
      break;
    }
    start = recurrence.next(start);
  }
  const [first, ...others] = stretches;
  if (first === undefined) return [];
  return [{ ...first, startsAt: firstOfChain(first.startsAt, recurrence, durationMs) }, ...others];
}

/** Where each begins before the last one is over, it is one long maintenance: when did that begin? */
function firstOfChain(start: number, recurrence: Recurrence, durationMs: number): number {
  let first = start;
  for (let looked = 0; looked < mostStarts; looked++) {
    const before = recurrence.previous(first);
    if (before === undefined || before + durationMs < first) break;
    first = before;
  }
  return first;
}

/** Within reach, and at least one that is still to come. */
function isEnough(stretches: readonly Stretch[], start: number, now: number): boolean {
  if (stretches.length >= mostWindows) return true;
  return start > now + reachMs && stretches.some(({ startsAt }) => startsAt > now);
}

function outlookOf(stretches: readonly Stretch[], description: string): Outlook {
  const windows = stretches.map(
    ({ startsAt, endsAt, isOpen }): MaintenanceWindow => ({
      startsAt,
      ...(isOpen !== true && { endsAt }),
      source: "maintenanceWindow",
      description,
    }),
  );
  return { kind: "known", windows, validUntil: stretches[0]?.endsAt ?? Number.POSITIVE_INFINITY };
}

function neverComes({ schedule }: Recurring): Flaw {
  const message = `spec.schedule is ${quote(schedule)}, which never comes; wanted are ${acceptedSchedule}`;
  return flaw("NeverComes", message);
}

function describe({ metadata: { name }, reason }: DeclaredWindow): string {
  return reason === "" ? `MaintenanceWindow ${name}` : `MaintenanceWindow ${name}: ${reason}`;
}
