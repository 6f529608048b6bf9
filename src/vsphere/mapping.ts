/** Turns property bags into the words of selection; where vCenter would not say, the answer is never the hopeful one. */
import type { Gpu, Host, MaintenanceHorizon, VirtualMachine } from "../selection/model.ts";
import {
  type ManagedObject,
  type PropertyBag,
  readBoolean,
  readInteger,
  readReference,
  readString,
} from "./decode.ts";
import { decodePassthroughDevices, findGpus, needsHostPci, type PciDevice } from "./gpus.ts";
import { cpuMhzPath, devicesPath, pciPath, usagePaths } from "./properties.ts";

/** What a host's PCI devices are, or that vCenter refuses to show them. */
export type HostPci = readonly PciDevice[] | "refused";

/** quickStats of a virtual machine. */
export interface Usage {
  readonly cpuDemandMhz: number;
  readonly memoryUsedMib: number;
  readonly refused: readonly string[];
}

/** Before the first poll: nothing is known, so that a new node does not look idle. */
export const unreadUsage: Usage = { cpuDemandMhz: 0, memoryUsedMib: 0, refused: usagePaths };

/** Object ids repeat between vCenters. */
export function globalId(instanceUuid: string, objectId: string): string {
  return `${instanceUuid}/${objectId}`;
}

/** The id within its vCenter. */
export function objectIdOf(id: string): string {
  return id.slice(id.indexOf("/") + 1);
}

/** A virtual machine of which only the identity was read: its devices count as unreadable, so that no job is placed on a guess. */
export function mapIdentity(instanceUuid: string, bag: PropertyBag): VirtualMachine {
  const identity = readIdentity(instanceUuid, bag);
  return {
    ...identity,
    cpuDemandMhz: 0,
    memoryUsedMib: 0,
    gpus: [],
    unreadable: [...identity.unreadable, devicesPath],
  };
}

/** A virtual machine whose devices were read too. `hostPci` is undefined while its host's were not asked for. */
export function mapVirtualMachine(
  instanceUuid: string,
  bag: PropertyBag,
  usage: Usage,
  hostPci: HostPci | undefined,
): VirtualMachine {
  const identity = readIdentity(instanceUuid, bag);
  const { gpus, unreadable } = readGpus(bag, identity.hostId !== undefined, hostPci);
  return {
    ...identity,
    cpuDemandMhz: usage.cpuDemandMhz,
    memoryUsedMib: usage.memoryUsedMib,
    gpus,
    unreadable: unique([...identity.unreadable, ...unreadable, ...usage.refused]),
  };
}

/** quickStats; a value of zero and none look alike. */
export function mapUsage(bag: PropertyBag): Usage {
  const [cpu, memory] = usagePaths.map((path) => readInteger(bag.values.get(path) ?? "0", path));
  return { cpuDemandMhz: cpu ?? 0, memoryUsedMib: memory ?? 0, refused: [...bag.refused.keys()] };
}

/** A host; `entering` is true while a task that ends in maintenance runs on it. */
export function mapHost(
  instanceUuid: string,
  bag: PropertyBag,
  horizon: MaintenanceHorizon,
  entering: boolean,
): Host {
  const connection = oneOf(bag, "runtime.connectionState", [
    "connected",
    "disconnected",
    "notResponding",
  ]);
  const name = bag.values.get("name");
  const unreadable = [
    ...[...bag.refused.keys()].filter((path) => path !== cpuMhzPath),
    ...(name === undefined ? ["name"] : []),
    ...(connection === undefined ? ["runtime.connectionState"] : []),
    ...(bag.values.get("runtime.inMaintenanceMode") === undefined
      ? ["runtime.inMaintenanceMode"]
      : []),
  ];
  return {
    id: globalId(instanceUuid, bag.object.id),
    name: name === undefined ? bag.object.id : unescapeName(readString(name, "name")),
    connection: connection ?? "notResponding",
    maintenance: readMaintenance(bag, entering),
    inQuarantine: isTrue(bag, "runtime.inQuarantineMode"),
    cpuMhz: readCpuMhz(bag),
    horizon,
    unreadable: unique(unreadable),
  };
}

/** A host that was never connected has no hardware summary. */
function readCpuMhz(bag: PropertyBag): number {
  const value = bag.values.get(cpuMhzPath);
  return value === undefined ? 0 : readInteger(value, cpuMhzPath);
}

/** vSphere escapes `/`, `\` and `%` in names. */
export function unescapeName(name: string): string {
  return name.replaceAll(/%(2f|5c|25)/gi, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}

/** The host that a virtual machine is registered on. */
export function readHostReference(bag: PropertyBag): ManagedObject | undefined {
  const host = bag.values.get("runtime.host");
  return host === undefined ? undefined : readReference(host, "runtime.host");
}

type Identity = Omit<VirtualMachine, "gpus" | "cpuDemandMhz" | "memoryUsedMib">;

function readIdentity(instanceUuid: string, bag: PropertyBag): Identity {
  const power = oneOf(bag, "runtime.powerState", ["poweredOn", "poweredOff", "suspended"]);
  const host = readHostReference(bag);
  const text = (path: string) => readString(bag.values.get(path) ?? "", path);
  return {
    id: globalId(instanceUuid, bag.object.id),
    name: unescapeName(text("name")),
    biosUuid: text("config.uuid").toLowerCase(),
    guestHostName: text("guest.hostName"),
    power: power ?? "poweredOff",
    ...(host === undefined ? {} : { hostId: globalId(instanceUuid, host.id) }),
    unreadable: unique([
      ...bag.refused.keys(),
      ...(power === undefined ? ["runtime.powerState"] : []),
    ]),
  };
}

function readGpus(
  bag: PropertyBag,
  onHost: boolean,
  hostPci: HostPci | undefined,
): { readonly gpus: readonly Gpu[]; readonly unreadable: readonly string[] } {
  const value = bag.values.get(devicesPath);
  if (value === undefined) return { gpus: [], unreadable: [devicesPath] };
  const devices = decodePassthroughDevices(value);
  const pci = Array.isArray(hostPci) ? (hostPci as readonly PciDevice[]) : undefined;
  const lacking = onHost && pci === undefined && needsHostPci(devices);
  return { gpus: findGpus(devices, pci ?? []), unreadable: lacking ? [pciPath] : [] };
}

function readMaintenance(bag: PropertyBag, entering: boolean): Host["maintenance"] {
  const standby = readString(
    bag.values.get("runtime.standbyMode") ?? "none",
    "runtime.standbyMode",
  );
  if (isTrue(bag, "runtime.inMaintenanceMode") || standby === "in" || standby === "exiting")
    return "in";
  return entering || standby === "entering" ? "entering" : "none";
}

function isTrue(bag: PropertyBag, path: string): boolean {
  const value = bag.values.get(path);
  return value !== undefined && readBoolean(value, path);
}

/** A value that a newer vSphere may have added counts as not readable, rather than as an answer that breaks everything. */
function oneOf<Value extends string>(
  bag: PropertyBag,
  path: string,
  known: readonly Value[],
): Value | undefined {
  const value = bag.values.get(path);
  const text = value === undefined ? undefined : readString(value, path);
  return known.find((candidate) => candidate === text);
}

function unique(paths: readonly string[]): string[] {
  return [...new Set(paths)];
}
