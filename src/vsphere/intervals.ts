/** Reads the stretches of time that people write by hand: ISO 8601 intervals, separated by commas. */
import { Interval } from "luxon";
import { cut } from "./words.ts";

/** Milliseconds since the Unix epoch; the end is after the start. */
export interface TimeSpan {
  readonly startsAt: number;
  readonly endsAt: number;
}

/** `spans` are those that could be read, in the order in which they were written. */
export interface ParsedIntervals {
  readonly spans: readonly TimeSpan[];
  /** What could not be read, and what is wanted instead. */
  readonly problem?: string;
}

/** More characters are not read: nobody plans that far. */
export const longestText = 4096;
const mostIntervals = 100;

const wanted =
  "wanted ISO 8601 intervals with a time zone, separated by commas, such as 2026-12-01T02:00Z/PT4H, or none";

/** Reads intervals such as `2026-12-01T02:00Z/PT4H` or `2026-12-01T02:00+01:00/2026-12-01T06:00+01:00`. */
export function parseIntervals(text: string): ParsedIntervals {
  const spans: TimeSpan[] = [];
  const problems = [...excess(text)];
  for (const part of partsOf(text)) {
    const span = parseInterval(part.trim().toUpperCase());
    if (typeof span !== "string") spans.push(span);
    else problems.push(`${JSON.stringify(cut(part, 60))} ${span}`);
  }
  const [first, ...others] = problems;
  if (first === undefined) return { spans };
  const more = others.length > 0 ? `, and ${others.length} more` : "";
  return { spans, problem: `${first}${more}; ${wanted}` };
}

function partsOf(text: string): string[] {
  const parts = text.slice(0, longestText).split(",");
  const whole = text.length > longestText ? parts.slice(0, -1) : parts;
  return whole.slice(0, mostIntervals);
}

function excess(text: string): string[] {
  if (text.length > longestText) return [`${text.length} characters are more than ${longestText}`];
  const count = text.split(",").length;
  return count > mostIntervals ? [`${count} intervals are more than ${mostIntervals}`] : [];
}

const localTime = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?`;
const zone = String.raw`(?:Z|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)`;
const number = String.raw`\d{1,6}`;
const fraction = String.raw`\d{1,6}(?:\.\d{1,9})?`;
const days = `(?:${number}Y)?(?:${number}M)?(?:${number}W)?(?:${number}D)?`;
const clock = String.raw`(?:T(?=\d)(?:${fraction}H)?(?:${fraction}M)?(?:${fraction}S)?)?`;
const duration = String.raw`P(?=\d|T\d)${days}${clock}`;
const interval = new RegExp(`^${localTime}${zone}/(?:${localTime}${zone}|${duration})$`);
const withoutZone = new RegExp(`^${localTime}${zone}?/(?:${localTime}${zone}?|${duration})$`);

/** The span, or what is wrong with it. */
function parseInterval(text: string): TimeSpan | string {
  if (text === "") return "is empty";
  if (!interval.test(text))
    return withoutZone.test(text) ? "has no time zone (Z or +01:00)" : "is no interval";
  const parsed = Interval.fromISO(text, { setZone: true });
  const startsAt = parsed.start?.toMillis();
  const endsAt = parsed.end?.toMillis();
  if (parsed.invalidReason === "end before start") return "ends before it begins";
  if (!parsed.isValid || startsAt === undefined || endsAt === undefined)
    return "names a day or an hour that does not exist";
  if (endsAt <= startsAt) return "lasts no time";
  return isSane(startsAt) && isSane(endsAt)
    ? { startsAt, endsAt }
    : "is not in this century or the next";
}

const earliest = Date.UTC(2000, 0, 1);
const latest = Date.UTC(2200, 0, 1);

function isSane(time: number): boolean {
  return time >= earliest && time < latest;
}
