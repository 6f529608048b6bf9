/** What hosts lend to virtual machines, in the words of a fleet file. */
import { asArray, childOf, type PropertyBag, typeOf } from "../../src/vsphere/decode.ts";
import { trimDevices } from "../../src/vsphere/gpu-devices.ts";
import { normalPciId } from "../../src/vsphere/pci.ts";
import { devicesPath, graphicsPath, pciPath, sharedGpuPath } from "../../src/vsphere/properties.ts";
import type { HostGpu, LentDevice, PciDevice, VgpuProfile } from "./fleet-file.ts";
import { flagOf, hexId, listAt, numberOf, textOf } from "./values.ts";

const goodPciId = /^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/;

/** Stands for a card that vCenter does not list, or that another machine holds: no GPU, but it ties the machine to its host. */
const unknownDevice: LentDevice = { kind: "dvx", deviceClass: "unknown" };

/** The devices that a machine has of its host. */
export function devicesOf(machine: PropertyBag): LentDevice[] {
  const trimmed = trimDevices(machine.values.get(devicesPath));
  return asArray(childOf(trimmed, "VirtualDevice")).map((device) =>
    lent(childOf(device, "backing")),
  );
}

function lent(backing: unknown): LentDevice {
  switch (typeOf(backing)) {
    case "VirtualPCIPassthroughVmiopBackingInfo":
      return {
        kind: "vgpu",
        profile: textOf(childOf(backing, "vgpu")) || "unknown",
        migrateSupported: flagOf(childOf(backing, "migrateSupported")) ?? null,
      };
    case "VirtualPCIPassthroughDeviceBackingInfo":
      return passthrough(pciIdOf(childOf(backing, "id")));
    case "VirtualPCIPassthroughDynamicBackingInfo":
      return dynamic(backing);
    default:
      return unknownDevice;
  }
}

function passthrough(pciId: string | undefined): LentDevice {
  return pciId === undefined ? unknownDevice : { kind: "passthrough", pciId };
}

function dynamic(backing: unknown): LentDevice {
  const [allowed] = asArray(childOf(backing, "allowedDevice"));
  const assigned = pciIdOf(childOf(backing, "assignedId"));
  return {
    kind: "dynamic",
    vendorId: hexId(childOf(allowed, "vendorId")),
    deviceId: hexId(childOf(allowed, "deviceId")),
    ...(assigned !== undefined && { assignedPciId: assigned }),
  };
}

function pciIdOf(value: unknown): string | undefined {
  const id = normalPciId(textOf(value) ?? "");
  return goodPciId.test(id) ? id : undefined;
}

/** A host's graphics cards, and of its other PCI devices those that its machines hold. */
export interface Cards {
  readonly gpus: readonly HostGpu[];
  readonly pciDevices: readonly PciDevice[];
}

/** @param lentDevices what the host's machines hold */
export function cardsOfHost(host: PropertyBag, lentDevices: readonly LentDevice[]): Cards {
  const devices = listAt(host, pciPath, "HostPciDevice").flatMap(toPciDevice);
  const graphics = graphicsOf(host);
  const isGraphics = ({ pciId, classId }: PciDevice) =>
    graphics.has(pciId) || /^0x(?:03|12)/.test(classId);
  const gpus = devices
    .filter(isGraphics)
    .map((device) => toGpu(device, graphics.get(device.pciId)));
  const held = new Set(lentDevices.flatMap(cardsNamed));
  const others = devices.filter((device) => !isGraphics(device) && held.has(device.pciId));
  return {
    gpus: withProfiles(gpus, profilesOf(host, lentDevices)),
    pciDevices: others.map(({ pciId, vendorId, deviceId, classId }) => ({
      pciId,
      vendorId,
      deviceId,
      classId,
    })),
  };
}

/** The devices as the simulator takes them: each card is there, and in one running machine only. */
export function possibleDevices(
  devices: readonly LentDevice[],
  { gpus, pciDevices }: Cards,
  held: Set<string>,
  running: boolean,
): LentDevice[] {
  const present = new Set([...gpus, ...pciDevices].map(({ pciId }) => pciId));
  return devices.map((device) => {
    const [card] = cardsNamed(device);
    if (card === undefined) return device;
    const possible = present.has(card) && !(running && held.has(card));
    if (running) held.add(card);
    return possible ? device : unknownDevice;
  });
}

