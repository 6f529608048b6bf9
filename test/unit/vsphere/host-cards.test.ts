import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readHostCards, unreadableCards } from "../../../src/vsphere/host-cards.ts";
import {
  aCardsBag,
  aGraphicsCard,
  aPciDevice,
  garbage,
  graphicsCards,
  pciDevices,
  vgpuProfiles,
} from "./values.ts";

const nvidia = 0x10de;
const amd = 0x1002;
const intel = 0x8086;
const id = "0000:3b:00.0";
const pci = (...list: readonly unknown[]) => ({ "hardware.pciDevice": pciDevices(...list) });
const graphics = (...list: readonly unknown[]) => ({
  "config.graphicsInfo": graphicsCards(...list),
});
const profiles = (...list: readonly (readonly [string, boolean])[]) => ({
  "config.sharedGpuCapabilities": vgpuProfiles(...list),
});
const gpus = (values: Record<string, unknown>) => readHostCards(aCardsBag(values)).gpus;

describe("GPUs among PCI devices", () => {
  it.each<[string, number, number, string | undefined]>([
    ["an Intel network card", intel, 0x0200, undefined],
    ["an NVMe drive", 0x144d, 0x0108, undefined],
    ["the sound function of a graphics card", nvidia, 0x0403, undefined],
    ["a server's own VGA chip", 0x102b, 0x0300, undefined],
    ["an Intel graphics card, whose vendor id is negative on the wire", intel, 0x0380, "Intel"],
    ["a VGA card", nvidia, 0x0300, "NVIDIA"],
    ["a 3D controller", nvidia, 0x0302, "NVIDIA"],
    ["a processing accelerator of AMD", amd, 0x1200, "AMD"],
  ])("%s", (_, vendorId, classId, vendor) => {
    const found = gpus(pci(aPciDevice(id, vendorId, 1, classId)));
    expect(found?.map((card) => card.vendor)).toEqual(vendor === undefined ? [] : [vendor]);
  });
});

describe("the model and memory of a card", () => {
  it.each<[string, string | undefined, unknown[], { model?: string; memoryMib?: number }]>([
    ["are unknown without a name", undefined, [], {}],
    ["are unknown with an empty one", " ", [], {}],
    ["are unknown of a card that is not in ESXi's list", "<class> 3D controller", [], {}],
    [
      "stand in the PCI device's name",
      "GA100 [A100 PCIe 80GB]",
      [],
      { model: "GA100 [A100 PCIe 80GB]", memoryMib: 81_920 },
    ],
    ["may be the model alone", "NVIDIA L40S", [], { model: "NVIDIA L40S" }],
    ["are not guessed of two sizes", "MI25 16GB / V320 8GB", [], { model: "MI25 16GB / V320 8GB" }],
    [
      "stand better in the graphics list",
      "GA100 [A100 PCIe 80GB]",
      [aGraphicsCard(id, "NVIDIA A100 80GB PCIe", 81_559)],
      { model: "NVIDIA A100 80GB PCIe", memoryMib: 81_559 },
    ],
    [
      "stand in the graphics list under another spelling of the address",
      undefined,
      [aGraphicsCard("3B:00.0", "NVIDIA L40S", 46_068)],
      { model: "NVIDIA L40S", memoryMib: 46_068 },
    ],
    [
      "stand in the graphics list without memory while the driver is missing",
      "x",
      [aGraphicsCard(id, "GA100 [A100 PCIe 40GB]", 0)],
      { model: "GA100 [A100 PCIe 40GB]", memoryMib: 40_960 },
    ],
    [
      "are those of the PCI device when the graphics list has no name",
      "NVIDIA L40S",
      [aGraphicsCard(id, "", 46_068)],
      { model: "NVIDIA L40S", memoryMib: 46_068 },
    ],
    [
      "are not those of another card",
      undefined,
      [aGraphicsCard("0000:af:00.0", "NVIDIA L40S", 46_068)],
      {},
    ],
  ])("%s", (_, name, list, expected) => {
    const [card] =
      gpus({ ...pci(aPciDevice(id, nvidia, 1, 0x0302, name)), ...graphics(...list) }) ?? [];
    const ids = { pciId: id, vendor: "NVIDIA", vendorId: nvidia, deviceId: 1 };
    expect(card).toEqual({ ...ids, ...expected });
  });
});

