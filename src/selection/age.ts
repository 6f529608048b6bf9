/** Compares ages with what they may be. */

/** `now` may be milliseconds since the Unix epoch. Exactly as old as the limit is not older. */
export function isOlder(then: Date, now: Date | number, limitMs: number): boolean {
  return now.valueOf() - then.getTime() > limitMs;
}
