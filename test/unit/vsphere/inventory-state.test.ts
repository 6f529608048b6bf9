import { describe, expect, it } from "vitest";
import type { Host, VirtualMachine } from "../../../src/selection/model.ts";
import { Calendar } from "../../../src/vsphere/calendar.ts";
import type { PropertyBag } from "../../../src/vsphere/decode.ts";
import { InventoryState } from "../../../src/vsphere/inventory-state.ts";
import { aFieldsBag, rootFolder, theTree } from "./tree.ts";
import {
  aBag,
  aCardsBag,
  aDynamicCard,
  aFixedCard,
  aHostBag,
  aMachineBag,
  aPciDevice,
  aTaskBag,
  aVgpu,
  change,
  devices,
  flag,
  pciDevices,
  reference,
  text,
} from "./values.ts";

const manager = { type: "ScheduledTaskManager", id: "ScheduledTaskManager" };
const running = { startsAt: 1, source: "runningTask", description: "Reboot host" } as const;
const aCalendar = () => new Calendar({ rootFolder, maintenanceAttribute: "gpuinfo.maintenance" });
const withCard = { "config.hardware.device": devices(aFixedCard("0000:3b:00.0")) };

const asked = new Set(["host-1", "host-2", "domain-c8"]);

/** A state after a scan of worker-1 (vm-1) and other (vm-2) on host-1, following worker-1. */
function aState(values: Record<string, unknown> = {}): InventoryState {
  const state = new InventoryState("vcenter", "vc", aCalendar());
  const other = {
    ...aMachineBag({ name: text("other") }),
    object: { type: "VirtualMachine", id: "vm-2" },
  };
  state.replaceScanned(new Map(state.mapScanned([aMachineBag(), other])));
  state.replaceHosts([aHostBag()]);
  state.follow(new Set(["vm-1"]));
  state.members();
  state.beginFullRead();
  state.apply([
    change("enter", aMachineBag(values)),
    change("enter", aHostBag()),
    change("enter", aTaskBag()),
    change("enter", aBag(manager, {})),
    change("enter", aFieldsBag({})),
    ...theTree.map((bag) => change("enter", bag)),
  ]);
  state.endFullRead();
  state.setRunning(new Map(), asked);
  state.setUsage([usage("vm-1")]);
  return state;
}

const machine = (state: InventoryState, id = "vc/vm-1"): VirtualMachine | undefined =>
  state.virtualMachines().find((candidate) => candidate.id === id);
const host = (state: InventoryState): Host | undefined => state.hosts().get("vc/host-1");
const modified = (bag: PropertyBag, values: Record<string, unknown>, refused = {}) =>
  change("modify", aBag(bag.object, values, refused));

describe("what is followed", () => {
  it("is known with devices, the rest by identity", () => {
    const state = aState();
    expect(machine(state)?.unreadable).toEqual([]);
    expect(machine(state, "vc/vm-2")?.unreadable).toEqual(["config.hardware.device"]);
  });

  it("is watched together with its host", () => {
    expect([...aState().members().keys()]).toEqual(["vm-1", "host-1"]);
  });

  it("is not known before its details came", () => {
    const state = aState();
    state.follow(new Set(["vm-1", "vm-2"]));
    expect(machine(state, "vc/vm-2")?.unreadable).toEqual(["config.hardware.device"]);
  });

  it("keeps its last name when it is followed no more", () => {
    const state = aState();
    state.apply([modified(aMachineBag(), { name: text("renamed") })]);
    state.follow(new Set());
    expect(machine(state)).toMatchObject({
      name: "renamed",
      unreadable: ["config.hardware.device"],
    });
  });

  it("is not overruled by a scan, which may be older", () => {
    const state = aState();
    state.apply([
      modified(aMachineBag(), { name: text("renamed") }),
      modified(aHostBag(), { "runtime.inMaintenanceMode": flag(true) }),
    ]);
    state.replaceScanned(new Map(state.mapScanned([aMachineBag()])));
    state.replaceHosts([aHostBag()]);
    expect(machine(state)?.name).toBe("renamed");
    expect(host(state)?.maintenance).toBe("in");
  });
});

