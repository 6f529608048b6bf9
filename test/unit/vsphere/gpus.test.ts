import { describe, expect, it } from "vitest";
import {
  decodePassthroughDevices,
  decodePciDevices,
  findGpus,
  isGpu,
  needsHostPci,
  trimDevices,
} from "../../../src/vsphere/gpus.ts";
import {
  aDynamicCard,
  aFixedCard,
  aPciDevice,
  aVgpu,
  devices,
  pciDevices,
  typed,
} from "./values.ts";

const nvidia = 0x10de;
const intel = 0x8086;
const aCard = (id: string) => aPciDevice(id, nvidia, 0x20b5, 0x0302);
const aNic = (id: string) => aPciDevice(id, intel, 0x1572, 0x0200);

describe("isGpu", () => {
  it.each<[string, number, number, boolean]>([
    ["an Intel network card", intel, 0x0200, false],
    ["an Intel graphics card, whose vendor id is negative on the wire", intel, 0x0380, true],
    ["a VGA card", nvidia, 0x0300, true],
    ["a 3D controller", nvidia, 0x0302, true],
    ["a processing accelerator of AMD", 0x1002, 0x1200, true],
    ["the sound function of a graphics card", nvidia, 0x0403, false],
    ["a server's own VGA chip", 0x102b, 0x0300, false],
  ])("%s", (_, vendorId, classId, expected) => {
    const [device] = decodePciDevices(pciDevices(aPciDevice("0000:3b:00.0", vendorId, 1, classId)));
    expect(device && isGpu(device)).toBe(expected);
  });
});

describe("findGpus", () => {
  it.each<[string, unknown, unknown, unknown]>([
    ["no device at all", devices(), pciDevices(), []],
    [
      "a vGPU, whatever the host",
      devices(aVgpu("grid_a100-40c")),
      pciDevices(),
      [{ kind: "vgpu", profile: "grid_a100-40c" }],
    ],
    [
      "a fixed card",
      devices(aFixedCard("0000:3b:00.0")),
      pciDevices(aNic("0000:01:00.0"), aCard("0000:3b:00.0")),
      [{ kind: "passthrough", pciId: "0000:3b:00.0" }],
    ],
    [
      "a fixed card written in other ways",
      devices(aFixedCard("3B:00.0")),
      pciDevices(aCard("0000:3b:00.0")),
      [{ kind: "passthrough", pciId: "0000:3b:00.0" }],
    ],
    [
      "a fixed network card",
      devices(aFixedCard("0000:01:00.0")),
      pciDevices(aNic("0000:01:00.0")),
      [],
    ],
    [
      "a fixed card that the host lacks",
      devices(aFixedCard("0000:af:00.0")),
      pciDevices(aCard("0000:3b:00.0")),
      [],
    ],
    [
      "a dynamic card in use",
      devices(aDynamicCard([[nvidia, 0x20b5]], "0000:af:00.0")),
      pciDevices(aCard("0000:3b:00.0"), aCard("0000:af:00.0")),
      [{ kind: "passthrough", pciId: "0000:af:00.0" }],
    ],
    [
      "a dynamic card in use that is a network card, though a GPU is allowed",
      devices(aDynamicCard([[nvidia, 0x20b5]], "0000:01:00.0")),
      pciDevices(aNic("0000:01:00.0"), aCard("0000:af:00.0")),
      [],
    ],
    [
      "a dynamic card not in use yet",
      devices(
        aDynamicCard([
          [intel, 0x1572],
          [nvidia, 0x20b5],
        ]),
      ),
      pciDevices(aNic("0000:01:00.0"), aCard("0000:3b:00.0")),
      [{ kind: "passthrough", pciId: "0000:3b:00.0" }],
    ],
    [
      "a dynamic network card not in use yet",
      devices(aDynamicCard([[intel, 0x1572]])),
      pciDevices(aNic("0000:01:00.0")),
      [],
    ],
    [
      "two dynamic cards, which are never the same one",
      devices(aDynamicCard([[nvidia, 0x20b5]]), aDynamicCard([[nvidia, 0x20b5]])),
      pciDevices(aCard("0000:3b:00.0")),
      [{ kind: "passthrough", pciId: "0000:3b:00.0" }],
    ],
    [
      "a backing of a newer vSphere",
      devices(typed("VirtualPCIPassthroughDvxBackingInfo", {})),
      pciDevices(aCard("0000:3b:00.0")),
      [],
    ],
  ])("%s", (_, machine, host, expected) => {
    expect(findGpus(decodePassthroughDevices(machine), decodePciDevices(host))).toEqual(expected);
  });
});

describe("needsHostPci", () => {
  it.each<[string, unknown, boolean]>([
    ["disks only", devices(), false],
    ["a vGPU", devices(aVgpu("grid_a100-40c")), false],
    ["a vGPU beside a card", devices(aVgpu("grid_a100-40c"), aFixedCard("0000:3b:00.0")), true],
    ["a dynamic card", devices(aDynamicCard([])), true],
  ])("%s", (_, machine, expected) => {
    expect(needsHostPci(decodePassthroughDevices(machine))).toBe(expected);
  });
});

describe("trimDevices", () => {
  it.each<[string, unknown]>([
    ["none", devices()],
    ["one", devices(aVgpu("grid_a100-40c"))],
    ["all kinds", devices(aVgpu("a"), aFixedCard("0000:3b:00.0"), aDynamicCard([[nvidia, 1]]))],
    ["an unset list", undefined],
  ])("keeps what matters: %s", (_, machine) => {
    expect(decodePassthroughDevices(trimDevices(machine))).toEqual(
      decodePassthroughDevices(machine),
    );
  });

  it("drops disks", () => {
    expect(JSON.stringify(trimDevices(devices(aVgpu("a"))))).not.toContain("VirtualDisk");
  });
});
