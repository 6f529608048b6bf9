/** Times and maintenance texts as a fleet file has them: relative to when it is loaded. */
import { parseIntervals, type TimeSpan } from "../../src/vsphere/intervals.ts";

const units = [
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** `in 399h30m`, `2h ago`, to the second. */
export function relativeTo(now: number, time: number): string {
  let rest = Math.round(Math.abs(time - now) / 1_000) * 1_000;
  const parts = units.map(([unit, length]) => {
    const count = Math.floor(rest / length);
    rest -= count * length;
    return count === 0 ? "" : `${count}${unit}`;
  });
  const span = parts.join("") || "0s";
  return time < now ? `${span} ago` : `in ${span}`;
}

/**
 * A maintenance attribute's value: intervals with their times made relative, `none` as it is, and of anything else the
 * shape alone, which is no interval either.
 */
export function relativeIntervals(text: string, now: number): string {
  const trimmed = text.trim();
  if (trimmed === "" || trimmed.toLowerCase() === "none") return trimmed.toLowerCase();
  return trimmed
    .split(",")
    .map((part) => relativePart(part.trim(), now))
    .join(", ");
}

function relativePart(part: string, now: number): string {
  const { spans, problem } = parseIntervals(part);
  const [span] = spans;
  return span === undefined || problem !== undefined ? shapeOf(part) : inBraces(span, now);
}

function inBraces({ startsAt, endsAt }: TimeSpan, now: number): string {
  return `{${relativeTo(now, startsAt)}}/{${relativeTo(now, endsAt)}}`;
}

const longestShape = 80;

/** Letters become `x`, digits `0`; the rest of the signs tells what somebody may have meant. */
function shapeOf(text: string): string {
  const shape = text
    .slice(0, longestShape)
    .replaceAll(/\p{L}/gu, "x")
    .replaceAll(/\p{N}/gu, "0")
    .replaceAll(/[^x0 :;/+\-.TPZ]/gu, "?");
  return shape === "" ? "?" : shape;
}
