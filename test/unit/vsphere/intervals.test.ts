import fc from "fast-check";
import { DateTime, FixedOffsetZone } from "luxon";
import { describe, expect, it } from "vitest";
import { parseIntervals } from "../../../src/vsphere/intervals.ts";

const hour = 3_600_000;
const manyIntervals = (count: number) => Array(count).fill("2026-12-01T02:00Z/PT1H").join(",");
const twoOfLength = (length: number) => manyIntervals(2).padEnd(length);
const inZone = (time: number, offset: number) =>
  DateTime.fromMillis(time, { zone: FixedOffsetZone.instance(offset) }).toISO();
const span = (from: string, to: string) => ({ startsAt: Date.parse(from), endsAt: Date.parse(to) });

describe("an interval", () => {
  it.each<[string, string, string, string]>([
    ["with a duration", "2026-12-01T02:00Z/PT4H", "2026-12-01T02:00:00Z", "2026-12-01T06:00:00Z"],
    [
      "with an end",
      "2026-12-01T02:00Z/2026-12-01T06:30Z",
      "2026-12-01T02:00:00Z",
      "2026-12-01T06:30:00Z",
    ],
    [
      "with blanks around and lower case",
      " \t2026-12-01t02:00z/pt4h \n",
      "2026-12-01T02:00:00Z",
      "2026-12-01T06:00:00Z",
    ],
    [
      "with seconds and their parts",
      "2026-12-01T02:00:30.5Z/PT1.5H",
      "2026-12-01T02:00:30.500Z",
      "2026-12-01T03:30:30.500Z",
    ],
    [
      "with two offsets, as around a change of the clocks",
      "2026-10-25T01:30+02:00/2026-10-25T03:30+01:00",
      "2026-10-24T23:30:00Z",
      "2026-10-25T02:30:00Z",
    ],
    [
      "with an offset in short",
      "2026-12-01T02:00-0530/PT1H",
      "2026-12-01T07:30:00Z",
      "2026-12-01T08:30:00Z",
    ],
    [
      "with an offset of whole hours",
      "2026-12-01T02:00+14/PT1H",
      "2026-11-30T12:00:00Z",
      "2026-11-30T13:00:00Z",
    ],
    [
      "over a leap day",
      "2028-02-28T12:00Z/P1DT24H",
      "2028-02-28T12:00:00Z",
      "2028-03-01T12:00:00Z",
    ],
    [
      "that begins on a leap day",
      "2028-02-29T00:00Z/P1Y",
      "2028-02-29T00:00:00Z",
      "2029-02-28T00:00:00Z",
    ],
    [
      "over the end of a year",
      "2026-12-31T23:00Z/PT2H",
      "2026-12-31T23:00:00Z",
      "2027-01-01T01:00:00Z",
    ],
    [
      "of a month, from the 31st",
      "2026-01-31T00:00Z/P1M",
      "2026-01-31T00:00:00Z",
      "2026-02-28T00:00:00Z",
    ],
    [
      "that ends at 24:00",
      "2026-12-01T20:00Z/2026-12-01T24:00Z",
      "2026-12-01T20:00:00Z",
      "2026-12-02T00:00:00Z",
    ],
  ])("%s is read", (_, text, from, to) => {
    expect(parseIntervals(text)).toEqual({ spans: [span(from, to)] });
  });

  it.each<[string, string, string]>([
    ["no zone", "2026-12-01T02:00/PT4H", "has no time zone"],
    ["no zone at its end", "2026-12-01T02:00Z/2026-12-01T06:00", "has no time zone"],
    ["no end", "2026-12-01T02:00Z", "is no interval"],
    ["no start", "/PT4H", "is no interval"],
    ["a date only", "2026-12-01/P1D", "is no interval"],
    ["a third part", "2026-12-01T02:00Z/PT4H/PT4H", "is no interval"],
    ["its duration first", "PT4H/2026-12-01T02:00Z", "is no interval"],
    ["a short end", "2026-12-01T02:00Z/06:00Z", "is no interval"],
    ["a week for a date", "2026-W49-2T02:00Z/PT4H", "is no interval"],
    ["a negative duration", "2026-12-01T02:00Z/-PT4H", "is no interval"],
    ["a negative part", "2026-12-01T02:00Z/PT-4H", "is no interval"],
    ["an empty duration", "2026-12-01T02:00Z/P", "is no interval"],
    ["an empty clock", "2026-12-01T02:00Z/P1DT", "is no interval"],
    ["a zone with a name", "2026-12-01T02:00[Europe/Berlin]/PT4H", "is no interval"],
    ["an offset that nobody has", "2026-12-01T02:00+15:00/PT4H", "is no interval"],
    ["no length", "2026-12-01T02:00Z/PT0S", "lasts no time"],
    ["the same end", "2026-12-01T02:00Z/2026-12-01T03:00+01:00", "lasts no time"],
    ["its end first", "2026-12-01T02:00Z/2026-12-01T01:59Z", "ends before it begins"],
    ["a leap day in another year", "2027-02-29T02:00Z/PT4H", "does not exist"],
    ["a thirteenth month", "2026-13-01T02:00Z/PT4H", "does not exist"],
    ["an hour that is none", "2026-12-01T25:00Z/PT4H", "does not exist"],
    ["a year long ago", "0026-12-01T02:00Z/PT4H", "is not in this century or the next"],
    ["an end in the far future", "2026-12-01T02:00Z/P999Y", "is not in this century or the next"],
    ["words", "tomorrow night", "is no interval"],
    ["a rule", "RRULE:FREQ=WEEKLY", "is no interval"],
    ["nothing", "  ", "is empty"],
  ])("with %s is refused, with what is wanted", (_, text, why) => {
    const { spans, problem } = parseIntervals(text);
    expect(spans).toEqual([]);
    expect(problem).toContain(why);
    expect(problem).toContain("wanted ISO 8601 intervals with a time zone");
  });
});