function cardsNamed(device: LentDevice): string[] {
  if (device.kind === "passthrough") return [device.pciId];
  return device.kind === "dynamic" && device.assignedPciId !== undefined
    ? [device.assignedPciId]
    : [];
}

type NamedDevice = PciDevice & { readonly name: string };

function toPciDevice(device: unknown): NamedDevice[] {
  const pciId = pciIdOf(childOf(device, "id"));
  if (pciId === undefined) return [];
  const idOf = (name: string) => hexId(childOf(device, name));
  const ids = { vendorId: idOf("vendorId"), deviceId: idOf("deviceId"), classId: idOf("classId") };
  return [{ pciId, ...ids, name: textOf(childOf(device, "deviceName")) ?? "" }];
}

interface Graphics {
  readonly model: string;
  readonly vendorName: string;
  readonly memoryMib: number;
  readonly graphicsMode: string;
}

function graphicsOf(host: PropertyBag): ReadonlyMap<string, Graphics> {
  return new Map(
    listAt(host, graphicsPath, "HostGraphicsInfo").map((info) => [
      pciIdOf(childOf(info, "pciId")) ?? "",
      {
        model: textOf(childOf(info, "deviceName")) ?? "",
        vendorName: textOf(childOf(info, "vendorName")) ?? "",
        memoryMib: Math.round(numberOf(childOf(info, "memorySizeInKB")) / 1024),
        graphicsMode: textOf(childOf(info, "graphicsType")) ?? "",
      },
    ]),
  );
}

const graphicsModes = /^(?:basic|shared|direct|sharedDirect)$/;

function toGpu({ name, ...device }: NamedDevice, graphics: Graphics | undefined): HostGpu {
  const { model = name, vendorName = "", memoryMib = 0, graphicsMode = "" } = graphics ?? {};
  return {
    ...device,
    model,
    pciName: name,
    memoryMib,
    inGraphicsInfo: graphics !== undefined,
    ...(vendorName !== "" && { vendorName }),
    ...(graphicsModes.test(graphicsMode) && { graphicsMode }),
    vgpuProfiles: [],
  };
}

/** What the host says of profiles, and the profiles of which it says nothing though its machines have them. */
function profilesOf(host: PropertyBag, lentDevices: readonly LentDevice[]): VgpuProfile[] {
  const said = new Map<string, boolean | null>();
  for (const capability of listAt(host, sharedGpuPath, "HostSharedGpuCapabilities")) {
    const profile = textOf(childOf(capability, "vgpu")) ?? "";
    const migrates = flagOf(childOf(capability, "migrateSupported")) ?? true;
    if (profile !== "") said.set(profile, migrates && said.get(profile) !== false);
  }
  for (const device of lentDevices)
    if (device.kind === "vgpu" && !said.has(device.profile)) said.set(device.profile, null);
  return [...said].map(([profile, migrateSupported]) => ({ profile, migrateSupported }));
}

/** vCenter does not tell which card offers which profile: one that is shared stands for all. */
function withProfiles(gpus: readonly HostGpu[], vgpuProfiles: readonly VgpuProfile[]): HostGpu[] {
  if (vgpuProfiles.length === 0) return [...gpus];
  const shared = gpus.findIndex(({ graphicsMode }) => graphicsMode === "sharedDirect");
  const at = Math.max(shared, 0);
  const all = gpus.length > 0 ? gpus : [standIn];
  return all.map((gpu, index) => (index === at ? { ...gpu, vgpuProfiles } : gpu));
}

/** A card in a host that shows none and has machines with vGPUs. */
const standIn: HostGpu = {
  pciId: "ffff:ff:1f.7",
  vendorId: "0xffff",
  deviceId: "0xffff",
  classId: "0xff00",
  model: "",
  pciName: "",
  memoryMib: 0,
  inGraphicsInfo: false,
  vgpuProfiles: [],
};
