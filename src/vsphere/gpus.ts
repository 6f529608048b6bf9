/** Which devices of a virtual machine are GPUs, told by the PCI ids of its host. */
import type { Gpu } from "../selection/model.ts";
import { asArray, childOf, readInteger, readList, readString, typeOf } from "./decode.ts";

/** A device of a host. Ids are unsigned. */
export interface PciDevice {
  /** Such as `0000:3b:00.0`, lower case. */
  readonly id: string;
  readonly vendorId: number;
  readonly deviceId: number;
  /** Base class in the upper byte, such as 0x0302. */
  readonly classId: number;
}

/** A device of a virtual machine that its host lends to it. */
export type PassthroughDevice =
  | { readonly kind: "vgpu"; readonly profile: string }
  | { readonly kind: "fixed"; readonly pciId: string }
  | {
      readonly kind: "dynamic";
      /** Set while the virtual machine runs. */
      readonly assignedId?: string;
      readonly allowed: readonly Pick<PciDevice, "vendorId" | "deviceId">[];
    };

const gpuVendors: ReadonlySet<number> = new Set([
  0x10de /* NVIDIA */, 0x1002 /* AMD */, 0x8086 /* Intel */,
]);
const gpuBaseClasses: ReadonlySet<number> = new Set([0x03 /* display */, 0x12 /* accelerator */]);

/** True for a graphics card or accelerator of a vendor whose cards are used for machine learning. */
export function isGpu(device: PciDevice): boolean {
  return gpuVendors.has(device.vendorId) && gpuBaseClasses.has(device.classId >> 8);
}

/** True when the PCI devices of the host must be known to say which GPUs the virtual machine has. */
export function needsHostPci(devices: readonly PassthroughDevice[]): boolean {
  return devices.some((device) => device.kind !== "vgpu");
}

/** The GPUs among a virtual machine's passthrough devices; `hostPci` are all PCI devices of its host. */
export function findGpus(
  devices: readonly PassthroughDevice[],
  hostPci: readonly PciDevice[],
): Gpu[] {
  const free = hostPci.filter(isGpu);
  const gpus: Gpu[] = [];
  for (const device of devices) {
    if (device.kind === "vgpu") {
      gpus.push({ kind: "vgpu", profile: device.profile });
      continue;
    }
    const index = free.findIndex((candidate) => matches(device, candidate));
    const [gpu] = index === -1 ? [] : free.splice(index, 1);
    if (gpu) gpus.push({ kind: "passthrough", pciId: gpu.id });
  }
  return gpus;
}

/** Reads `config.hardware.device`: the passthrough devices in it. */
export function decodePassthroughDevices(value: unknown): PassthroughDevice[] {
  return readList(value, "VirtualDevice", "config.hardware.device").flatMap((device) =>
    decodeBacking(childOf(device, "backing")),
  );
}

/** `config.hardware.device` without disks, controllers and the like, which are most of what vCenter sends. */
export function trimDevices(value: unknown): unknown {
  const devices = childOf(value, "VirtualDevice");
  if (devices === undefined) return value;
  return {
    VirtualDevice: asArray(devices).filter(
      (device) => decodeBacking(childOf(device, "backing")).length > 0,
    ),
  };
}

/** Reads `hardware.pciDevice` of a host. */
export function decodePciDevices(value: unknown): PciDevice[] {
  return readList(value, "HostPciDevice", "hardware.pciDevice").map((device) => ({
    id: normalPciId(readString(childOf(device, "id"), "pciDevice.id")),
    vendorId: readUnsignedShort(device, "vendorId"),
    deviceId: readUnsignedShort(device, "deviceId"),
    classId: readUnsignedShort(device, "classId"),
  }));
}

function matches(
  device: Exclude<PassthroughDevice, { kind: "vgpu" }>,
  candidate: PciDevice,
): boolean {
  const id = device.kind === "fixed" ? device.pciId : device.assignedId;
  if (id !== undefined) return id === candidate.id;
  if (device.kind === "fixed") return false;
  return device.allowed.some(
    ({ vendorId, deviceId }) => vendorId === candidate.vendorId && deviceId === candidate.deviceId,
  );
}

function decodeBacking(backing: unknown): PassthroughDevice[] {
  switch (typeOf(backing)) {
    case "VirtualPCIPassthroughVmiopBackingInfo":
      return [
        { kind: "vgpu", profile: readString(childOf(backing, "vgpu") ?? "", "backing.vgpu") },
      ];
    case "VirtualPCIPassthroughDeviceBackingInfo":
      return [
        { kind: "fixed", pciId: normalPciId(readString(childOf(backing, "id"), "backing.id")) },
      ];
    case "VirtualPCIPassthroughDynamicBackingInfo":
      return [decodeDynamic(backing)];
    default:
      return [];
  }
}

function decodeDynamic(backing: unknown): PassthroughDevice {
  const assigned = childOf(backing, "assignedId");
  const assignedId = assigned === undefined ? "" : readString(assigned, "backing.assignedId");
  return {
    kind: "dynamic",
    ...(assignedId ? { assignedId: normalPciId(assignedId) } : {}),
    allowed: asArray(childOf(backing, "allowedDevice")).map((device) => ({
      vendorId: readUnsignedShort(device, "vendorId"),
      deviceId: readUnsignedShort(device, "deviceId"),
    })),
  };
}

/** vSphere declares PCI ids as signed shorts: Intel's 0x8086 arrives as -32634. */
function readUnsignedShort(device: unknown, name: string): number {
  return readInteger(childOf(device, name), `pciDevice.${name}`) & 0xffff;
}

/** Old hosts leave the PCI domain out. */
function normalPciId(id: string): string {
  const lower = id.toLowerCase();
  return /^[0-9a-f]{1,2}:[0-9a-f]{2}\.[0-7]$/.test(lower)
    ? `0000:${lower.padStart(7, "0")}`
    : lower;
}
