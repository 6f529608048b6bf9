import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Calendar } from "../../../src/vsphere/calendar.ts";
import type { ManagedObject, PropertyBag } from "../../../src/vsphere/decode.ts";
import { TaskTypes } from "../../../src/vsphere/task-types.ts";
import {
  aFieldsBag,
  aHostIn,
  aPlace,
  attribute,
  cluster,
  customValue,
  datacenter,
  folder,
  refTo,
  rootFolder,
  theTree,
} from "./tree.ts";
import { aBag, aTaskBag, change, flag, garbage, reference, text, time, typed } from "./values.ts";

const host: ManagedObject = { type: "HostSystem", id: "host-1" };
const manager: ManagedObject = { type: "ScheduledTaskManager", id: "ScheduledTaskManager" };
const noMaintenance = { kind: "known", windows: [] };
const patchAt = Date.UTC(2026, 11, 1, 2);
const written = "2026-12-24T02:00Z/PT4H";
/** Hosts and places that told of their recent tasks. */
const everything = new Set(["host-1", "domain-c8", "domain-c9", "domain-s9"]);

function aCalendar(...bags: readonly PropertyBag[]): Calendar {
  const calendar = new Calendar({ rootFolder, maintenanceAttribute: attribute });
  for (const bag of [aFieldsBag({ [attribute]: 0 }), aBag(manager, {}), ...theTree, ...bags])
    calendar.apply(change("enter", bag));
  calendar.setRunning(new Map(), everything);
  return calendar;
}

const about = (object: ManagedObject, values: Record<string, unknown> = {}, refused = {}) =>
  aTaskBag({ "info.entity": refTo(object), "info.taskObject": refTo(object), ...values }, refused);

const horizonIn = (calendar: Calendar, bag = aHostIn(cluster)) =>
  calendar.surroundings(bag).horizon;

describe("a scheduled task", () => {
  it.each([host, cluster, folder, datacenter, rootFolder])(
    "on %j is for the host below",
    (object) => {
      expect(horizonIn(aCalendar(about(object)))).toEqual({
        kind: "known",
        windows: [{ startsAt: patchAt, source: "scheduledTask", description: "patch" }],
      });
    },
  );

  it.each<ManagedObject>([
    { type: "HostSystem", id: "host-2" },
    { type: "ClusterComputeResource", id: "domain-c9" },
    { type: "VirtualMachine", id: "vm-1" },
    { type: "Folder", id: "group-v3" },
  ])("on %j is for others", (object) => {
    expect(horizonIn(aCalendar(about(object)))).toEqual(noMaintenance);
  });

  it("on the compute resource of a host that stands alone is for that host, which has no cluster", () => {
    const alone: ManagedObject = { type: "ComputeResource", id: "domain-s9" };
    const calendar = aCalendar(aPlace(alone, "esxi-a", folder), about(alone));
    expect(calendar.surroundings(aHostIn(alone))).toMatchObject({
      cluster: "",
      horizon: { windows: [{ startsAt: patchAt }] },
    });
  });

  it("is moved, disabled and removed", () => {
    const calendar = aCalendar(about(cluster));
    const later = { "info.nextRunTime": time("2026-12-08T02:00:00Z") };
    calendar.apply(change("modify", aBag(about(cluster).object, later)));
    expect(horizonIn(calendar).windows[0]?.startsAt).toBe(Date.UTC(2026, 11, 8, 2));
    calendar.apply(change("modify", aBag(about(cluster).object, { "info.enabled": flag(false) })));
    expect(horizonIn(calendar)).toEqual(noMaintenance);
    calendar.apply(change("modify", aBag(about(cluster).object, { "info.enabled": flag(true) })));
    calendar.apply(change("leave", about(cluster)));
    expect(horizonIn(calendar)).toEqual(noMaintenance);
  });

  it("that cannot be read leaves unknown what it is about, and nothing else", () => {
    const calendar = aCalendar(about(cluster, { "info.nextRunTime": text("soon") }));
    expect(horizonIn(calendar).kind).toBe("unknown");
    expect(horizonIn(calendar, aHostIn(folder))).toEqual(noMaintenance);
  });

  it("of which nothing can be read leaves everything unknown", () => {
    const calendar = aCalendar(
      aBag({ type: "ScheduledTask", id: "schedule-9" }, {}, { "*": "NoPermission" }),
    );
    expect(horizonIn(calendar, aHostIn(folder)).kind).toBe("unknown");
  });

  it("is joined with others, in the order in which they start", () => {
    const early = {
      ...about(host, {
        "info.name": text("early"),
        "info.nextRunTime": time("2026-11-30T00:00:00Z"),
      }),
      object: { type: "ScheduledTask", id: "schedule-2" },
    };
    expect(horizonIn(aCalendar(about(cluster), early)).windows).toEqual([
      { startsAt: Date.UTC(2026, 10, 30), source: "scheduledTask", description: "early; patch" },
    ]);
  });
});

