import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Host, MaintenanceHorizon, VirtualMachine } from "../../../src/selection/model.ts";
import { trimDevices } from "../../../src/vsphere/gpu-devices.ts";
import { readHostCards, unreadableCards } from "../../../src/vsphere/host-cards.ts";
import {
  mapHost,
  mapIdentity,
  mapUsage,
  mapVirtualMachine,
  type Usage,
  unescapeName,
} from "../../../src/vsphere/mapping.ts";
import {
  aBag,
  aCardsBag,
  aDvxDevice,
  aDynamicCard,
  aFixedCard,
  aHostBag,
  aMachineBag,
  aPciDevice,
  aVgpu,
  devices,
  flag,
  garbage,
  orVsphereError,
  pciDevices,
  text,
  typed,
} from "./values.ts";

const uuid = "e564acec-0d4a-5ebc-8caa-853fcc9bee46";
const nothingPlanned: MaintenanceHorizon = { kind: "known", windows: [] };
const noUsage: Usage = { cpuDemandMhz: 0, memoryUsedMib: 0, refused: [] };
const cards = readHostCards(
  aCardsBag({
    "hardware.pciDevice": pciDevices(aPciDevice("0000:3b:00.0", 0x10de, 0x20b5, 0x0302)),
  }),
);

describe("a virtual machine", () => {
  it("has everything that selection asks for", () => {
    const usage = { cpuDemandMhz: 87, memoryUsedMib: 327, refused: [] };
    const bag = aMachineBag({ "config.hardware.device": devices(aVgpu("grid_a100-40c")) });
    expect(mapVirtualMachine(uuid, bag, usage, cards)).toEqual<VirtualMachine>({
      id: `${uuid}/vm-1`,
      name: "worker-1",
      biosUuid: "422e4956-ad22-1139-6d72-59cc8f26bc90",
      guestHostName: "worker-1.example.com",
      power: "poweredOn",
      hostId: `${uuid}/host-1`,
      cpuDemandMhz: 87,
      memoryUsedMib: 327,
      gpus: [
        {
          kind: "vgpu",
          profile: "grid_a100-40c",
          vendor: "NVIDIA",
          memoryMib: 40_960,
          movesLive: true,
        },
      ],
      pinned: false,
      instanceUuid: "",
      inventoryPath: "",
      unreadable: [],
    });
  });

  it.each<[string, Record<string, unknown>, Partial<VirtualMachine>]>([
    ["without Tools", { "guest.hostName": undefined }, { guestHostName: "" }],
    ["that vCenter cannot reach the files of", { "config.uuid": undefined }, { biosUuid: "" }],
    ["with an escaped name", { name: text("a%2fb%5Cc%25d") }, { name: "a/b\\c%d" }],
    ["that is suspended", { "runtime.powerState": text("suspended") }, { power: "suspended" }],
    [
      "in a power state of a newer vSphere counts as off",
      { "runtime.powerState": text("hibernated") },
      { power: "poweredOff", unreadable: ["runtime.powerState"] },
    ],
    [
      "without a power state counts as off",
      { "runtime.powerState": undefined },
      { power: "poweredOff", unreadable: ["runtime.powerState"] },
    ],
    [
      "without devices may have anything",
      { "config.hardware.device": undefined },
      { gpus: [], pinned: true, unreadable: ["config.hardware.device"] },
    ],
    [
      "with a device that makes no sense may have anything, and hides no other machine",
      { "config.hardware.device": devices(aFixedCard("0000:3b:00.0"), aDynamicCard([[NaN, 1]])) },
      { gpus: [], pinned: true, unreadable: ["config.hardware.device"] },
    ],
    [
      "with a device that ties it to its host is pinned, GPU or not",
      { "config.hardware.device": devices(aDvxDevice) },
      { gpus: [], pinned: true, unreadable: [] },
    ],
    [
      "with a vGPU that cannot be moved is pinned",
      { "config.hardware.device": devices(aVgpu("grid_a100-40c", false)) },
      { pinned: true, unreadable: [] },
    ],
  ])("%s", (_, values, expected) => {
    expect(mapVirtualMachine(uuid, aMachineBag(values), noUsage, cards)).toMatchObject(expected);
  });

  it("without a host has none, rather than an empty one", () => {
    const machine = mapVirtualMachine(
      uuid,
      aMachineBag({ "runtime.host": undefined }),
      noUsage,
      undefined,
    );
    expect("hostId" in machine).toBe(false);
  });

  it("of which only the identity was read may have any device", () => {
    expect(mapIdentity(uuid, aMachineBag()).unreadable).toEqual(["config.hardware.device"]);
  });

  it("lists once each path that may not be read, usage included", () => {
    const usage = { ...noUsage, refused: ["summary.quickStats.overallCpuDemand", "name"] };
    const bag = aMachineBag({}, { name: "NoPermission" });
    expect(mapVirtualMachine(uuid, bag, usage, undefined).unreadable).toEqual([
      "name",
      "summary.quickStats.overallCpuDemand",
    ]);
  });

  it.each<[string, Parameters<typeof mapVirtualMachine>[3], string[], number]>([
    ["known", cards, [], 1],
    ["not read yet", undefined, ["hardware.pciDevice"], 0],
    ["refused", unreadableCards, ["hardware.pciDevice"], 0],
  ])("with a passthrough card on a host whose PCI devices are %s", (_, pci, unreadable, gpus) => {
    const bag = aMachineBag({ "config.hardware.device": devices(aFixedCard("0000:3b:00.0")) });
    const machine = mapVirtualMachine(uuid, bag, noUsage, pci);
    expect(machine.unreadable).toEqual(unreadable);
    expect(machine.gpus).toHaveLength(gpus);
  });
});