describe("shared cards", () => {
  it("are those in shared direct mode", () => {
    const { shared } = readHostCards(
      aCardsBag(
        graphics(
          aGraphicsCard(id, "NVIDIA A40", 46_068),
          aGraphicsCard("0000:af:00.0", "NVIDIA L40S", 46_068, "direct"),
          aGraphicsCard("0000:01:00.0", "Matrox G200eH3", 16, "basic"),
        ),
      ),
    );
    expect(shared).toEqual([{ model: "NVIDIA A40", memoryMib: 46_068 }]);
  });
});

describe("vGPU profiles", () => {
  it("cannot be moved when one card cannot move them", () => {
    const read = readHostCards(aCardsBag(profiles(["a", true], ["b", false], ["b", true])));
    expect(read.profiles).toEqual(
      new Map([
        ["a", true],
        ["b", false],
      ]),
    );
  });
});

describe("what may not be read", () => {
  const all = {
    ...pci(aPciDevice(id, nvidia, 1, 0x0302, "NVIDIA A40")),
    ...graphics(aGraphicsCard(id, "NVIDIA A40", 46_068)),
    ...profiles(["a", true]),
  };

  it.each<[string, keyof typeof unreadableCards]>([
    ["hardware.pciDevice", "gpus"],
    ["config.graphicsInfo", "shared"],
    ["config.sharedGpuCapabilities", "profiles"],
  ])("leaves the rest: %s", (path, lost) => {
    const whole = readHostCards(aCardsBag(all));
    expect(readHostCards(aCardsBag(all, { [path]: "NoPermission" }))).toMatchObject({
      shared: whole.shared,
      profiles: whole.profiles,
      [lost]: undefined,
    });
    expect(readHostCards(aCardsBag({ ...all, [path]: "no list" }))[lost]).toBeUndefined();
  });

  it("may be the whole host", () => {
    expect(readHostCards(aCardsBag({}, { "*": "NoPermission" }))).toEqual(unreadableCards);
  });

  it("is not the same as what the host does not have", () => {
    expect(readHostCards(aCardsBag())).toEqual({ gpus: [], shared: [], profiles: new Map() });
  });
});

/** Mostly right, so that it goes far. */
const nearly = (...right: readonly string[]) =>
  fc.oneof({ arbitrary: fc.constantFrom(...right), weight: 9 }, { arbitrary: garbage, weight: 1 });
const aList = (element: string, item: Record<string, fc.Arbitrary<unknown>>) =>
  fc.oneof(
    garbage,
    fc
      .array(fc.record(item, { requiredKeys: [] }), { maxLength: 4 })
      .map((list) => ({ [element]: list })),
    fc.record(item).map((only) => ({ [element]: only })),
  );
const anyPci = aList("HostPciDevice", {
  id: nearly(id, "0000:af:00.0", "3B:00.0"),
  vendorId: nearly(String(nvidia), "-32634"),
  deviceId: nearly("1"),
  classId: nearly(String(0x0302), String(0x0200)),
  deviceName: nearly("NVIDIA A40", ""),
});
const anyGraphics = aList("HostGraphicsInfo", {
  pciId: nearly(id, "0000:af:00.0"),
  deviceName: nearly("NVIDIA L40S", ""),
  graphicsType: nearly("sharedDirect", "direct"),
  memorySizeInKB: nearly("0", "-1", "47173632"),
});
const anyProfiles = aList("HostSharedGpuCapabilities", {
  vgpu: nearly("a", "b"),
  migrateSupported: nearly("true", "false"),
});

describe("garbage", () => {
  it("never fails, and never makes cards of what is no card", () => {
    const property = fc.property(anyPci, anyGraphics, anyProfiles, (devices, infos, offered) => {
      const { gpus: found = [], shared = [] } = readHostCards(
        aCardsBag({
          "hardware.pciDevice": devices,
          "config.graphicsInfo": infos,
          "config.sharedGpuCapabilities": offered,
        }),
      );
      const isRight = found.every(({ vendorId }) => vendorId === nvidia || vendorId === intel);
      const memories = [...found, ...shared].map(({ memoryMib }) => memoryMib ?? 1);
      return isRight && found.length <= 4 && shared.length <= 4 && memories.every((mib) => mib > 0);
    });
    expect(() => fc.assert(property, { numRuns: 3000 })).not.toThrow();
  });
});