describe("where the way up cannot be followed", () => {
  it.each<[string, PropertyBag, PropertyBag, string]>([
    [
      "is hidden",
      aHostIn(cluster),
      aPlace(folder, "host", { type: "Datacenter", id: "datacenter-9" }),
      "datacenter datacenter-9 above folder host",
    ],
    [
      "is refused",
      aHostIn(cluster),
      aPlace(datacenter, "DC0", undefined, {}, { parent: "NoPermission" }),
      "what is above datacenter DC0",
    ],
    [
      "goes in a circle",
      aHostIn(cluster),
      aPlace(folder, "host", cluster),
      "what is above folder host",
    ],
    [
      "is refused by the host",
      aHostIn(cluster, { parent: undefined }, { parent: "NoPermission" }),
      aBag(manager, {}),
      "what is above host esxi-a.example.com",
    ],
  ])("because it %s, tasks and attributes there could go unnoticed", (_, bag, odd, why) => {
    expect(horizonIn(aCalendar(odd), bag)).toEqual({
      kind: "unknown",
      why: `vCenter does not show ${why}, which may have maintenance: give the account the Read-only role at the root, propagated`,
      windows: [],
    });
  });

  it("a MaintenanceWindow for its cluster could go unnoticed while that has no name", () => {
    const nameless = aPlace(cluster, "", folder, { name: undefined }, { name: "NoPermission" });
    const { cluster: name, horizon } = aCalendar(nameless).surroundings(aHostIn(cluster));
    expect(name).toBe("");
    expect(horizon).toMatchObject({
      kind: "unknown",
      why: expect.stringContaining("vCenter does not show the name of cluster domain-c8"),
    });
  });

  it("a task on the first hidden place is still for the host", () => {
    const calendar = aCalendar(about(datacenter));
    calendar.apply(change("leave", aPlace(datacenter, "DC0", rootFolder)));
    expect(horizonIn(calendar)).toMatchObject({
      kind: "unknown",
      windows: [{ startsAt: patchAt }],
    });
  });
});

const reboot = {
  startsAt: 1,
  source: "runningTask",
  description: "Reboot host (running)",
} as const;
const running = () => new Map([["host-1", { kind: "known", windows: [{ ...reboot }] } as const]]);

describe("a running task", () => {
  it.each(["host-1", "domain-c8"])(
    "on %s has the host entering maintenance, in a window of its own",
    (id) => {
      const calendar = aCalendar();
      const found = new Map([[id, { kind: "known", windows: [reboot] } as const]]);
      expect(calendar.setRunning(found, everything)).toBe(true);
      expect(calendar.surroundings(aHostIn(cluster))).toMatchObject({
        entering: true,
        horizon: { windows: [reboot] },
      });
    },
  );

  it("that may not be read leaves the host unreadable, as its live state", () => {
    const calendar = aCalendar();
    const hidden = { kind: "unknown", why: "x", windows: [] } as const;
    calendar.setRunning(new Map([["host-1", hidden]]), everything);
    expect(calendar.surroundings(aHostIn(cluster))).toMatchObject({
      entering: false,
      unreadable: ["recentTask"],
      horizon: { kind: "unknown", why: "x" },
    });
  });

  it("that is told again changes nothing", () => {
    const calendar = aCalendar();
    calendar.setRunning(running(), everything);
    expect(calendar.setRunning(running(), new Set(everything))).toBe(false);
  });

  it.each([
    ["the host was", ["domain-c8"]],
    ["its cluster was", ["host-1"]],
    ["any of them was", []],
  ])("could go unnoticed before %s asked, so that the host is unreadable", (_, asked) => {
    const calendar = aCalendar();
    expect(calendar.surroundings(aHostIn(cluster)).unreadable).toEqual([]);
    expect(calendar.setRunning(new Map(), new Set(asked))).toBe(true);
    expect(calendar.surroundings(aHostIn(cluster)).unreadable).toEqual(["recentTask"]);
  });

  it("could go unnoticed on the cluster that the host got to, until that was asked", () => {
    const other = { type: "ClusterComputeResource", id: "domain-c10" };
    const calendar = aCalendar(aPlace(other, "cpu", folder));
    expect(calendar.surroundings(aHostIn(other)).unreadable).toEqual(["recentTask"]);
    calendar.setRunning(new Map(), new Set([...everything, other.id]));
    expect(calendar.surroundings(aHostIn(other)).unreadable).toEqual([]);
  });
});

