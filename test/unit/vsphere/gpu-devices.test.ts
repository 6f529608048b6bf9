import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeLentDevices,
  needsHostCards,
  needsHostPci,
  readLentDevices,
  trimDevices,
} from "../../../src/vsphere/gpu-devices.ts";
import {
  aDisk,
  aDvxDevice,
  aDynamicCard,
  aFixedCard,
  anSriovCard,
  aVgpu,
  deviceList,
  devices,
  garbage,
  typed,
} from "./values.ts";

const aNewerBacking = typed("VirtualPCIPassthroughQuantumBackingInfo", {});

describe("decodeLentDevices", () => {
  it.each<[string, unknown, unknown]>([
    ["an unset list", undefined, []],
    ["disks only", devices(), []],
    ["a disk that arrives as an object", deviceList(aDisk), []],
    ["a vGPU of an old vSphere", devices(aVgpu("a")), [{ kind: "vgpu", profile: "a" }]],
    [
      "a vGPU that cannot be moved",
      devices(aVgpu("a", false)),
      [{ kind: "vgpu", profile: "a", migrateSupported: false }],
    ],
    [
      "a vGPU without a profile",
      devices(typed("VirtualPCIPassthroughVmiopBackingInfo", {})),
      [{ kind: "vgpu", profile: "" }],
    ],
    [
      "a fixed card in another spelling",
      devices(aFixedCard("3B:00.0")),
      [{ kind: "fixed", pciId: "0000:3b:00.0" }],
    ],
    [
      "a dynamic card in use, with a negative vendor id",
      devices(aDynamicCard([[-32_634, 0x20b5]], "0000:3B:00.0")),
      [
        {
          kind: "dynamic",
          assignedId: "0000:3b:00.0",
          allowed: [{ vendorId: 0x8086, deviceId: 0x20b5 }],
        },
      ],
    ],
    [
      "a dynamic card that may be anything",
      devices(aDynamicCard([])),
      [{ kind: "dynamic", allowed: [] }],
    ],
    ["DVX", devices(aDvxDevice), [{ kind: "other" }]],
    ["a backing of a newer vSphere", devices(aNewerBacking), [{ kind: "other" }]],
    ["a passthrough device without a backing", devices(undefined), [{ kind: "other" }]],
    [
      "an SR-IOV network card that arrives as an object",
      deviceList(anSriovCard),
      [{ kind: "other" }],
    ],
  ])("%s", (_, value, expected) => {
    expect(decodeLentDevices(value)).toEqual(expected);
  });
});

describe("readLentDevices", () => {
  it.each<[string, unknown]>([
    ["text", "no list"],
    ["a card without an id", devices(typed("VirtualPCIPassthroughDeviceBackingInfo", {}))],
    ["one that makes no sense beside others", devices(aVgpu("a"), aDynamicCard([[Number.NaN, 1]]))],
    [
      "a flag that is neither true nor false",
      devices(typed("VirtualPCIPassthroughVmiopBackingInfo", { migrateSupported: "maybe" })),
    ],
  ])("reads nothing of a list with %s", (_, value) => {
    expect(readLentDevices(value)).toBeUndefined();
  });

  it("never fails, and never finds more devices than there are", () => {
    const backing = fc.oneof(
      garbage,
      fc
        .tuple(fc.constantFrom("Vmiop", "Device", "Dynamic", "Dvx", ""), garbage)
        .map(([kind, value]) => typed(`VirtualPCIPassthrough${kind}BackingInfo`, value)),
    );
    const property = fc.property(
      fc.array(backing, { maxLength: 4 }),
      garbage,
      (backings, other) => {
        readLentDevices(other);
        return (readLentDevices(devices(...backings))?.length ?? 0) <= backings.length;
      },
    );
    expect(() => fc.assert(property, { numRuns: 2000 })).not.toThrow();
  });
});

describe("what is asked of the host", () => {
  it.each<[string, unknown, boolean, boolean]>([
    ["disks only", devices(), false, false],
    ["an SR-IOV network card", deviceList(anSriovCard), false, false],
    ["DVX", devices(aDvxDevice), false, false],
    ["a vGPU", devices(aVgpu("grid_a100-40c")), true, false],
    ["a vGPU beside a card", devices(aVgpu("a"), aFixedCard("0000:3b:00.0")), true, true],
    ["a dynamic card", devices(aDynamicCard([])), true, true],
  ])("%s", (_, machine, cards, pci) => {
    const lent = decodeLentDevices(machine);
    expect(needsHostCards(lent)).toBe(cards);
    expect(needsHostPci(lent)).toBe(pci);
  });
});

describe("trimDevices", () => {
  it.each<[string, unknown]>([
    ["none", devices()],
    ["one", devices(aVgpu("grid_a100-40c"))],
    [
      "all kinds",
      devices(aVgpu("a"), aFixedCard("0000:3b:00.0"), aDynamicCard([[1, 1]]), aDvxDevice),
    ],
    ["an SR-IOV network card", deviceList(aDisk, anSriovCard)],
    ["one that makes no sense", devices(aDynamicCard([[Number.NaN, 1]]))],
    ["an unset list", undefined],
    ["text", "no list"],
  ])("keeps what matters: %s", (_, machine) => {
    expect(readLentDevices(trimDevices(machine))).toEqual(readLentDevices(machine));
  });

  it("drops disks", () => {
    expect(JSON.stringify(trimDevices(devices(aVgpu("a"))))).not.toContain("VirtualDisk");
  });
});