const unreadable = (state: InventoryState) => state.hosts().get("vc/host-2")?.unreadable;
const onHost = (id: string) =>
  modified(aMachineBag(), { "runtime.host": reference("HostSystem", id) });

describe("the host that a machine moved to", () => {
  const other = { ...aHostBag(), object: { type: "HostSystem", id: "host-2" } };
  function moved(): InventoryState {
    const state = aState();
    state.replaceHosts([aHostBag(), other]);
    state.apply([modified(aMachineBag(), { "runtime.host": reference("HostSystem", "host-2") })]);
    return state;
  }

  it("is not believed before the watch told of it and its tasks were read, in either order", () => {
    const state = moved();
    expect(unreadable(state)).toEqual(["recentTask"]);
    state.setRunning(new Map(), new Set(["host-1", "domain-c8"]));
    state.apply([change("enter", other)]);
    expect(unreadable(state)).toEqual(["recentTask"]);
    state.setRunning(new Map(), asked);
    expect(unreadable(state)).toEqual([]);
  });

  it("stays believed through full reads and scans, until the watch leaves it", () => {
    const state = moved();
    state.apply([change("enter", other)]);
    state.beginFullRead();
    const told = [aMachineBag(), aHostBag(), other, aBag(manager, {}), aFieldsBag({}), ...theTree];
    state.apply(told.slice(0, 1).map((bag) => change("enter", bag)));
    expect(unreadable(state)).toEqual([]);
    state.apply(told.map((bag) => change("enter", bag)));
    state.endFullRead();
    state.replaceHosts([aHostBag(), other]);
    expect(unreadable(state)).toEqual([]);
    state.apply([change("leave", other)]);
    state.replaceHosts([aHostBag(), other]);
    expect(unreadable(state)).toEqual(["recentTask"]);
  });

  it("is not believed any more when a full read does not tell of it", () => {
    const state = aState();
    state.beginFullRead();
    state.endFullRead();
    expect(host(state)?.unreadable).toContain("recentTask");
  });

  it("stays refused where its details are", () => {
    const state = moved();
    const shut = { "runtime.inMaintenanceMode": "NoPermission" };
    state.apply([change("enter", { ...other, ...aHostBag({}, shut), object: other.object })]);
    expect(unreadable(state)).toContain("runtime.inMaintenanceMode");
  });
});

describe("changes", () => {
  it("move a machine to another host", () => {
    const state = aState();
    state.apply([modified(aMachineBag(), { "runtime.host": reference("HostSystem", "host-2") })]);
    expect(machine(state)?.hostId).toBe("vc/host-2");
    expect([...state.members().keys()]).toEqual(["vm-1", "host-2"]);
  });

  it("unset a machine's host", () => {
    const state = aState();
    state.apply([modified(aMachineBag(), { "runtime.host": undefined })]);
    expect(machine(state)).not.toHaveProperty("hostId");
    expect([...state.members().keys()]).toEqual(["vm-1"]);
  });

  it("take a machine away, and bring it back", () => {
    const state = aState();
    state.apply([change("leave", aMachineBag({}))]);
    expect(machine(state)).toBeUndefined();
    state.apply([change("enter", aMachineBag())]);
    expect(machine(state)?.name).toBe("worker-1");
  });

  it("of what is not followed are ignored", () => {
    const state = aState();
    state.apply([
      change("leave", { ...aMachineBag(), object: { type: "VirtualMachine", id: "vm-2" } }),
    ]);
    expect(machine(state, "vc/vm-2")?.name).toBe("other");
  });

  it("may repeat themselves", () => {
    const state = aState();
    const once = modified(aHostBag(), { "runtime.inMaintenanceMode": flag(true) });
    state.apply([once]);
    const first = host(state);
    state.apply([once, once]);
    expect(host(state)).toEqual(first);
  });

  it("make a path unreadable, and readable again", () => {
    const state = aState();
    state.apply([modified(aHostBag(), {}, { "runtime.inMaintenanceMode": "NoPermission" })]);
    expect(host(state)?.unreadable).toEqual(["runtime.inMaintenanceMode"]);
    state.apply([modified(aHostBag(), { "runtime.inMaintenanceMode": flag(false) })]);
    expect(host(state)?.unreadable).toEqual([]);
  });

  it.each<[string, ReturnType<typeof change>, boolean, boolean]>([
    ["a name", modified(aMachineBag(), { name: text("x") }), true, false],
    ["a uuid", modified(aMachineBag(), { "config.uuid": text("x") }), true, false],
    ["a machine's end", change("leave", aMachineBag()), true, false],
    ["a move", modified(aMachineBag(), { "runtime.host": undefined }), false, false],
    [
      "a host's way to another cluster",
      modified(aHostBag(), { parent: reference("ClusterComputeResource", "domain-c9") }),
      false,
      true,
    ],
    ["a task on a host", modified(aHostBag(), { recentTask: undefined }), false, true],
    [
      "a host's maintenance",
      modified(aHostBag(), { "runtime.inMaintenanceMode": flag(true) }),
      false,
      true,
    ],
    [
      "a host's connection",
      modified(aHostBag(), { "runtime.connectionState": text("x") }),
      false,
      false,
    ],
  ])("of %s say what to look at", (_, what, identities, recentTasks) => {
    expect(aState().apply([what])).toEqual({ identities, recentTasks });
  });
});

