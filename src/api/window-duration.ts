/** Reads how long a declared maintenance lasts: a duration as Go writes it, in whole hours, minutes and seconds. */

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const longestMs = 31 * 24 * hourMs;

/** Each unit at most once, the longest first. */
export const durationPattern = /^(?:[0-9]{1,3}h)?(?:[0-9]{1,5}m)?(?:[0-9]{1,7}s)?$/;

export const acceptedDuration = 'from "1m" to "744h" (31 days), such as "4h", "90m" or "2h30m"';

export function isDuration(text: string): boolean {
  const ms = parseDuration(text);
  return durationPattern.test(text) && ms >= minuteMs && ms <= longestMs;
}

/** @returns milliseconds, of a text that is a duration */
export function parseDuration(text: string): number {
  return (
    amountOf(text, "h") * hourMs + amountOf(text, "m") * minuteMs + amountOf(text, "s") * 1_000
  );
}

function amountOf(text: string, unit: string): number {
  return Number(new RegExp(`([0-9]+)${unit}`).exec(text)?.[1] ?? 0);
}
