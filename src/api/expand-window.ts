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

/** The one that goes on and the two after it, or three to come: the next one decides over jobs. */
const mostStretches = 3;
/** With fewer left it is time to look further. */
const fewStretches = 2;
/** What begins so often before the last one is over goes on without an end that is known. */
const longestChain = 20;

/** The same for the same arguments; some milliseconds. */
export function expandWindow(window: DeclaredWindow, now: Date): Outlook {
  const { timing } = window;
  if (timing.kind !== "recurring") return outlookOf(window, timing, now);
  return outlookOf(window, expandSchedule(timing, now), now);
}

/** Times are ms since the Unix epoch. */
interface Stretch {
  readonly startsAt: number;
  readonly endsAt: number;
  /** It may go on: nobody looked further. */
  readonly isOpen?: boolean;
}

/** When a schedule comes, as far as anybody looked. */
export interface Expansion {
  readonly kind: "expanded";
  /** In order; no two of them touch. One at least. */
  readonly stretches: readonly Stretch[];
  /** From then on it is time to look further, though what is known holds a while longer; ms since the Unix epoch. */
  readonly renewAt: number;
}

type Once = Extract<Timing, { kind: "once" }>;
export type Recurring = Extract<Timing, { kind: "recurring" }>;

/** What holds for every object with this schedule, time zone and duration. */
export function expandSchedule(timing: Recurring, now: Date): Expansion | Flaw {
  const stretches = stretchesFrom(timing, now.getTime());
  if (stretches.length === 0) return neverComes(timing);
  return { kind: "expanded", stretches, renewAt: renewalOf(stretches, now.getTime()) };
}

/**
 * What of that is left at a later time, in the words of one object.
 *
 * @returns an outlook without windows where all that is known is over: of a schedule, that says nothing
 */
export function outlookOf(
  window: DeclaredWindow,
  timing: Once | Expansion | Flaw,
  now: Date,
): Outlook {
  if (timing.kind === "flawed") return timing;
  const left = stretchesOf(timing).filter(({ endsAt }) => endsAt > now.getTime());
  const description = describe(window);
  const windows = left.map(
    ({ startsAt, endsAt, isOpen }): MaintenanceWindow => ({
      startsAt,
      ...(isOpen !== true && { endsAt }),
      source: "maintenanceWindow",
      description,
    }),
  );
  return { kind: "known", windows, validUntil: left[0]?.endsAt ?? Number.POSITIVE_INFINITY };
}

function stretchesOf(timing: Once | Expansion): readonly Stretch[] {
  if (timing.kind === "expanded") return timing.stretches;
  return [{ startsAt: timing.startsAt, endsAt: timing.startsAt + timing.durationMs }];
}

function stretchesFrom({ recurrence, durationMs }: Recurring, now: number): readonly Stretch[] {
  const stretches: Stretch[] = [];
  let start = recurrence.next(now - durationMs);
  while (start !== undefined && stretches.length < mostStretches) {
    const chain = chainFrom(start, recurrence, durationMs);
    stretches.push(chain.stretch);
    start = chain.next;
  }
  const [first, ...others] = stretches;
  if (first === undefined) return [];
  return [{ ...first, startsAt: firstOfChain(first.startsAt, recurrence, durationMs) }, ...others];
}

/** Where each begins before the last one is over, it is one long maintenance: until when, and what begins after it? */
function chainFrom(startsAt: number, recurrence: Recurrence, durationMs: number) {
  let endsAt = startsAt + durationMs;
  let next = recurrence.next(startsAt);
  for (let links = 1; next !== undefined && next <= endsAt; links++) {
    if (links >= longestChain)
      return { stretch: { startsAt, endsAt, isOpen: true }, next: undefined };
    endsAt = next + durationMs;
    next = recurrence.next(next);
  }
  return { stretch: { startsAt, endsAt }, next };
}

/** And when did it begin? */
function firstOfChain(start: number, recurrence: Recurrence, durationMs: number): number {
  let first = start;
  for (let looked = 0; looked < longestChain; looked++) {
    const before = recurrence.previous(first);
    if (before === undefined || before + durationMs < first) break;
    first = before;
  }
  return first;
}

/** Well before what is known has passed. */
function renewalOf(stretches: readonly Stretch[], now: number): number {
  const [first, ...others] = stretches;
  if (first === undefined) return now;
  const last = others.at(-1) ?? first;
  if (last.isOpen === true) return (Math.max(now, last.startsAt) + last.endsAt) / 2;
  return stretches.at(-fewStretches)?.endsAt ?? first.endsAt;
}

function neverComes({ schedule }: Recurring): Flaw {
  const message = `spec.schedule is ${quote(schedule)}, which never comes; wanted are ${acceptedSchedule}`;
  return flaw("NeverComes", message);
}

function describe({ metadata: { name }, reason }: DeclaredWindow): string {
  return reason === "" ? `MaintenanceWindow ${name}` : `MaintenanceWindow ${name}: ${reason}`;
}
