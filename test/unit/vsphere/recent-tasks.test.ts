import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PropertyBag } from "../../../src/vsphere/decode.ts";
import {
  askedFor,
  descriptionIdsOf,
  runningMaintenance,
} from "../../../src/vsphere/recent-tasks.ts";
import { TaskTypes } from "../../../src/vsphere/task-types.ts";
import { aBag, garbage, reference, text, time, typed } from "./values.ts";

const now = Date.UTC(2026, 10, 22);
const queuedAt = "2026-11-21T22:59:00Z";

describe("a recent task", () => {
  it.each<[string, string, boolean]>([
    ["HostSystem.enterMaintenanceMode", "running", true],
    ["HostSystem.enterMaintenanceMode", "queued", true],
    ["HostSystem.enterMaintenanceMode", "success", false],
    ["HostSystem.enterMaintenanceMode", "error", false],
    ["Drm.TrackEnterMaintenanceLro", "running", true],
    ["Drm.EnterStandbyLRO", "running", true],
    ["ClusterComputeResource.enterMaintenanceMode", "running", true],
    ["HostSystem.enterStandbyMode", "running", true],
    ["HostSystem.reboot", "running", true],
    ["HostSystem.shutdown", "running", true],
    ["com.vmware.vcIntegrity.RemediateTask", "running", true],
    ["HostSystem.exitMaintenanceMode", "running", false],
    ["com.vmware.vcIntegrity.ScanTask", "running", false],
    ["VirtualMachine.powerOn", "running", false],
    ["", "running", false],
  ])("%s, %s: takes the host down is %s", (descriptionId, state, takesDown) => {
    const bags = [aHost("host-1", "task-1"), aTask("task-1", descriptionId, state)];
    expect(runningMaintenance(bags, now).has("host-1")).toBe(takesDown);
  });

  it.each<[string, unknown, number]>([
    ["when it was queued", time(queuedAt), Date.parse(queuedAt)],
    ["now, where vCenter does not tell", text("x"), now],
  ])("begins its window %s", (_, queueTime, startsAt) => {
    const task = aTask("task-1", "HostSystem.reboot", "running", { "info.queueTime": queueTime });
    expect(horizonWith(task)).toEqual({
      kind: "known",
      windows: [{ startsAt, source: "runningTask", description: "Reboot host (running)" }],
    });
  });

  it("is told apart by host, and found among many", () => {
    const bags = [
      aHost("host-1", "task-1", "task-2"),
      aHost("host-2", "task-3"),
      aHost("host-3"),
      aTask("task-1", "VirtualMachine.powerOn", "running"),
      aTask("task-2", "HostSystem.reboot", "running"),
      aTask("task-3", "VirtualMachine.powerOn", "running"),
    ];
    expect([...runningMaintenance(bags, now).keys()]).toEqual(["host-1"]);
  });

  it.each<[string, boolean]>([
    ["com.vmware.vcIntegrity.RemediateTask", true],
    ["ClusterComputeResource.enterMaintenanceMode", true],
    ["ClusterComputeResource.reconfigureEx", false],
    ["Drm.TrackEnterMaintenanceLro", false],
    ["Drm.EnterStandbyLRO", false],
  ])("%s on a cluster takes all of it down: %s", (descriptionId, takesDown) => {
    const bags = [
      anEntity("ClusterComputeResource", "domain-c8", "task-1"),
      aHost("host-1"),
      aTask("task-1", descriptionId, "running"),
    ];
    expect([...runningMaintenance(bags, now).keys()]).toEqual(takesDown ? ["domain-c8"] : []);
  });

  it.each(["HostSystem", "ClusterComputeResource"])(
    "of an extension on a %s takes it down where the site says so",
    (type) => {
      const firmware = "com.dell.omevv.FirmwareUpdate";
      const bags = [anEntity(type, "x-1", "task-1"), aTask("task-1", firmware, "running")];
      expect(runningMaintenance(bags, now).size).toBe(0);
      expect(runningMaintenance(bags, now, new TaskTypes([firmware])).get("x-1")).toMatchObject({
        windows: [{ source: "runningTask", description: `${firmware} (running)` }],
      });
    },
  );

  it("says what it does while it runs, and whose it is was asked either way", () => {
    const bags = [
      aHost("host-1", "task-1", "task-2"),
      aBag({ type: "HostSystem", id: "host-2" }, {}, { recentTask: "NoPermission" }),
      aTask("task-1", "com.example.Patch", "running"),
      aTask("task-2", "com.example.Scan", "success"),
    ];
    expect(descriptionIdsOf(bags)).toEqual(["com.example.Patch"]);
    expect(askedFor(bags)).toEqual(new Set(["host-1", "host-2"]));
  });

  it("does not matter when it is gone already", () => {
    expect(runningMaintenance([aHost("host-1", "task-9")], now).size).toBe(0);
  });

  it("that may not be read could be anything, unless it is over", () => {
    expect(horizonWith(aRefusedTask({ "info.state": text("running") }))).toEqual({
      kind: "unknown",
      why: "vCenter answers NoPermission for info.descriptionId of task task-1, on host esxi-a.example.com",
      windows: [],
    });
    expect(horizonWith(aRefusedTask({ "info.state": text("success") }))).toBeUndefined();
  });

  it("that may not be read but in parts is known where these settle it", () => {
    const refused = { "info.state": "NoPermission", "info.queueTime": "NoPermission" };
    const object = { type: "Task", id: "task-1" };
    const harmless = aBag(
      object,
      { "info.descriptionId": text("VirtualMachine.powerOn") },
      refused,
    );
    expect(horizonWith(harmless)).toBeUndefined();
    const reboot = aBag(object, { "info.descriptionId": text("HostSystem.reboot") }, refused);
    expect(horizonWith(reboot)?.kind).toBe("unknown");
  });

  it("may be hidden where the list of tasks is", () => {
    const cluster = { type: "ClusterComputeResource", id: "domain-c8" };
    const shut = aBag(cluster, { name: text("gpu") }, { recentTask: "NoPermission" });
    expect(runningMaintenance([shut], now).get("domain-c8")).toEqual({
      kind: "unknown",
      why: "vCenter answers NoPermission for the recent tasks of cluster gpu",
      windows: [],
    });
  });

  it("of unknown form leaves the others in force", () => {
    const bags = [
      aHost("host-1", "task-1", "task-2"),
      aTask("task-1", "", "running", { "info.descriptionId": undefined }),
      aTask("task-2", "HostSystem.reboot", "running"),
    ];
    expect(runningMaintenance(bags, now).get("host-1")).toMatchObject({
      kind: "unknown",
      windows: [{ source: "runningTask" }],
    });
  });

  it("never makes a reboot that runs disappear, whatever else vCenter tells", () => {
    const property = fc.property(garbage, garbage, garbage, (descriptionId, state, queueTime) => {
      const bags = [
        aHost("host-1", "task-1", "task-2"),
        aTask("task-1", "HostSystem.reboot", "running", { "info.queueTime": queueTime }),
        aTask("task-2", "", "", { "info.descriptionId": descriptionId, "info.state": state }),
        aBag({ type: "HostSystem", id: "host-2" }, { recentTask: state, name: descriptionId }),
      ];
      expect(runningMaintenance(bags, now).get("host-1")?.windows).toHaveLength(1);
    });
    fc.assert(property, { numRuns: 500 });
  });
});

const horizonWith = (task: PropertyBag) =>
  runningMaintenance([aHost("host-1", "task-1"), task], now).get("host-1");

const aRefusedTask = (values: Record<string, unknown>) =>
  aBag({ type: "Task", id: "task-1" }, values, { "info.descriptionId": "NoPermission" });

const aHost = (id: string, ...tasks: string[]) => anEntity("HostSystem", id, ...tasks);

function anEntity(type: string, id: string, ...tasks: string[]): PropertyBag {
  const list = tasks.map((task) => reference("Task", task));
  const recentTask = typed("ArrayOfManagedObjectReference", {
    ManagedObjectReference: list.length === 1 ? list[0] : list,
  });
  return aBag({ type, id }, { name: text("esxi-a.example.com"), recentTask });
}

function aTask(
  id: string,
  descriptionId: string,
  state: string,
  values: Record<string, unknown> = {},
): PropertyBag {
  const defaults = {
    "info.descriptionId": text(descriptionId),
    "info.state": typed("TaskInfoState", state),
    "info.queueTime": time(queuedAt),
  };
  return aBag({ type: "Task", id }, { ...defaults, ...values });
}
