/** Time, as an argument: so that a test can let an hour pass in a millisecond. */

import { setTimeout as wait } from "node:timers/promises";

export interface Clock {
  /** Milliseconds that never jump, for durations. */
  monotonicMs(): number;
  /** The time of day, for what people read; it may jump. */
  now(): Date;
  /** Resolves after `ms`, or as soon as the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  now: () => new Date(),
  sleep: async (ms, signal) => wait(ms, undefined, signal && { signal }).catch(() => {}),
};

/** @returns the time as Kubernetes' MicroTime, which must have exactly six decimals. */
export function microTime(date: Date): string {
  return date.toISOString().replace("Z", "000Z");
}
