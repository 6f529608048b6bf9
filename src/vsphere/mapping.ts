/** Turns property bags into the words of selection; where vCenter would not say, the answer is never the hopeful one. */
import type { Host, MaintenanceHorizon, VirtualMachine } from "../selection/model.ts";
import {
  type ManagedObject,
  type PropertyBag,
  readBoolean,
  readInteger,
  readReference,
  readString,
} from "./decode.ts";
import { needsHostPci, readLentDevices } from "./gpu-devices.ts";
import { findGpus, isPinned } from "./gpus.ts";
import type { HostCards } from "./host-cards.ts";
import {
  cpuMhzPath,
  customValuePath,
  devicesPath,
  instanceUuidPath,
  parentPath,
  pciPath,
  usagePaths,
} from "./properties.ts";

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

/**
 * A virtual machine of which only the identity was read: its devices count as unreadable, so that no job is placed on a
 * guess. `folderPath` is the inventory path of its folder, empty while that is unknown.
 */
export function mapIdentity(
  instanceUuid: string,
  bag: PropertyBag,
  folderPath = "",
): VirtualMachine {
  const identity = readIdentity(instanceUuid, bag, folderPath);
  return {
    ...identity,
    cpuDemandMhz: 0,
    memoryUsedMib: 0,
    gpus: [],
    pinned: true,
    unreadable: [...identity.unreadable, devicesPath],
  };
}

/** A virtual machine whose devices were read too. `hostCards` is undefined while its host was not asked for them. */
export function mapVirtualMachine(
  instanceUuid: string,
  bag: PropertyBag,
  usage: Usage,
  hostCards: HostCards | undefined,
  folderPath = "",
): VirtualMachine {
  const identity = readIdentity(instanceUuid, bag, folderPath);
  const { gpus, pinned, unreadable } = readGpus(bag, identity.hostId !== undefined, hostCards);
  return {
    ...identity,
    cpuDemandMhz: usage.cpuDemandMhz,
    memoryUsedMib: usage.memoryUsedMib,
    gpus,
    pinned,
    unreadable: unique([...identity.unreadable, ...unreadable, ...usage.refused]),
  };
}

/** quickStats; a value of zero and none look alike. */
export function mapUsage(bag: PropertyBag): Usage {
  const [cpu, memory] = usagePaths.map((path) => readInteger(bag.values.get(path) ?? "0", path));
  return { cpuDemandMhz: cpu ?? 0, memoryUsedMib: memory ?? 0, refused: [...bag.refused.keys()] };
}

/** What is known of a host beside its own properties. */
export interface HostSurroundings {
  /** The vCenter's name in our configuration. */
  readonly vcenter: string;
  /** Name of its cluster; empty without one. */
  readonly cluster: string;
  readonly horizon: MaintenanceHorizon;
  /** A task that ends in maintenance runs on it. */
  readonly entering: boolean;
  /** Paths that leave open whether such a task runs. */
  readonly unreadable: readonly string[];
}

export function mapHost(
  instanceUuid: string,
  bag: PropertyBag,
  { vcenter, cluster, horizon, entering, unreadable: unreadableAround }: HostSurroundings,
): Host {
  const connection = oneOf(bag, "runtime.connectionState", [
    "connected",
    "disconnected",
    "notResponding",
  ]);
  const name = bag.values.get("name");
  const unreadable = [
    ...[...bag.refused.keys()].filter((path) => !doubtful.has(path)),
    ...unreadableAround,
    ...(name === undefined ? ["name"] : []),
    ...(connection === undefined ? ["runtime.connectionState"] : []),
    ...(bag.values.get("runtime.inMaintenanceMode") === undefined
      ? ["runtime.inMaintenanceMode"]
      : []),
  ];
  return {
    id: globalId(instanceUuid, bag.object.id),
    vcenter,
    cluster,
    name: name === undefined ? bag.object.id : unescapeName(readString(name, "name")),
    connection: connection ?? "notResponding",
    maintenance: readMaintenance(bag, entering),
    inQuarantine: isTrue(bag, "runtime.inQuarantineMode"),
    cpuMhz: readCpuMhz(bag),
    horizon,
    unreadable: unique(unreadable),
  };
}

/** Paths that leave a host readable when they are refused; without the last one its horizon is unknown. */
const doubtful: ReadonlySet<string> = new Set([cpuMhzPath, customValuePath]);

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

/** As vSphere escapes a name, so that no two of them look alike within a path. */
export function escapeName(name: string): string {
  return name.replaceAll("%", "%25").replaceAll("/", "%2f").replaceAll("\\", "%5c");
}

/** The host that a virtual machine is registered on. */
export function readHostReference(bag: PropertyBag): ManagedObject | undefined {
  const host = bag.values.get("runtime.host");
  return host === undefined ? undefined : readReference(host, "runtime.host");
}

type Identity = Omit<VirtualMachine, "gpus" | "pinned" | "cpuDemandMhz" | "memoryUsedMib">;

function readIdentity(instanceUuid: string, bag: PropertyBag, folderPath: string): Identity {
  const power = oneOf(bag, "runtime.powerState", ["poweredOn", "poweredOff", "suspended"]);
  const host = readHostReference(bag);
  const text = (path: string) => readString(bag.values.get(path) ?? "", path);
  const name = unescapeName(text("name"));
  return {
    id: globalId(instanceUuid, bag.object.id),
    name,
    biosUuid: text("config.uuid").toLowerCase(),
    instanceUuid: text(instanceUuidPath).toLowerCase(),
    inventoryPath: folderPath === "" || name === "" ? "" : `${folderPath}/${escapeName(name)}`,
    guestHostName: text("guest.hostName"),
    power: power ?? "poweredOff",
    ...(host === undefined ? {} : { hostId: globalId(instanceUuid, host.id) }),
    unreadable: unique([
      ...[...bag.refused.keys()].filter((path) => !onlyNames.has(path)),
      ...(power === undefined ? ["runtime.powerState"] : []),
    ]),
  };
}

/** Paths that only serve to name a machine in an annotation: a job can be placed without. */
const onlyNames: ReadonlySet<string> = new Set([parentPath, instanceUuidPath]);

/** A device list that makes no sense is one that cannot be read: that of one machine must not hide all the others. */
function readGpus(
  bag: PropertyBag,
  onHost: boolean,
  hostCards: HostCards | undefined,
): Pick<VirtualMachine, "gpus" | "pinned" | "unreadable"> {
  const value = bag.values.get(devicesPath);
  const devices = value === undefined ? undefined : readLentDevices(value);
  if (devices === undefined) return { gpus: [], pinned: true, unreadable: [devicesPath] };
  const gpus = findGpus(devices, hostCards);
  const lacking = onHost && hostCards?.gpus === undefined && needsHostPci(devices);
  return { gpus, pinned: isPinned(devices, gpus), unreadable: lacking ? [pciPath] : [] };
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
