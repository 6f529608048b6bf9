import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeScheduledTask, decodeTaskManager } from "../../../src/vsphere/scheduled-tasks.ts";
import { aBag, aTaskBag, flag, garbage, reference, text, typed } from "./values.ts";

const window = {
  startsAt: Date.UTC(2026, 11, 1, 2),
  source: "scheduledTask",
  description: "patch",
};
const host = (id: string) => reference("HostSystem", id);
const cluster = reference("ClusterComputeResource", "domain-c8");
const targets = (...ids: string[]) =>
  ids.map((id) => ({ type: id.startsWith("host") ? "HostSystem" : "ClusterComputeResource", id }));
const method = (name: string) => ({ "info.action": typed("MethodAction", { name }) });

describe("a scheduled task", () => {
  it.each<[string, Record<string, unknown>, string[]]>([
    ["on the host as entity and object", {}, ["host-1"]],
    ["with a cluster as entity", { "info.entity": cluster }, ["domain-c8", "host-1"]],
    ["with the host as entity only", { "info.taskObject": undefined }, ["host-1"]],
    ["with the host as object only", { "info.entity": undefined }, ["host-1"]],
    ["on two hosts", { "info.taskObject": host("host-2") }, ["host-1", "host-2"]],
    ["that reboots", method("RebootHost_Task"), ["host-1"]],
    ["that shuts down", method("ShutdownHost_Task"), ["host-1"]],
    ["that goes to standby", method("PowerDownHostToStandBy_Task"), ["host-1"]],
    [
      "that remediates",
      {
        "info.action": typed("CreateTaskAction", {
          taskTypeId: "com.vmware.vcIntegrity.RemediateTask",
        }),
      },
      ["host-1"],
    ],
    ["that does not say whether it is enabled", { "info.enabled": undefined }, ["host-1"]],
  ])("%s takes down what it is about", (_, values, ids) => {
    expect(decodeScheduledTask(aTaskBag(values))).toEqual({
      kind: "maintenance",
      targets: targets(...ids),
      window,
    });
  });

  it.each<[string, Record<string, unknown>, Record<string, string>]>([
    ["is disabled", { "info.enabled": flag(false) }, {}],
    [
      "is disabled, whatever else is refused",
      { "info.enabled": flag(false) },
      { "info.action": "NoPermission", "info.entity": "NoPermission" },
    ],
    ["has no next run", { "info.nextRunTime": undefined }, {}],
    ["leaves maintenance", method("ExitMaintenanceMode_Task"), {}],
    [
      "leaves maintenance at a time of unknown form",
      { ...method("ExitMaintenanceMode_Task"), "info.nextRunTime": text("soon") },
      {},
    ],
    [
      "scans only",
      {
        "info.action": typed("CreateTaskAction", { taskTypeId: "com.vmware.vcIntegrity.ScanTask" }),
      },
      {},
    ],
    ["runs a script", { "info.action": typed("RunScriptAction", { script: "x" }) }, {}],
    ["does nothing", { "info.action": undefined }, {}],
  ])("that %s is none of our business", (_, values, refused) => {
    expect(decodeScheduledTask(aTaskBag(values, refused))).toEqual({ kind: "irrelevant" });
  });

  it.each<[string, Record<string, unknown>, Record<string, string>, string]>([
    [
      "action is refused",
      {},
      { "info.action": "NoPermission" },
      "vCenter answers NoPermission for info.action of scheduled task schedule-1 (patch)",
    ],
    [
      "next run is refused",
      {},
      { "info.nextRunTime": "NoPermission" },
      "vCenter answers NoPermission for info.nextRunTime",
    ],
    [
      "next run has an unknown form",
      { "info.nextRunTime": text("soon") },
      {},
      "info.nextRunTime of scheduled task schedule-1 (patch) has an unknown form",
    ],
    [
      "enabled has an unknown form",
      { "info.enabled": text("perhaps") },
      {},
      "info.enabled of scheduled task",
    ],
    [
      "action has no type",
      { "info.action": { name: "RebootHost_Task" } },
      {},
      "info.action of scheduled task",
    ],
    [
      "action has no name",
      { "info.action": typed("MethodAction", {}) },
      {},
      "info.action of scheduled task",
    ],
  ])("whose %s may take down what it is about, and nothing else", (_, values, refused, why) => {
    expect(decodeScheduledTask(aTaskBag(values, refused))).toEqual({
      kind: "unreadable",
      targets: targets("host-1"),
      why: expect.stringContaining(why),
    });
  });

  it.each<[string, Record<string, unknown>, Record<string, string>]>([
    ["entity is refused", {}, { "info.entity": "NoPermission" }],
    ["object is refused", {}, { "info.taskObject": "NoPermission" }],
    ["entity has an unknown form", { "info.entity": text("host-1") }, {}],
    [
      "entity and object are not told",
      { "info.entity": undefined, "info.taskObject": undefined },
      {},
    ],
    ["everything is refused", {}, { "*": "NoPermission" }],
  ])("whose %s could be about anything", (_, values, refused) => {
    const task = decodeScheduledTask(aTaskBag(values, refused));
    expect(task).toEqual({ kind: "unreadable", why: expect.stringContaining("schedule-1") });
  });

  it("needs no name", () => {
    const task = decodeScheduledTask(
      aTaskBag({ "info.name": undefined }, { "info.name": "NoPermission" }),
    );
    expect(task).toMatchObject({ window: { description: "scheduled task schedule-1" } });
  });

  it("is never lost, whatever vCenter tells: it is harmless only where a part of it says so", () => {
    const paths = [
      "info.enabled",
      "info.entity",
      "info.taskObject",
      "info.action",
      "info.nextRunTime",
      "info.name",
    ];
    const values = fc.dictionary(fc.constantFrom(...paths), garbage);
    const property = fc.property(values, (some) => {
      const task = decodeScheduledTask(aTaskBag(some));
      const changed = ["info.enabled", "info.action", "info.nextRunTime"].some((path) =>
        Object.hasOwn(some, path),
      );
      expect(changed || task.kind !== "irrelevant").toBe(true);
    });
    fc.assert(property, { numRuns: 500 });
  });
});

describe("the list of scheduled tasks", () => {
  it("that was not told could hold anything", () => {
    expect(decodeTaskManager(undefined).kind).toBe("unreadable");
  });

  const manager = { type: "ScheduledTaskManager", id: "ScheduledTaskManager" };
  it.each<[Record<string, string>, string]>([
    [{ scheduledTask: "NoPermission" }, "unreadable"],
    [{ "*": "NoPermission" }, "unreadable"],
    [{}, "irrelevant"],
  ])("with %j refused is %s", (refused, kind) => {
    expect(decodeTaskManager(aBag(manager, {}, refused)).kind).toBe(kind);
  });
});
