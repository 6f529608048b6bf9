/** Reads what a host says of its graphics cards and accelerators. */
import {
  childOf,
  type PropertyBag,
  readBoolean,
  readInteger,
  readList,
  readString,
} from "./decode.ts";
import { VsphereError } from "./errors.ts";
import { normalPciId, readUnsignedShort } from "./pci.ts";
import { graphicsPath, pciPath, sharedGpuPath } from "./properties.ts";

/** A card as far as its host knows it. */
export interface Card {
  readonly model?: string;
  readonly memoryMib?: number;
}

/** A graphics card or accelerator of a vendor whose cards are used for machine learning. Ids are unsigned. */
export interface GpuCard extends Card {
  /** Such as `0000:3b:00.0`, lower case. */
  readonly pciId: string;
  readonly vendor: "NVIDIA" | "AMD" | "Intel";
  readonly vendorId: number;
  readonly deviceId: number;
}

/** What one host says; what it does not let us see is `undefined`. */
export interface HostCards {
  /** Of all PCI devices, the GPUs. */
  readonly gpus: readonly GpuCard[] | undefined;
  /** The cards that are in use for vGPUs. */
  readonly shared: readonly Card[] | undefined;
  /** The vGPU profiles that it offers, and whether it can move them live. */
  readonly profiles: ReadonlyMap<string, boolean> | undefined;
}

/** Of a host of which nothing can be read. */
export const unreadableCards: HostCards = {
  gpus: undefined,
  shared: undefined,
  profiles: undefined,
};

interface PciDevice {
  readonly id: string;
  readonly vendorId: number;
  readonly deviceId: number;
  /** Base class in the upper byte, such as 0x0302. */
  readonly classId: number;
  readonly model: string | undefined;
}

interface GraphicsInfo {
  readonly pciId: string;
  readonly model: string | undefined;
  readonly memoryMib: number | undefined;
  readonly shared: boolean;
}

const gpuVendors: ReadonlyMap<number, GpuCard["vendor"]> = new Map([
  [0x10de, "NVIDIA"],
  [0x1002, "AMD"],
  [0x8086, "Intel"],
]);
const gpuBaseClasses: ReadonlySet<number> = new Set([0x03 /* display */, 0x12 /* accelerator */]);

/** A list that was refused, or that is not what the vSphere API promises, counts as not to be had. */
export function readHostCards(bag: PropertyBag): HostCards {
  const devices = readOrNothing(bag, pciPath, decodePciDevices);
  const graphics = readOrNothing(bag, graphicsPath, decodeGraphics);
  return {
    gpus: devices?.flatMap((device) => toGpuCard(device, graphics ?? [])),
    shared: graphics
      ?.filter(({ shared }) => shared)
      .map((info) =>
        describe(
          info,
          devices?.find(({ id }) => id === info.pciId),
        ),
      ),
    profiles: readOrNothing(bag, sharedGpuPath, decodeProfiles),
  };
}

function readOrNothing<Value>(
  { values, refused }: PropertyBag,
  path: string,
  decode: (value: unknown) => Value,
): Value | undefined {
  if (refused.has(path) || refused.has("*")) return undefined;
  try {
    return decode(values.get(path));
  } catch (cause) {
    if (cause instanceof VsphereError) return undefined;
    throw cause;
  }
}

function decodePciDevices(value: unknown): PciDevice[] {
  return readList(value, "HostPciDevice", pciPath).map((device) => ({
    id: normalPciId(readString(childOf(device, "id"), "pciDevice.id")),
    vendorId: readUnsignedShort(device, "vendorId"),
    deviceId: readUnsignedShort(device, "deviceId"),
    classId: readUnsignedShort(device, "classId"),
    model: readModel(device, "pciDevice.deviceName"),
  }));
}

function decodeGraphics(value: unknown): GraphicsInfo[] {
  return readList(value, "HostGraphicsInfo", graphicsPath).map((info) => {
    const memoryKib = readInteger(childOf(info, "memorySizeInKB") ?? "0", "memorySizeInKB");
    return {
      pciId: normalPciId(readString(childOf(info, "pciId") ?? "", "graphicsInfo.pciId")),
      model: readModel(info, "graphicsInfo.deviceName"),
      // Without the vendor's driver in ESXi it is 0.
      memoryMib: memoryKib > 0 ? Math.round(memoryKib / 1024) : undefined,
      shared: readString(childOf(info, "graphicsType") ?? "", "graphicsType") === "sharedDirect",
    };
  });
}

/** Cards of different models may offer the same profile: one that cannot move it is enough to say no. */
function decodeProfiles(value: unknown): Map<string, boolean> {
  const profiles = new Map<string, boolean>();
  for (const capability of readList(value, "HostSharedGpuCapabilities", sharedGpuPath)) {
    const profile = readString(childOf(capability, "vgpu"), "sharedGpuCapabilities.vgpu");
    const flag = childOf(capability, "migrateSupported");
    const migrates = flag === undefined || readBoolean(flag, "migrateSupported");
    profiles.set(profile, migrates && profiles.get(profile) !== false);
  }
  return profiles;
}

/** ESXi calls a card that is not in its list of names after its class, such as `<class> 3D controller`. */
function readModel(device: unknown, what: string): string | undefined {
  const name = readString(childOf(device, "deviceName") ?? "", what).trim();
  return name === "" || name.includes("<class>") ? undefined : name;
}

function toGpuCard(device: PciDevice, graphics: readonly GraphicsInfo[]): GpuCard[] {
  const { id: pciId, vendorId, deviceId, classId } = device;
  const vendor = gpuVendors.get(vendorId);
  if (vendor === undefined || !gpuBaseClasses.has(classId >> 8)) return [];
  const info = graphics.find((candidate) => candidate.pciId === pciId);
  return [{ pciId, vendor, vendorId, deviceId, ...describe(info, device) }];
}

/** What the graphics list says of a card counts more than its PCI entry: there the vendor's driver speaks. */
function describe(info: GraphicsInfo | undefined, device: PciDevice | undefined): Card {
  const model = info?.model ?? device?.model;
  const memoryMib = info?.memoryMib ?? memoryInName(model ?? "");
  return { ...(model && { model }), ...(memoryMib && { memoryMib }) };
}

/** MiB of a card that is named after its memory, such as `A100 80GB PCIe`. */
function memoryInName(name: string): number | undefined {
  const sizes = new Set([...name.matchAll(/\b(\d{1,3}) ?GB\b/gi)].map(([, gib]) => Number(gib)));
  const [gib] = sizes;
  return sizes.size === 1 && gib !== undefined ? gib * 1024 : undefined;
}
