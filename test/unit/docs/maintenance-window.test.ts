import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readDeclaredWindow } from "../../../src/api/declared-window.ts";
import { expandWindow } from "../../../src/api/expand-window.ts";
import { aRecurringWindow } from "../../support/declared-windows.ts";

const docs = path.resolve(import.meta.dirname, "../../../docs");
const page = readFileSync(path.join(docs, "maintenance-window.md"), "utf8");
const now = new Date("2026-11-22T12:00:00Z");

function texts(pattern: RegExp, text = page): string[] {
  return [...text.matchAll(pattern)].map(([, found]) => found ?? "");
}

describe("the page on MaintenanceWindows", () => {
  it("shows an object that is understood, and when it comes", () => {
    const [yaml = "", ...others] = texts(/```yaml\n(.*?)```/gs);
    expect(others).toEqual([]);
    const [next = ""] = texts(/6#1 +(\S+Z) +8h/g);
    expect(expandWindow(readDeclaredWindow(parse(yaml)), now)).toMatchObject({
      kind: "known",
      windows: expect.arrayContaining([expect.objectContaining({ startsAt: Date.parse(next) })]),
      validUntil: Date.parse(next) + 8 * 3_600_000,
    });
  });

  it("agrees with the page on all sources of maintenance", () => {
    const overview = readFileSync(path.join(docs, "maintenance.md"), "utf8");
    const [yaml = ""] = texts(/```yaml\n(.*?)```/gs, overview);
    expect(parse(yaml)).toMatchObject({ kind: "MaintenanceWindow" });
    expect(expandWindow(readDeclaredWindow(parse(yaml)), now)).toHaveProperty("kind", "known");
    const [anchor] = texts(/maintenance-window\.md#when-something-is-wrong/g, overview);
    expect(anchor).toBeDefined();
    expect(page).toContain("## When something is wrong");
  });

  it("lists schedules that are understood", () => {
    const schedules = texts(/^\| `([^`]+ [^`]+ [^`]+)` \|/gm);
    expect(schedules).toHaveLength(6);
    for (const schedule of schedules) {
      expect(expandWindow(aRecurringWindow(schedule), now)).toHaveProperty("kind", "known");
    }
  });

  it("explains every Reason of the Ready condition", () => {
    expect(texts(/^\| (?:True|False) \| `(\w+)`/gm)).toEqual([
      "Accepted",
      "PartlyMatches",
      "MatchesNothing",
      "Over",
      "InvalidSchedule",
      "UnknownTimeZone",
      "NeverComes",
      "InvalidSpec",
    ]);
  });
});