describe("usage", () => {
  it.each<[string, Record<string, unknown>, number, number]>([
    ["absent is zero", {}, 0, 0],
    [
      "as vCenter sends it",
      {
        "summary.quickStats.overallCpuDemand": typed("xsd:int", "87"),
        "summary.quickStats.guestMemoryUsage": typed("xsd:int", "327"),
      },
      87,
      327,
    ],
  ])("%s", (_, values, cpuDemandMhz, memoryUsedMib) => {
    const bag = aBag({ type: "VirtualMachine", id: "vm-1" }, values);
    expect(mapUsage(bag)).toEqual({ cpuDemandMhz, memoryUsedMib, refused: [] });
  });
});

const surroundings = {
  vcenter: "vcenter",
  cluster: "",
  horizon: nothingPlanned,
  entering: false,
  unreadable: [],
};

function map(values: Record<string, unknown>, refused = {}, entering = false): Host {
  return mapHost(uuid, aHostBag(values, refused), { ...surroundings, entering });
}

describe("a host", () => {
  it("has everything that selection asks for", () => {
    expect(map({})).toEqual<Host>({
      id: `${uuid}/host-1`,
      vcenter: "vcenter",
      cluster: "",
      name: "esxi-a.example.com",
      connection: "connected",
      maintenance: "none",
      inQuarantine: false,
      cpuMhz: 2_294,
      horizon: nothingPlanned,
      unreadable: [],
    });
  });

  it.each([
    ["was never connected", {}],
    ["may not be looked at so closely", { "summary.hardware.cpuMhz": "NoPermission" }],
  ])("counts although it %s and the speed of its cores is unknown", (_, refused) => {
    expect(map({ "summary.hardware.cpuMhz": undefined }, refused)).toMatchObject({
      cpuMhz: 0,
      unreadable: [],
    });
  });

  it.each<[string, Record<string, unknown>, boolean, Host["maintenance"]]>([
    ["in maintenance", { "runtime.inMaintenanceMode": flag(true) }, false, "in"],
    [
      "in maintenance with its task still running",
      { "runtime.inMaintenanceMode": flag(true) },
      true,
      "in",
    ],
    ["with a task that ends in maintenance", {}, true, "entering"],
    ["on its way to standby", { "runtime.standbyMode": text("entering") }, false, "entering"],
    ["in standby", { "runtime.standbyMode": text("in") }, false, "in"],
    ["coming back from standby", { "runtime.standbyMode": text("exiting") }, false, "in"],
    ["that knows no standby", { "runtime.standbyMode": undefined }, false, "none"],
  ])("%s", (_, values, entering, maintenance) => {
    expect(map(values, {}, entering).maintenance).toBe(maintenance);
  });

  it.each<[string, Record<string, unknown>, Partial<Host>]>([
    ["in quarantine", { "runtime.inQuarantineMode": flag(true) }, { inQuarantine: true }],
    ["lost", { "runtime.connectionState": text("notResponding") }, { connection: "notResponding" }],
    [
      "in a connection state of a newer vSphere",
      { "runtime.connectionState": text("quantum") },
      { connection: "notResponding", unreadable: ["runtime.connectionState"] },
    ],
    [
      "of which half an answer came",
      { "runtime.inMaintenanceMode": undefined, name: undefined },
      { name: "host-1", unreadable: ["name", "runtime.inMaintenanceMode"] },
    ],
  ])("%s", (_, values, expected) => {
    expect(map(values)).toMatchObject(expected);
  });

  it("lists the paths that may not be read", () => {
    expect(map({}, { recentTask: "NoPermission" }).unreadable).toEqual(["recentTask"]);
  });
});

