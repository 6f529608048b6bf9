/** Looks ahead when schedules come: each schedule once for all that share it, a little at a time. */

import type { Flaw } from "../api/declared-window.ts";
import { type Expansion, expandSchedule, type Recurring } from "../api/expand-window.ts";

interface Plan {
  readonly timing: Recurring;
  users: number;
  /** Undefined until somebody looked. */
  known?: Expansion | Flaw;
}

export class ScheduleAhead {
  readonly #plans = new Map<string, Plan>();
  /** From then on one of them is to be looked at; ms since the Unix epoch. */
  #dueAt = Number.POSITIVE_INFINITY;

  add(timing: Recurring): void {
    const key = keyOf(timing);
    const plan = this.#plans.get(key);
    if (plan !== undefined) {
      plan.users += 1;
      return;
    }
    this.#plans.set(key, { timing, users: 1 });
    this.#dueAt = Number.NEGATIVE_INFINITY;
  }

  /** Of one that was added. */
  delete(timing: Recurring): void {
    const key = keyOf(timing);
    const plan = this.#plans.get(key);
    if (plan === undefined) return;
    plan.users -= 1;
    if (plan.users === 0) this.#plans.delete(key);
  }

  /** Undefined as long as nobody looked, or when all that was known is over. */
  known(timing: Recurring, now: Date): Expansion | Flaw | undefined {
    const known = this.#plans.get(keyOf(timing))?.known;
    return known !== undefined && holds(known, now) ? known : undefined;
  }

  /** Looks at this one now, if need be; some milliseconds. */
  look(timing: Recurring, now: Date): Expansion | Flaw {
    const plan = this.#plans.get(keyOf(timing)) ?? { timing, users: 0 };
    if (plan.known !== undefined && holds(plan.known, now)) return plan.known;
    return renew(plan, now);
  }

  isDue(now: Date): boolean {
    return now.getTime() >= this.#dueAt;
  }

  /**
   * Looks at those that need it until `sliceMs` have passed; at one at least.
   * @returns whether anything was looked at
   */
  lookAhead(now: Date, sliceMs: number): boolean {
    if (!this.isDue(now)) return false;
    const endsAt = performance.now() + sliceMs;
    let looked = false;
    let dueAt = Number.POSITIVE_INFINITY;
    for (const plan of this.#plans.values()) {
      if (now.getTime() >= dueOf(plan) && (!looked || performance.now() < endsAt)) {
        renew(plan, now);
        looked = true;
      }
      dueAt = Math.min(dueAt, dueOf(plan));
    }
    this.#dueAt = dueAt;
    return looked;
  }
}

function renew(plan: Plan, now: Date): Expansion | Flaw {
  const next = expandSchedule(plan.timing, now);
  plan.known = next.kind === "flawed" ? next : withItsBeginning(next, plan.known);
  return plan.known;
}

/** Of a long chain only the last links are looked at: what is known to have begun earlier did. */
function withItsBeginning(next: Expansion, before: Expansion | Flaw | undefined): Expansion {
  const [first, ...others] = next.stretches;
  if (first === undefined || before?.kind !== "expanded") return next;
  const same = before.stretches.find(
    ({ startsAt, endsAt }) => startsAt < first.startsAt && first.startsAt <= endsAt,
  );
  if (same === undefined) return next;
  return { ...next, stretches: [{ ...first, startsAt: same.startsAt }, ...others] };
}

function holds(known: Expansion | Flaw, now: Date): boolean {
  return known.kind === "flawed" || known.stretches.some(({ endsAt }) => endsAt > now.getTime());
}

function dueOf({ known }: Plan): number {
  if (known === undefined) return Number.NEGATIVE_INFINITY;
  return known.kind === "flawed" ? Number.POSITIVE_INFINITY : known.renewAt;
}

function keyOf({ schedule, timeZone, durationMs }: Recurring): string {
  return JSON.stringify([schedule, timeZone, durationMs]);
}