describe("a full read", () => {
  it("drops what it does not tell of", () => {
    const state = aState();
    state.beginFullRead();
    const told = [aHostBag(), aBag(manager, {}), ...theTree];
    state.apply(told.map((bag) => change("enter", bag)));
    state.endFullRead();
    expect(machine(state)).toBeUndefined();
    expect(host(state)?.horizon).toEqual({ kind: "known", windows: [] });
  });

  it("drops a host that was removed from vCenter", () => {
    const state = aState();
    state.replaceHosts([]);
    expect(state.hosts().size).toBe(0);
  });
});

describe("hosts", () => {
  it("have their scheduled tasks as windows", () => {
    const horizon = host(aState())?.horizon;
    expect(horizon?.kind === "known" && horizon.windows.length).toBe(1);
  });

  it("follow a task that is disabled or removed", () => {
    const state = aState();
    state.apply([modified(aTaskBag(), { "info.enabled": flag(false) })]);
    expect(host(state)?.horizon).toEqual({ kind: "known", windows: [] });
    state.apply([modified(aTaskBag(), { "info.enabled": flag(true) })]);
    expect(host(state)?.horizon).not.toEqual({ kind: "known", windows: [] });
    state.apply([change("leave", aTaskBag())]);
    expect(host(state)?.horizon).toEqual({ kind: "known", windows: [] });
  });

  it.each([
    ["the list of tasks", { scheduledTask: "NoPermission" }],
    ["the whole manager", { "*": "NoPermission" }],
  ])("have an unknown horizon when %s may not be read", (_, refused) => {
    const state = aState();
    state.apply([change("modify", aBag(manager, {}, refused))]);
    expect(host(state)?.horizon).toMatchObject({
      kind: "unknown",
      why: expect.stringContaining("vCenter answers NoPermission for its scheduled tasks"),
    });
  });

  it("enter and leave maintenance with their tasks", () => {
    const state = aState();
    state.setRunning(new Map([["host-1", { kind: "known", windows: [running] }]]), asked);
    expect(host(state)?.maintenance).toBe("entering");
    expect(host(state)?.horizon.windows[0]?.source).toBe("runningTask");
    state.setRunning(new Map(), asked);
    expect(host(state)?.maintenance).toBe("none");
  });
});