describe("what is written", () => {
  it("is joined with what is scheduled", () => {
    const bag = aHostIn(cluster, { customValue: customValue({ 0: "2026-11-30T00:00Z/PT4H" }) });
    expect(horizonIn(aCalendar(about(cluster)), bag).windows.map(({ source }) => source)).toEqual([
      "customAttribute",
      "scheduledTask",
    ]);
  });

  it("counts before its attribute's definition is pushed only after that was asked for", () => {
    const bag = aHostIn(cluster, { customValue: customValue({ 5: written }) });
    const calendar = aCalendar();
    calendar.noteValues(bag);
    expect(calendar.lacksDefinitions()).toBe(true);
    calendar.setDefinitions(aFieldsBag({ [attribute]: [0, 5] }));
    expect(calendar.lacksDefinitions()).toBe(false);
    expect(horizonIn(calendar, bag).windows).toHaveLength(1);
  });

  it("under a key that nobody defines is asked for once", () => {
    const bag = aPlace(cluster, "gpu", folder, { customValue: customValue({ 5: written }) });
    const calendar = aCalendar(bag);
    expect(calendar.lacksDefinitions()).toBe(true);
    calendar.setDefinitions(aFieldsBag({ [attribute]: 0 }));
    calendar.apply(change("modify", bag));
    expect(calendar.lacksDefinitions()).toBe(false);
  });

  it("stays known when vCenter tells nothing new of the definitions", () => {
    const calendar = aCalendar();
    calendar.apply(change("modify", aBag(aFieldsBag({}).object, {})));
    const bag = aHostIn(cluster, { customValue: customValue({ 0: written }) });
    expect(horizonIn(calendar, bag).windows).toHaveLength(1);
  });

  it("is unknown while the definitions are, and once they are gone", () => {
    const calendar = new Calendar({ rootFolder, maintenanceAttribute: attribute });
    expect(horizonIn(calendar)).toMatchObject({
      kind: "unknown",
      why: expect.stringContaining("not read yet"),
    });
    const read = aCalendar();
    read.apply(change("leave", aFieldsBag({})));
    expect(horizonIn(read).kind).toBe("unknown");
  });
});

const renamed = () => change("modify", aFieldsBag({ "gpuinfo.maintenanse": 0 }));

describe("the attribute itself", () => {
  const onHost = aHostIn(cluster, { customValue: customValue({ 0: written }) });

  it("is told to be defined, not defined, or hidden", () => {
    const calendar = new Calendar({ rootFolder, maintenanceAttribute: attribute });
    expect(calendar.isAttributeDefined).toBeUndefined();
    calendar.apply(change("enter", aFieldsBag({ owner: 1 })));
    expect(calendar.isAttributeDefined).toBe(false);
    calendar.apply(change("modify", aFieldsBag({ owner: 1, [attribute]: 0 })));
    expect(calendar.isAttributeDefined).toBe(true);
  });

  it("that was renamed leaves unknown who has a text in it, and nobody else", () => {
    const calendar = aCalendar();
    expect(horizonIn(calendar, onHost).windows).toHaveLength(1);
    calendar.apply(renamed());
    expect(horizonIn(calendar, onHost)).toEqual({
      kind: "unknown",
      why: "host esxi-a.example.com has a text in custom attribute gpuinfo.maintenance, which is no longer defined in vCenter: define it again, or clear the text",
      windows: [],
    });
    expect(horizonIn(calendar)).toEqual(noMaintenance);
  });

  it("that was renamed and is back counts again", () => {
    const calendar = aCalendar();
    calendar.apply(renamed());
    calendar.apply(change("modify", aFieldsBag({ [attribute]: 0 })));
    expect(horizonIn(calendar, onHost)).toMatchObject({ kind: "known", windows: [{}] });
  });

  it("that was never there in this session says nothing", () => {
    const calendar = new Calendar({ rootFolder, maintenanceAttribute: attribute });
    for (const bag of [aFieldsBag({ other: 0 }), aBag(manager, {}), ...theTree])
      calendar.apply(change("enter", bag));
    expect(horizonIn(calendar, onHost)).toEqual(noMaintenance);
  });
});

const createTask = (taskTypeId: string) => typed("CreateTaskAction", { taskTypeId });

