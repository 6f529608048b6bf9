/** Reads how long a job must be able to run: whole hours, or a duration as Go writes it. */

/** A year: the most that can be asked for. */
export const maxHours = 8760;

export const acceptedHours =
  'whole hours from 1 to 8760 such as "100", or a duration above zero of up to 8760h such as "72h", "90m" or "1h30m"';

const wholeHours = /^[1-9][0-9]{0,3}$/;

/** Each unit at most once, the longest first; so few digits that no reader overflows, Go's included. */
const duration =
  /^(?:([0-9]{1,4}(?:\.[0-9]{1,9})?)h)?(?:([0-9]{1,6}(?:\.[0-9]{1,9})?)m)?(?:([0-9]{1,8}(?:\.[0-9]{1,9})?)s)?$/;

const nanosPerHour = 3_600_000_000_000n;

/** @returns whole hours from 1 to 8760, rounded up; undefined where the text is not accepted. */
export function parseHours(text: string): number | undefined {
  if (wholeHours.test(text)) return Number(text) <= maxHours ? Number(text) : undefined;
  const [, hours = "0", minutes = "0", seconds = "0"] = duration.exec(text) ?? [];
  const nanos = nanosOf(hours, 3600n) + nanosOf(minutes, 60n) + nanosOf(seconds, 1n);
  if (nanos === 0n || nanos > BigInt(maxHours) * nanosPerHour) return undefined;
  return Number((nanos + nanosPerHour - 1n) / nanosPerHour);
}

/** In whole numbers: 8760h and a nanosecond is too long. */
function nanosOf(decimal: string, secondsPerUnit: bigint): bigint {
  const [whole = "", fraction = ""] = decimal.split(".");
  return BigInt(whole + fraction.padEnd(9, "0")) * secondsPerUnit;
}
