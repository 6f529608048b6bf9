import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Gpu } from "../../../src/selection/model.ts";
import { decodeLentDevices, type LentDevice } from "../../../src/vsphere/gpu-devices.ts";
import { findGpus, isPinned } from "../../../src/vsphere/gpus.ts";
import { type HostCards, readHostCards, unreadableCards } from "../../../src/vsphere/host-cards.ts";
import {
  aCardsBag,
  aDvxDevice,
  aDynamicCard,
  aFixedCard,
  aGraphicsCard,
  anSriovCard,
  aPciDevice,
  aVgpu,
  deviceList,
  devices,
  graphicsCards,
  pciDevices,
  vgpuProfiles,
} from "./values.ts";

const nvidia = 0x10de;
const amd = 0x1002;
const intel = 0x8086;
const aNic = (id: string) => aPciDevice(id, intel, 0x1572, 0x0200, "Ethernet X710");
const anL40s = (id: string) => aPciDevice(id, nvidia, 0x26b9, 0x0302, "NVIDIA L40S");
const anA100 = (id: string) => aPciDevice(id, nvidia, 0x20b5, 0x0302, "NVIDIA A100 80GB PCIe");
const l40s = (pciId: string) => passthrough(pciId, { model: "NVIDIA L40S" });
const a100 = (pciId: string) =>
  passthrough(pciId, { model: "NVIDIA A100 80GB PCIe", memoryMib: 81_920 });

/** A card that is passed through; NVIDIA's unless `facts` say otherwise. */
function passthrough(pciId: string, facts: Partial<Gpu> = {}): unknown {
  return { kind: "passthrough", pciId, vendor: "NVIDIA", movesLive: false, ...facts };
}

function hostWith(...list: readonly unknown[]): HostCards {
  return readHostCards(aCardsBag({ "hardware.pciDevice": pciDevices(...list) }));
}

