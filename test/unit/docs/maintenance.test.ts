/** What docs/maintenance.md shows as an example is what gpuinfo reads. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parseIntervals } from "../../../src/vsphere/intervals.ts";
import { decodeScheduledTask } from "../../../src/vsphere/scheduled-tasks.ts";
import { aTaskBag, typed } from "../vsphere/values.ts";

const page = readFileSync(path.join(import.meta.dirname, "../../../docs/maintenance.md"), "utf8");
const sectionOf = (title: string) =>
  page.split(/^###? /m).find((part) => part.startsWith(title)) ?? "";
const attribute = sectionOf("Custom attribute");
const scheduled = sectionOf("Scheduled tasks");

const firstCells = (section: string) =>
  [...section.matchAll(/^\| `(\d[^`]*)` \|/gm)].map(([, cell = ""]) => cell);
const methods = [...scheduled.matchAll(/`(\w+_Task)`/g)].map(([, method = ""]) => method);

describe("the page about maintenance", () => {
  it.each(firstCells(attribute))("shows an attribute that is read: %s", (text) => {
    expect(parseIntervals(text)).toEqual({ spans: expect.objectContaining({}) });
  });

  it("shows enough of them, and the message about one that is not read as it is", () => {
    expect(firstCells(attribute).length).toBeGreaterThan(3);
    const [, shown = ""] = /```text\n([^`]*)```/.exec(attribute) ?? [];
    const { problem = "" } = parseIntervals("2026-12-01T02:00/PT4H");
    expect(shown.replaceAll(/\s+/g, " ").trim()).toBe(
      `gpuinfo.maintenance of cluster gpu: ${problem}`,
    );
  });

  it.each([...new Set(methods)])("names a scheduled task that takes a host down: %s", (name) => {
    const task = aTaskBag({ "info.action": typed("MethodAction", { name }) });
    expect(decodeScheduledTask(task).kind).toBe("maintenance");
  });

  it("names the remediation of baselines", () => {
    const [, taskTypeId] = /task type `([^`]+)`/.exec(scheduled) ?? [];
    const task = aTaskBag({ "info.action": typed("CreateTaskAction", { taskTypeId }) });
    expect(methods.length).toBeGreaterThan(3);
    expect(decodeScheduledTask(task).kind).toBe("maintenance");
  });
});