describe("a scheduled task of an extension", () => {
  const firmware = "com.dell.omevv.FirmwareUpdate";
  const scheduled = (object: ManagedObject, values: Record<string, unknown> = {}) =>
    about(object, { "info.action": createTask(firmware), ...values });

  it.each([host, cluster, folder, datacenter, rootFolder])("on %j is told", (object) => {
    const calendar = aCalendar(scheduled(object));
    expect(calendar.unknownTaskTypes()).toEqual([firmware]);
    expect(horizonIn(calendar)).toEqual(noMaintenance);
  });

  it.each([
    ["on a virtual machine", scheduled({ type: "VirtualMachine", id: "vm-1" })],
    ["that is disabled", scheduled(host, { "info.enabled": flag(false) })],
    ["that does not run again", scheduled(host, { "info.nextRunTime": undefined })],
    [
      "that runs a method",
      scheduled(host, { "info.action": typed("MethodAction", { name: "x" }) }),
    ],
    [
      "that scans",
      scheduled(host, { "info.action": createTask("com.vmware.vcIntegrity.ScanTask") }),
    ],
    [
      "that remediates",
      scheduled(host, { "info.action": createTask("com.vmware.vcIntegrity.RemediateTask") }),
    ],
  ])("%s is not", (_, task) => {
    expect(aCalendar(task).unknownTaskTypes()).toEqual([]);
  });

  it("is maintenance where the site says so, and is not told any more", () => {
    const taskTypes = new TaskTypes([firmware]);
    const calendar = new Calendar({ rootFolder, maintenanceAttribute: attribute, taskTypes });
    for (const bag of [aFieldsBag({}), aBag(manager, {}), ...theTree, scheduled(cluster)])
      calendar.apply(change("enter", bag));
    expect(horizonIn(calendar).windows).toMatchObject([{ startsAt: patchAt }]);
    expect(calendar.unknownTaskTypes()).toEqual([]);
  });
});

describe("a host whose cluster vCenter does not show", () => {
  it.each<[string, PropertyBag]>([
    ["hidden", aHostIn({ type: "ClusterComputeResource", id: "domain-c99" })],
    ["refused", aHostIn(cluster, { parent: undefined }, { parent: "NoPermission" })],
    ["odd", aHostIn(folder)],
  ])("is unreadable, because tasks may run there: %s", (_, bag) => {
    expect(aCalendar().surroundings(bag)).toMatchObject({ cluster: "", unreadable: ["parent"] });
    expect(aCalendar().surroundings(aHostIn(cluster)).unreadable).toEqual([]);
  });
});

describe("changes of places", () => {
  it("rename the host's cluster, and move the host to another", () => {
    const calendar = aCalendar(
      aPlace({ type: "ClusterComputeResource", id: "domain-c9" }, "cpu", folder),
    );
    calendar.apply(change("modify", aPlace(cluster, "gpu-old", folder)));
    expect(calendar.surroundings(aHostIn(cluster)).cluster).toBe("gpu-old");
    expect(
      calendar.surroundings(aHostIn({ type: "ClusterComputeResource", id: "domain-c9" })).cluster,
    ).toBe("cpu");
  });

  it("that only say that other tasks run on a cluster have no effect", () => {
    const tasks = aBag(cluster, { recentTask: reference("Task", "task-1") });
    expect(aCalendar().apply(change("modify", tasks))).toBe(false);
    expect(aCalendar().apply(change("enter", tasks))).toBe(true);
  });

  it("that are not told again are forgotten, with tasks", () => {
    const calendar = aCalendar(about(cluster));
    calendar.keep(new Set([manager.id, "group-d1", "datacenter-2", "group-h4", "domain-c8"]));
    expect(horizonIn(calendar)).toEqual(noMaintenance);
    calendar.keep(new Set());
    expect(calendar.surroundings(aHostIn(cluster))).toMatchObject({
      cluster: "",
      horizon: { kind: "unknown" },
    });
  });
});

describe("whatever vCenter tells", () => {
  it("breaks nothing, and never loses a window that is told properly", () => {
    const types = [
      "ScheduledTask",
      "Folder",
      "Datacenter",
      "ComputeResource",
      "ClusterComputeResource",
      "VirtualApp",
    ];
    const odd = fc.record({
      type: fc.constantFrom(...types),
      id: fc.constantFrom("x-1", "x-2", "x-3"),
      values: fc.dictionary(
        fc.constantFrom(
          "name",
          "parent",
          "customValue",
          "info.action",
          "info.entity",
          "info.nextRunTime",
        ),
        garbage,
      ),
      refused: fc.dictionary(
        fc.constantFrom("name", "parent", "*", "info.entity"),
        fc.constant("NoPermission"),
      ),
    });
    const property = fc.property(fc.array(odd, { maxLength: 6 }), garbage, (bags, parent) => {
      const calendar = aCalendar(about(cluster));
      for (const { type, id, values, refused } of bags)
        calendar.apply(change("modify", aBag({ type, id }, values, refused)));
      expect(horizonIn(calendar).windows.length).toBeGreaterThan(0);
      const { horizon, cluster: name } = calendar.surroundings(
        aHostIn(cluster, { parent, customValue: parent }),
      );
      expect(name).toBeTypeOf("string");
      expect(horizon.kind === "known" && horizon.windows.length === 0).toBe(false);
    });
    fc.assert(property, { numRuns: 500 });
  });
});