describe("cards", () => {
  const card = pciDevices(aPciDevice("0000:3b:00.0", 0x10de, 0x20b5, 0x0302));
  it("are asked of hosts under followed machines with a passed-through device, once", () => {
    expect(aState().hostsLackingCards()).toEqual([]);
    const state = aState(withCard);
    expect(state.hostsLackingCards()).toEqual([{ type: "HostSystem", id: "host-1" }]);
    state.setHostCards([aCardsBag({ "hardware.pciDevice": card })]);
    expect(state.hostsLackingCards()).toEqual([]);
    expect(machine(state)?.gpus).toEqual([
      { kind: "passthrough", pciId: "0000:3b:00.0", vendor: "NVIDIA", movesLive: false },
    ]);
  });

  it("are asked of hosts under machines with a vGPU too, whose model only the host knows", () => {
    const state = aState({ "config.hardware.device": devices(aVgpu("grid_a100d-40c")) });
    expect(state.hostsLackingCards()).toHaveLength(1);
    state.refuseHostCards(state.hostsLackingCards());
    expect(machine(state)).toMatchObject({ gpus: [{ kind: "vgpu" }], unreadable: [] });
  });

  it("of a machine whose devices make no sense are not asked for, and the others stay", () => {
    const malformed = { "config.hardware.device": devices(aDynamicCard([[Number.NaN, 1]])) };
    const state = aState(malformed);
    expect(state.hostsLackingCards()).toEqual([]);
    expect(machine(state)?.unreadable).toEqual(["config.hardware.device"]);
    expect(machine(state, "vc/vm-2")?.name).toBe("other");
  });

  it.each([
    ["refused", () => [aCardsBag({}, { "hardware.pciDevice": "NoPermission" })]],
    ["absent", () => [aCardsBag({ "hardware.pciDevice": undefined })]],
  ])("that are %s leave no doubt open", (word, bags) => {
    const state = aState(withCard);
    state.setHostCards(bags());
    expect(machine(state)?.unreadable).toEqual(word === "refused" ? ["hardware.pciDevice"] : []);
    expect(state.hostsLackingCards()).toEqual([]);
  });

  it("of a host that is gone are not asked for again, and not guessed", () => {
    const state = aState(withCard);
    state.refuseHostCards([{ type: "HostSystem", id: "host-1" }]);
    expect(state.hostsLackingCards()).toEqual([]);
    expect(machine(state)?.unreadable).toEqual(["hardware.pciDevice"]);
  });

  it("are asked for again after a full scan, and kept meanwhile", () => {
    const state = aState(withCard);
    state.setHostCards([aCardsBag({ "hardware.pciDevice": card })]);
    state.ageHostCards();
    expect(state.hostsLackingCards()).toHaveLength(1);
    expect(machine(state)?.gpus).toHaveLength(1);
  });

  it("of a host that no machine needs any more are forgotten with the next scan", () => {
    const state = aState(withCard);
    state.setHostCards([aCardsBag({ "hardware.pciDevice": card })]);
    state.apply([onHost("host-2")]);
    state.ageHostCards();
    state.apply([onHost("host-1")]);
    expect(machine(state)?.unreadable).toEqual(["hardware.pciDevice"]);
    expect(state.hostsLackingCards()).toHaveLength(1);
  });

  it.each<[string, unknown, number]>([
    ["are the same, do not matter", card, 1],
    ["are others, count at once", pciDevices(), 0],
  ])("that %s when they are read again, and are not asked for a third time", (_, again, gpus) => {
    const state = aState(withCard);
    state.setHostCards([aCardsBag({ "hardware.pciDevice": card })]);
    expect(machine(state)?.gpus).toHaveLength(1);
    state.ageHostCards();
    state.setHostCards([aCardsBag({ "hardware.pciDevice": again })]);
    expect(machine(state)?.gpus).toHaveLength(gpus);
    expect(state.hostsLackingCards()).toEqual([]);
  });
});

describe("usage", () => {
  it("is unknown before the first poll, so that a new node does not look idle", () => {
    const state = aState();
    state.follow(new Set(["vm-1", "vm-2"]));
    const other = { ...aMachineBag(), object: { type: "VirtualMachine", id: "vm-2" } };
    state.apply([change("enter", other)]);
    expect(machine(state, "vc/vm-2")?.unreadable).toEqual([
      "summary.quickStats.overallCpuDemand",
      "summary.quickStats.guestMemoryUsage",
    ]);
    state.setUsage([usage("vm-2")]);
    expect(machine(state, "vc/vm-2")?.unreadable).toEqual([]);
  });

  it("is taken over for what is followed only", () => {
    const state = aState();
    state.setUsage([usage("vm-1"), usage("vm-2"), usage("vm-9")]);
    expect(state.virtualMachines().map(({ cpuDemandMhz }) => cpuDemandMhz)).toEqual([87, 0]);
  });
});

function usage(id: string): PropertyBag {
  const values = { "summary.quickStats.overallCpuDemand": text("87") };
  return aBag({ type: "VirtualMachine", id }, values);
}