describe("cards that are passed through", () => {
  it.each<[string, unknown, HostCards | undefined, unknown[]]>([
    ["no device at all", devices(), hostWith(anL40s("0000:3b:00.0")), []],
    [
      "a fixed card",
      devices(aFixedCard("3B:00.0")),
      hostWith(aNic("0000:01:00.0"), anL40s("0000:3b:00.0")),
      [l40s("0000:3b:00.0")],
    ],
    [
      "a fixed network card",
      devices(aFixedCard("0000:01:00.0")),
      hostWith(aNic("0000:01:00.0")),
      [],
    ],
    [
      "a fixed card that the host lacks",
      devices(aFixedCard("0000:af:00.0")),
      hostWith(anL40s("0000:3b:00.0")),
      [],
    ],
    [
      "a fixed card of a host that was not asked yet",
      devices(aFixedCard("0000:3b:00.0")),
      undefined,
      [],
    ],
    [
      "a fixed card of a host that may not be read",
      devices(aFixedCard("0000:3b:00.0")),
      unreadableCards,
      [],
    ],
    [
      "cards of AMD and Intel",
      devices(aFixedCard("0000:3b:00.0"), aFixedCard("0000:af:00.0")),
      hostWith(
        aPciDevice("0000:3b:00.0", amd, 0x740f, 0x1200, "AMD Instinct MI210"),
        aPciDevice("0000:af:00.0", intel, 0x56c0, 0x0380, "Data Center GPU Flex 170"),
      ),
      [
        passthrough("0000:3b:00.0", { vendor: "AMD", model: "AMD Instinct MI210" }),
        passthrough("0000:af:00.0", { vendor: "Intel", model: "Data Center GPU Flex 170" }),
      ],
    ],
    [
      "a dynamic card in use",
      devices(aDynamicCard([[nvidia, 0x26b9]], "0000:af:00.0")),
      hostWith(anL40s("0000:3b:00.0"), anL40s("0000:af:00.0")),
      [l40s("0000:af:00.0")],
    ],
    [
      "a dynamic card in use that is a network card, though a GPU is allowed",
      devices(aDynamicCard([[nvidia, 0x26b9]], "0000:01:00.0")),
      hostWith(aNic("0000:01:00.0"), anL40s("0000:af:00.0")),
      [],
    ],
    [
      "a dynamic card not in use yet",
      devices(
        aDynamicCard([
          [intel, 0x1572],
          [nvidia, 0x26b9],
        ]),
      ),
      hostWith(aNic("0000:01:00.0"), anL40s("0000:3b:00.0"), anL40s("0000:af:00.0")),
      [l40s("0000:3b:00.0")],
    ],
    [
      "a dynamic card not in use yet that may be one of two models",
      devices(
        aDynamicCard([
          [nvidia, 0x20b5],
          [nvidia, 0x26b9],
        ]),
      ),
      hostWith(anL40s("0000:3b:00.0"), anA100("0000:af:00.0")),
      [passthrough("0000:3b:00.0")],
    ],
    [
      "a dynamic network card not in use yet",
      devices(aDynamicCard([[intel, 0x1572]])),
      hostWith(aNic("0000:01:00.0")),
      [],
    ],
    [
      "two dynamic cards, which are never the same one",
      devices(aDynamicCard([[nvidia, 0x26b9]]), aDynamicCard([[nvidia, 0x26b9]])),
      hostWith(anL40s("0000:3b:00.0")),
      [l40s("0000:3b:00.0")],
    ],
    [
      "two such cards, of which neither is known although only two are left",
      devices(
        aDynamicCard([
          [nvidia, 0x20b5],
          [nvidia, 0x26b9],
        ]),
        aDynamicCard([
          [nvidia, 0x20b5],
          [nvidia, 0x26b9],
        ]),
      ),
      hostWith(anL40s("0000:3b:00.0"), anA100("0000:af:00.0")),
      [passthrough("0000:3b:00.0"), passthrough("0000:af:00.0")],
    ],
    [
      "the same fixed card twice, which is one",
      devices(aFixedCard("0000:3b:00.0"), aFixedCard("3B:00.0")),
      hostWith(anL40s("0000:3b:00.0")),
      [l40s("0000:3b:00.0")],
    ],
    [
      "a dynamic card before a fixed one, which it does not take",
      devices(aDynamicCard([[nvidia, 0x20b5]]), aFixedCard("0000:3b:00.0")),
      hostWith(anA100("0000:3b:00.0"), anA100("0000:af:00.0")),
      [a100("0000:af:00.0"), a100("0000:3b:00.0")],
    ],
    ["DVX", devices(aDvxDevice), hostWith(anL40s("0000:3b:00.0")), []],
  ])("%s", (_, machine, host, expected) => {
    expect(findGpus(decodeLentDevices(machine), host)).toEqual(expected);
  });
});

const a40 = aGraphicsCard("0000:3b:00.0", "NVIDIA A40", 46_068);
const l40sShared = aGraphicsCard("0000:af:00.0", "NVIDIA L40S", 46_068);
const unnamed = aGraphicsCard("0000:d8:00.0", "", 0);

function sharing(list: readonly unknown[], ...profiles: readonly string[]): HostCards {
  const values = {
    "config.graphicsInfo": graphicsCards(...list),
    "config.sharedGpuCapabilities": vgpuProfiles(
      ...profiles.map((profile): [string, boolean] => [profile, true]),
    ),
  };
  return readHostCards(aCardsBag(values));
}

