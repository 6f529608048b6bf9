/** Builds values as node-soap parses them from a vCenter's XML. */
import fc from "fast-check";
import type { ManagedObject, ObjectChange, PropertyBag } from "../../../src/vsphere/decode.ts";
import { VsphereError } from "../../../src/vsphere/errors.ts";

/** A value with an xsi:type; the simulator's prefix differs from a real vCenter's. */
export function typed(type: string, value: unknown, prefix = "xsi"): unknown {
  const attributes = { [`${prefix}:type`]: type };
  return typeof value === "object" && value !== null
    ? { attributes, ...value }
    : { attributes, $value: value };
}

export const text = (value: string) => typed("xsd:string", value);
export const flag = (value: boolean) => typed("xsd:boolean", String(value));
export const time = (value: string) => typed("xsd:dateTime", value);

/** A reference, as inside a property value. */
export function reference(type: string, id: string): unknown {
  return { attributes: { type, "_XMLSchema-instance:type": "ManagedObjectReference" }, $value: id };
}

export function aBag(
  object: ManagedObject,
  values: Record<string, unknown>,
  refused: Record<string, string> = {},
): PropertyBag {
  return {
    object,
    values: new Map(Object.entries(values)),
    refused: new Map(Object.entries(refused)),
  };
}

export function aMachineBag(values: Record<string, unknown> = {}, refused = {}): PropertyBag {
  const defaults = {
    name: text("worker-1"),
    "config.uuid": text("422E4956-AD22-1139-6D72-59CC8F26BC90"),
    "guest.hostName": text("worker-1.example.com"),
    "runtime.powerState": typed("VirtualMachinePowerState", "poweredOn"),
    "runtime.host": reference("HostSystem", "host-1"),
    "config.hardware.device": devices(),
  };
  return aBag({ type: "VirtualMachine", id: "vm-1" }, { ...defaults, ...values }, refused);
}

export function aHostBag(values: Record<string, unknown> = {}, refused = {}): PropertyBag {
  const defaults = {
    name: text("esxi-a.example.com"),
    parent: reference("ClusterComputeResource", "domain-c8"),
    "runtime.connectionState": typed("HostSystemConnectionState", "connected"),
    "runtime.inMaintenanceMode": flag(false),
    "runtime.standbyMode": text("none"),
    "summary.hardware.cpuMhz": typed("xsd:int", "2294"),
  };
  return aBag({ type: "HostSystem", id: "host-1" }, { ...defaults, ...values }, refused);
}

export function aTaskBag(values: Record<string, unknown> = {}, refused = {}): PropertyBag {
  const defaults = {
    "info.name": text("patch"),
    "info.enabled": flag(true),
    "info.entity": reference("HostSystem", "host-1"),
    "info.taskObject": reference("HostSystem", "host-1"),
    "info.action": typed("MethodAction", { name: "EnterMaintenanceMode_Task" }),
    "info.nextRunTime": time("2026-12-01T02:00:00Z"),
  };
  return aBag({ type: "ScheduledTask", id: "schedule-1" }, { ...defaults, ...values }, refused);
}

/** `kind` of a change, with the bag's values. */
export function change(kind: ObjectChange["kind"], bag: PropertyBag): ObjectChange {
  return { kind, ...bag };
}

/** `config.hardware.device` with the given backings; a single device arrives as an object, not as a list. */
export function devices(...backings: readonly unknown[]): unknown {
  const passthrough = backings.map((backing) =>
    typed("VirtualPCIPassthrough", { key: "13000", backing }),
  );
  return deviceList(aDisk, ...passthrough);
}

export const aDisk = typed("VirtualDisk", {
  key: "2000",
  backing: typed("VirtualDiskFlatVer2BackingInfo", {}),
});
/** `config.hardware.device` with whole devices. */
export const deviceList = (...list: readonly unknown[]) =>
  typed("ArrayOfVirtualDevice", { VirtualDevice: list.length === 1 ? list[0] : list });
export const anSriovCard = typed("VirtualSriovEthernetCard", {
  key: "4000",
  backing: typed("VirtualEthernetCardNetworkBackingInfo", {}),
});