describe("names", () => {
  it.each([
    ["plain", "plain"],
    ["%2F%2f", "//"],
    ["%252f", "%2f"],
    ["100%", "100%"],
    ["%41", "%41"],
  ])("%s means %s", (escaped, name) => {
    expect(unescapeName(escaped)).toBe(name);
  });

  it("come back whole, whatever they hold", () => {
    const property = fc.property(fc.string(), (name) => unescapeName(escapeName(name)) === name);
    expect(() => fc.assert(property)).not.toThrow();
  });
});

describe("garbage", () => {
  it("never makes a host look open that did not say so", () => {
    const paths = [
      "name",
      "runtime.connectionState",
      "runtime.inMaintenanceMode",
      "runtime.standbyMode",
    ];
    const property = fc.property(garbageAt(paths), (values) => {
      const bag = aBag({ type: "HostSystem", id: "host-1" }, values);
      const host = orVsphereError(() => mapHost(uuid, bag, surroundings));
      return !host || !looksOpen(host) || saysOpen(values);
    });
    expect(() => fc.assert(property, { numRuns: 3000 })).not.toThrow();
  });

  it("never makes a virtual machine look known whose devices did not come", () => {
    const paths = ["name", "config.uuid", "runtime.powerState", "runtime.host"];
    const property = fc.property(garbageAt(paths), (values) => {
      const bag = aBag({ type: "VirtualMachine", id: "vm-1" }, values);
      const machine = orVsphereError(() => mapVirtualMachine(uuid, bag, noUsage, undefined));
      return !machine || machine.unreadable.includes("config.hardware.device");
    });
    expect(() => fc.assert(property, { numRuns: 1000 })).not.toThrow();
  });

  it("in devices never throws anything but a VsphereError", () => {
    const property = fc.property(garbage, (value) => {
      const bag = aMachineBag({ "config.hardware.device": trimDevices(value) });
      orVsphereError(() => mapVirtualMachine(uuid, bag, noUsage, cards));
    });
    expect(() => fc.assert(property, { numRuns: 1000 })).not.toThrow();
  });
});

function escapeName(name: string): string {
  return name.replaceAll(/[%/\\]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
}

function garbageAt(paths: readonly string[]): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(Object.fromEntries(paths.map((path) => [path, garbage])), { requiredKeys: [] });
}

function looksOpen(host: Host): boolean {
  return (
    host.connection === "connected" && host.maintenance === "none" && host.unreadable.length === 0
  );
}

/** The words for an open host stand somewhere in the values. */
function saysOpen(values: Record<string, unknown>): boolean {
  const connection = JSON.stringify(values["runtime.connectionState"] ?? "");
  const maintenance = JSON.stringify(values["runtime.inMaintenanceMode"] ?? "");
  return connection.includes("connected") && /false|0/.test(maintenance);
}