describe("the model of a vGPU", () => {
  it.each<[string, string, HostCards | undefined, string | undefined]>([
    ["of a host that was not asked yet is unknown", "nvidia_a40-8q", undefined, undefined],
    ["of a host that may not be read is unknown", "nvidia_a40-8q", unreadableCards, undefined],
    [
      "of a host without shared cards is unknown",
      "nvidia_a40-8q",
      sharing([], "nvidia_a40-8q"),
      undefined,
    ],
    ["is that of the only card", "nvidia_a40-8q", sharing([a40]), "NVIDIA A40"],
    [
      "is that of two cards of one model",
      "nvidia_a40-8q",
      sharing([a40, a40], "nvidia_a40-8q"),
      "NVIDIA A40",
    ],
    [
      "is that of the only card, if the host offers a profile that is named otherwise",
      "grid_k120q",
      sharing([a40], "grid_k120q"),
      "NVIDIA A40",
    ],
    [
      "is unknown if the only card is another, and the host does not offer the profile",
      "grid_t4-16q",
      sharing([a40], "nvidia_a40-8q"),
      undefined,
    ],
    [
      "is that of the card that is named in the profile",
      "nvidia_l40s-8q",
      sharing([a40, l40sShared], "nvidia_l40s-8q"),
      "NVIDIA L40S",
    ],
    [
      "is unknown if no card is named in the profile",
      "nvidia_x1-8q",
      sharing([a40, l40sShared], "nvidia_x1-8q"),
      undefined,
    ],
    [
      "is unknown beside a card without a name",
      "nvidia_l40s-8q",
      sharing([l40sShared, unnamed], "nvidia_l40s-8q"),
      undefined,
    ],
    [
      "is unknown if two models are named in the profile",
      "nvidia_a16-8q",
      sharing(
        [aGraphicsCard("1", "NVIDIA A16", 0), aGraphicsCard("2", "GA107GL [A2/A16]", 0)],
        "nvidia_a16-8q",
      ),
      undefined,
    ],
  ])("%s", (_, profile, host, model) => {
    const [gpu] = findGpus(decodeLentDevices(devices(aVgpu(profile))), host);
    expect(gpu?.model).toBe(model);
  });
});

const says = (migrates: boolean): HostCards => ({
  ...unreadableCards,
  profiles: new Map([["p", migrates]]),
});

describe("a vGPU", () => {
  it("is NVIDIA's and has the memory in its profile, whatever the host says", () => {
    expect(findGpus(decodeLentDevices(devices(aVgpu("grid_a100d-40c"))), unreadableCards)).toEqual([
      {
        kind: "vgpu",
        profile: "grid_a100d-40c",
        vendor: "NVIDIA",
        memoryMib: 40_960,
        movesLive: false,
      },
    ]);
  });

  it("is one of several, all alike", () => {
    const lent = decodeLentDevices(devices(aVgpu("nvidia_a40-8q"), aVgpu("nvidia_a40-8q")));
    const [first, second, ...more] = findGpus(lent, sharing([a40]));
    expect(first).toMatchObject({ model: "NVIDIA A40", memoryMib: 8_192 });
    expect(second).toEqual(first);
    expect(more).toEqual([]);
  });

  it.each<[string, boolean | undefined, HostCards | undefined, boolean]>([
    ["nobody was asked", undefined, undefined, false],
    ["the host may not be read and the machine says nothing", undefined, unreadableCards, false],
    [
      "neither machine nor host say anything, as before vSphere 7.0 U2",
      undefined,
      sharing([a40]),
      true,
    ],
    ["the machine says yes and the host was not asked", true, undefined, true],
    ["the machine says yes and the host may not be read", true, unreadableCards, false],
    ["both say yes", true, says(true), true],
    ["the host says no", true, says(false), false],
    ["the host says no and the machine nothing", undefined, says(false), false],
    ["the machine says no", false, says(true), false],
    ["the host says yes and the machine nothing", undefined, says(true), true],
  ])("moves live or not: %s", (_, machine, host, expected) => {
    const lent = decodeLentDevices(devices(aVgpu("p", machine)));
    const gpus = findGpus(lent, host);
    expect(gpus.map(({ movesLive }) => movesLive)).toEqual([expected]);
    expect(isPinned(lent, gpus)).toBe(!expected);
  });
});

