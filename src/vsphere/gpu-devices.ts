/** Reads which devices of a host a virtual machine holds: its vGPUs, and all that is passed through to it. */
import { asArray, childOf, readBoolean, readList, readString, typeOf } from "./decode.ts";
import { VsphereError } from "./errors.ts";
import { normalPciId, readUnsignedShort } from "./pci.ts";

/** A device of a virtual machine that its host lends to it. */
export type LentDevice =
  | {
      readonly kind: "vgpu";
      /** As vSphere names it, such as `grid_a100d-40c`. */
      readonly profile: string;
      /** Whether vMotion can move it; vSphere says so since 7.0 U2. */
      readonly migrateSupported?: boolean;
    }
  | { readonly kind: "fixed"; readonly pciId: string }
  | {
      readonly kind: "dynamic";
      /** Set while the virtual machine runs. */
      readonly assignedId?: string;
      readonly allowed: readonly { readonly vendorId: number; readonly deviceId: number }[];
    }
  /** No GPU as far as we know, but it ties the machine to its host: an SR-IOV network card, DVX, or a newer kind. */
  | { readonly kind: "other" };

/** Reads `config.hardware.device`; `undefined` when it is not what the vSphere API promises. */
export function readLentDevices(value: unknown): readonly LentDevice[] | undefined {
  try {
    return decodeLentDevices(value);
  } catch (cause) {
    if (cause instanceof VsphereError) return undefined;
    throw cause;
  }
}

/** Reads `config.hardware.device`. @throws VsphereError of kind `protocol`. */
export function decodeLentDevices(value: unknown): LentDevice[] {
  return readList(value, "VirtualDevice", "config.hardware.device").filter(isLent).map(decode);
}

/** `config.hardware.device` without disks, controllers and the like, which are most of what vCenter sends. */
export function trimDevices(value: unknown): unknown {
  const devices = childOf(value, "VirtualDevice");
  if (devices === undefined) return value;
  return { VirtualDevice: asArray(devices).filter(isLent) };
}

/** True when the cards of the host say more about what the virtual machine has. */
export function needsHostCards(devices: readonly LentDevice[]): boolean {
  return devices.some(({ kind }) => kind !== "other");
}

/** True when nobody can say which GPUs the virtual machine has without knowing the PCI devices of its host. */
export function needsHostPci(devices: readonly LentDevice[]): boolean {
  return devices.some(({ kind }) => kind === "fixed" || kind === "dynamic");
}

function isLent(device: unknown): boolean {
  return (
    /^Virtual(PCIPassthrough|SriovEthernetCard)$/.test(typeOf(device)) ||
    typeOf(childOf(device, "backing")).startsWith("VirtualPCIPassthrough")
  );
}

function decode(device: unknown): LentDevice {
  const backing = childOf(device, "backing");
  switch (typeOf(backing)) {
    case "VirtualPCIPassthroughVmiopBackingInfo":
      return decodeVgpu(backing);
    case "VirtualPCIPassthroughDeviceBackingInfo":
      return {
        kind: "fixed",
        pciId: normalPciId(readString(childOf(backing, "id"), "backing.id")),
      };
    case "VirtualPCIPassthroughDynamicBackingInfo":
      return decodeDynamic(backing);
    default:
      return { kind: "other" };
  }
}

function decodeVgpu(backing: unknown): LentDevice {
  const migrates = childOf(backing, "migrateSupported");
  return {
    kind: "vgpu",
    profile: readString(childOf(backing, "vgpu") ?? "", "backing.vgpu"),
    ...(migrates !== undefined && {
      migrateSupported: readBoolean(migrates, "backing.migrateSupported"),
    }),
  };
}

function decodeDynamic(backing: unknown): LentDevice {
  const assignedId = readString(childOf(backing, "assignedId") ?? "", "backing.assignedId");
  return {
    kind: "dynamic",
    ...(assignedId && { assignedId: normalPciId(assignedId) }),
    allowed: asArray(childOf(backing, "allowedDevice")).map((device) => ({
      vendorId: readUnsignedShort(device, "vendorId"),
      deviceId: readUnsignedShort(device, "deviceId"),
    })),
  };
}
