import { describe, expect, it } from "vitest";
import type { PropertyBag } from "../../../src/vsphere/decode.ts";
import { hostsEntering } from "../../../src/vsphere/recent-tasks.ts";
import { calendarOf, decodeScheduledTask } from "../../../src/vsphere/scheduled-tasks.ts";
import { aBag, aTaskBag, flag, reference, text, time, typed } from "./values.ts";

const window = {
  startsAt: Date.UTC(2026, 11, 1, 2),
  source: "scheduledTask",
  description: "patch",
};

const host = (id: string) => reference("HostSystem", id);
const cluster = reference("ClusterComputeResource", "domain-c1");

describe("a scheduled task", () => {
  it.each<[string, Record<string, unknown>, string[]]>([
    ["on the host as entity and object", {}, ["host-1"]],
    ["with the host as object only", { "info.entity": cluster }, ["host-1"]],
    ["with the host as entity only", { "info.taskObject": undefined }, ["host-1"]],
    ["on two hosts", { "info.taskObject": host("host-2") }, ["host-1", "host-2"]],
    [
      "that reboots",
      { "info.action": typed("MethodAction", { name: "RebootHost_Task" }) },
      ["host-1"],
    ],
    [
      "that shuts down",
      { "info.action": typed("MethodAction", { name: "ShutdownHost_Task" }) },
      ["host-1"],
    ],
    [
      "that goes to standby",
      { "info.action": typed("MethodAction", { name: "PowerDownHostToStandBy_Task" }) },
      ["host-1"],
    ],
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
  ])("%s takes it down", (_, values, hostIds) => {
    expect(decodeScheduledTask(aTaskBag(values))).toEqual({ kind: "maintenance", hostIds, window });
  });

  it.each<[string, Record<string, unknown>]>([
    ["is disabled", { "info.enabled": flag(false) }],
    ["has no next run", { "info.nextRunTime": undefined }],
    [
      "leaves maintenance",
      { "info.action": typed("MethodAction", { name: "ExitMaintenanceMode_Task" }) },
    ],
    [
      "scans only",
      {
        "info.action": typed("CreateTaskAction", { taskTypeId: "com.vmware.vcIntegrity.ScanTask" }),
      },
    ],
    ["runs a script", { "info.action": typed("RunScriptAction", { script: "x" }) }],
    ["does nothing", { "info.action": undefined }],
  ])("that %s is none of our business", (_, values) => {
    expect(decodeScheduledTask(aTaskBag(values))).toEqual({ kind: "irrelevant" });
  });

  it("that cannot be read could be anything", () => {
    const task = decodeScheduledTask(aTaskBag({}, { "info.action": "NoPermission" }));
    expect(task).toEqual({
      kind: "unreadable",
      why: "vCenter answers NoPermission for info.action of scheduled task schedule-1",
    });
  });

  it("with a time that is none fails", () => {
    expect(() => decodeScheduledTask(aTaskBag({ "info.nextRunTime": text("soon") }))).toThrow(
      'info.nextRunTime: wanted a date and time, found "soon"',
    );
  });
});

describe("the calendar", () => {
  const tasks = [
    aTaskBag({ "info.nextRunTime": time("2026-12-05T00:00:00Z"), "info.name": text("b") }),
    aTaskBag({ "info.nextRunTime": time("2026-12-05T00:00:00Z"), "info.name": text("a") }),
    aTaskBag({ "info.nextRunTime": time("2026-12-02T00:00:00Z"), "info.name": text("c") }),
    aTaskBag({ "info.entity": host("host-2"), "info.taskObject": host("host-2") }),
  ].map(decodeScheduledTask);

  it("gives each host its windows in the order in which they start", () => {
    const horizon = calendarOf(tasks)("host-1");
    expect(
      horizon.kind === "known" && horizon.windows.map(({ description }) => description),
    ).toEqual(["c", "a", "b"]);
  });

  it("knows that nothing is planned for a host without tasks", () => {
    expect(calendarOf(tasks)("host-3")).toEqual({ kind: "known", windows: [] });
  });

  it("knows nothing of any host while one task cannot be read", () => {
    const unreadable = decodeScheduledTask(aTaskBag({}, { "info.entity": "NoPermission" }));
    expect(calendarOf([...tasks, unreadable])("host-3").kind).toBe("unknown");
  });
});

describe("recent tasks", () => {
  it.each<[string, string, boolean]>([
    ["HostSystem.enterMaintenanceMode", "running", true],
    ["HostSystem.enterMaintenanceMode", "queued", true],
    ["HostSystem.enterMaintenanceMode", "success", false],
    ["HostSystem.enterMaintenanceMode", "error", false],
    ["Drm.TrackEnterMaintenanceLro", "running", true],
    ["ClusterComputeResource.enterMaintenanceMode", "running", true],
    ["HostSystem.reboot", "running", true],
    ["HostSystem.shutdown", "running", true],
    ["com.vmware.vcIntegrity.RemediateTask", "running", true],
    ["HostSystem.exitMaintenanceMode", "running", false],
    ["VirtualMachine.powerOn", "running", false],
    ["", "running", false],
  ])("%s, %s: entering is %s", (descriptionId, state, entering) => {
    const bags = [aHost("host-1", "task-1"), aTask("task-1", descriptionId, state)];
    expect(hostsEntering(bags).has("host-1")).toBe(entering);
  });

  it("tells hosts apart, and finds the one task among many", () => {
    const bags = [
      aHost("host-1", "task-1", "task-2"),
      aHost("host-2", "task-3"),
      aHost("host-3"),
      aTask("task-1", "VirtualMachine.powerOn", "running"),
      aTask("task-2", "HostSystem.reboot", "running"),
      aTask("task-3", "VirtualMachine.powerOn", "running"),
    ];
    expect([...hostsEntering(bags)]).toEqual(["host-1"]);
  });

  it("does not mind a task that is gone already", () => {
    expect(hostsEntering([aHost("host-1", "task-9")]).size).toBe(0);
  });
});

function aHost(id: string, ...tasks: string[]): PropertyBag {
  const list = tasks.map((task) => reference("Task", task));
  const value = typed("ArrayOfManagedObjectReference", {
    ManagedObjectReference: list.length === 1 ? list[0] : list,
  });
  return aBag({ type: "HostSystem", id }, { recentTask: value });
}

function aTask(id: string, descriptionId: string, state: string): PropertyBag {
  const values = {
    "info.descriptionId": text(descriptionId),
    "info.state": typed("TaskInfoState", state),
  };
  return aBag({ type: "Task", id }, values);
}