describe("what pins a machine to its host", () => {
  it.each<[string, unknown, boolean]>([
    ["nothing", devices(), false],
    ["a vGPU that moves", devices(aVgpu("nvidia_a40-8q", true)), false],
    [
      "a vGPU that moves beside one that does not",
      devices(aVgpu("a", true), aVgpu("b", false)),
      true,
    ],
    ["a network card", devices(aFixedCard("0000:01:00.0")), true],
    ["a card that the host lacks", devices(aFixedCard("0000:af:00.0")), true],
    ["a dynamic card not in use yet", devices(aDynamicCard([])), true],
    ["DVX", devices(aDvxDevice), true],
    ["an SR-IOV network card", deviceList(anSriovCard), true],
  ])("%s", (_, machine, expected) => {
    const lent = decodeLentDevices(machine);
    expect(isPinned(lent, findGpus(lent, hostWith(aNic("0000:01:00.0"))))).toBe(expected);
  });
});

describe("any devices on any host", () => {
  const id = fc.constantFrom("0000:01:00.0", "0000:3b:00.0", "0000:af:00.0", "x");
  const profile = fc.constantFrom(
    "",
    "grid_t4-16q",
    "nvidia_a40-8q",
    "nvidia_l40s-8q",
    "grid_k120q",
  );
  const allowed = fc.record({
    vendorId: fc.constantFrom(nvidia, amd),
    deviceId: fc.constantFrom(0x20b5, 0x26b9),
  });
  const device: fc.Arbitrary<LentDevice> = fc.oneof(
    profile.map((name) => ({ kind: "vgpu" as const, profile: name })),
    id.map((pciId) => ({ kind: "fixed" as const, pciId })),
    fc.record({ kind: fc.constant("dynamic" as const), allowed: fc.array(allowed) }),
    fc.record({
      kind: fc.constant("dynamic" as const),
      assignedId: id,
      allowed: fc.array(allowed),
    }),
    fc.constant({ kind: "other" as const }),
  );
  const host = fc
    .record({
      pci: fc.subarray([aNic("0000:01:00.0"), anL40s("0000:3b:00.0"), anA100("0000:af:00.0")]),
      shared: fc.subarray([a40, l40sShared, unnamed]),
      profiles: fc.array(profile),
    })
    .map(({ pci, shared, profiles }) => ({
      ...sharing(shared, ...profiles),
      gpus: hostWith(...pci).gpus,
    }));

  it("never have more GPUs than devices, nor a card twice", () => {
    const property = fc.property(fc.array(device, { maxLength: 5 }), host, (lent, cards) => {
      const gpus = findGpus(lent, cards);
      const ids = gpus.flatMap((gpu) => (gpu.kind === "passthrough" ? [gpu.pciId] : []));
      const held = lent.filter(({ kind }) => kind !== "other");
      return gpus.length <= held.length && new Set(ids).size === ids.length;
    });
    expect(() => fc.assert(property, { numRuns: 2000 })).not.toThrow();
  });

  it("never have a model that the host does not have, nor one that another word names", () => {
    const property = fc.property(fc.array(device, { maxLength: 5 }), host, (lent, cards) =>
      findGpus(lent, cards).every((gpu) => {
        const of = gpu.kind === "vgpu" ? cards.shared : cards.gpus;
        if (gpu.model === undefined) return true;
        const isThere = of?.some(({ model }) => model === gpu.model) === true;
        const named = /_(a40|l40s)-/.exec(gpu.kind === "vgpu" ? gpu.profile : "")?.[1] ?? "";
        const isOnly = new Set(of?.map(({ model }) => model)).size === 1;
        return isThere && (isOnly || gpu.model.toLowerCase().includes(named));
      }),
    );
    expect(() => fc.assert(property, { numRuns: 2000 })).not.toThrow();
  });
});