/** A share of a card; an old vSphere does not say whether it can be moved. */
export const aVgpu = (vgpu: string, migrateSupported?: boolean) =>
  typed("VirtualPCIPassthroughVmiopBackingInfo", {
    vgpu,
    ...(migrateSupported !== undefined && { migrateSupported: String(migrateSupported) }),
  });
export const aDvxDevice = typed("VirtualPCIPassthroughDvxBackingInfo", { deviceClass: "x" });
export const aFixedCard = (id: string) => typed("VirtualPCIPassthroughDeviceBackingInfo", { id });

export function aDynamicCard(allowed: readonly (readonly [number, number])[], assignedId?: string) {
  const list = allowed.map(([vendorId, deviceId]) => ({
    vendorId: String(vendorId),
    deviceId: String(deviceId),
  }));
  return typed("VirtualPCIPassthroughDynamicBackingInfo", {
    allowedDevice: list.length === 1 ? list[0] : list,
    ...(assignedId === undefined ? {} : { assignedId }),
  });
}

/** A PCI device as on the wire: ids are signed shorts. */
export function aPciDevice(
  id: string,
  vendorId: number,
  deviceId: number,
  classId: number,
  deviceName?: string,
) {
  return {
    id,
    vendorId: short(vendorId),
    deviceId: short(deviceId),
    classId: short(classId),
    ...(deviceName !== undefined && { deviceName }),
  };
}

/** A card in `config.graphicsInfo`; `memoryMib` is 0 where ESXi has no driver for it. */
export const aGraphicsCard = (
  pciId: string,
  deviceName: string,
  memoryMib: number,
  graphicsType = "sharedDirect",
) => ({ pciId, deviceName, graphicsType, memorySizeInKB: String(memoryMib * 1024) });

export const graphicsCards = (...list: readonly unknown[]) =>
  typed("ArrayOfHostGraphicsInfo", { HostGraphicsInfo: list.length === 1 ? list[0] : list });

/** `config.sharedGpuCapabilities`: profiles, and whether the host can move them live. */
export function vgpuProfiles(...profiles: readonly (readonly [string, boolean])[]): unknown {
  const list = profiles.map(([vgpu, migrates]) => ({ vgpu, migrateSupported: String(migrates) }));
  return typed("ArrayOfHostSharedGpuCapabilities", {
    HostSharedGpuCapabilities: list.length === 1 ? list[0] : list,
  });
}

/** What is asked of a host under a machine with a vGPU or a passed-through device. */
export function aCardsBag(values: Record<string, unknown> = {}, refused = {}): PropertyBag {
  return aBag({ type: "HostSystem", id: "host-1" }, values, refused);
}

function short(value: number): string {
  return String((value << 16) >> 16);
}

export const pciDevices = (...list: readonly unknown[]) =>
  typed("ArrayOfHostPciDevice", { HostPciDevice: list.length === 1 ? list[0] : list });

/** Anything that an XML parser may make of garbage. */
export const garbage: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  leaf: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom("", "true", "poweredOn", "connected", "none", "-32634", "1e999", "NaN", "0x10"),
    fc.string(),
    fc.constant(null),
    fc.constant(undefined),
    fc.integer().map(String),
    fc.boolean(),
  ),
  node: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    tie("leaf"),
    fc.array(tie("node"), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom(
        "attributes",
        "$value",
        "type",
        "xsi:type",
        "obj",
        "propSet",
        "name",
        "val",
        "path",
        "fault",
        "missingSet",
        "objects",
        "token",
        "version",
        "filterSet",
        "objectSet",
        "kind",
        "changeSet",
        "VirtualDevice",
        "backing",
        "id",
        "__proto__",
      ),
      tie("node"),
      { maxKeys: 5 },
    ),
  ),
})).node;

/** What came out, or `undefined` when a VsphereError was thrown; any other error goes on. */
export function orVsphereError<Value>(run: () => Value): Value | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof VsphereError) return undefined;
    throw error;
  }
}