describe("several intervals", () => {
  it("are all read, in the order in which they are written", () => {
    const text = "2026-12-02T02:00Z/PT1H, 2026-12-01T02:00Z/PT1H";
    expect(parseIntervals(text).spans).toEqual([
      span("2026-12-02T02:00:00Z", "2026-12-02T03:00:00Z"),
      span("2026-12-01T02:00:00Z", "2026-12-01T03:00:00Z"),
    ]);
  });

  it("keep those that can be read, and tell of the first that cannot and how many more", () => {
    const { spans, problem } = parseIntervals("soon,2026-12-01T02:00Z/PT1H,,later");
    expect(spans).toHaveLength(1);
    expect(problem).toMatch(/^"soon" is no interval, and 2 more; wanted/);
  });

  it("may be a hundred and no more", () => {
    expect(parseIntervals(manyIntervals(100))).not.toHaveProperty("problem");
    expect(parseIntervals(manyIntervals(101))).toMatchObject({
      problem: expect.stringContaining("101 intervals are more than 100"),
      spans: { length: 100 },
    });
  });

  it("may have 4,096 characters and no more", () => {
    expect(parseIntervals(twoOfLength(4096))).toMatchObject({ spans: { length: 2 } });
    expect(parseIntervals(twoOfLength(4097))).toMatchObject({
      problem: expect.stringContaining("4097 characters are more than 4096"),
      spans: { length: 1 },
    });
  });

  it("show of what was found a short, clean piece", () => {
    const { problem = "" } = parseIntervals(`a\n\u0000\u202eb${"x".repeat(1_000)}`);
    expect(problem).toMatch(/^"a bx+…" is no interval/);
    expect(problem.length).toBeLessThan(220);
  });
});

const times = fc.integer({ min: Date.UTC(2000, 0, 2), max: Date.UTC(2190, 0, 1) });
const offsets = fc.integer({ min: -14 * 60, max: 14 * 60 });

describe("whatever is written", () => {
  it("reads back every start and end, whichever offsets they are told in", () => {
    const property = fc.property(
      times,
      fc.integer({ min: 1, max: 3_000 * hour }),
      offsets,
      offsets,
      (startsAt, lasts, before, after) => {
        const text = `${inZone(startsAt, before)}/${inZone(startsAt + lasts, after)}`;
        expect(parseIntervals(text)).toEqual({ spans: [{ startsAt, endsAt: startsAt + lasts }] });
      },
    );
    fc.assert(property);
  });

  it("adds durations of hours exactly, over leap days and years' ends", () => {
    const property = fc.property(
      times,
      offsets,
      fc.integer({ min: 1, max: 9_999 }),
      (time, offset, hours) => {
        const startsAt = Math.floor(time / 60_000) * 60_000;
        const start = DateTime.fromMillis(startsAt, { zone: FixedOffsetZone.instance(offset) });
        const text = `${start.toISO({ suppressSeconds: true })}/PT${hours}H`;
        expect(parseIntervals(text)).toEqual({
          spans: [{ startsAt, endsAt: startsAt + hours * hour }],
        });
      },
    );
    fc.assert(property);
  });

  it("is either read whole or has a problem, and what was read makes sense", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "2026-12-01T02:00Z",
        "PT4H",
        "/",
        ",",
        "Z",
        "+01:00",
        "T",
        "P1D",
        "none",
        "2028-02-29",
      ),
      fc.string({ maxLength: 5 }),
      fc.string({ unit: "binary", maxLength: 5 }),
    );
    const texts = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(""));
    const property = fc.property(texts, (text) => {
      const { spans, problem } = parseIntervals(text);
      expect(spans.every(({ startsAt, endsAt }) => startsAt < endsAt)).toBe(true);
      expect(problem !== undefined || spans.length === text.split(",").length).toBe(true);
    });
    fc.assert(property, { numRuns: 300 });
  });
});
