/** Turns what vCenter said into a fleet file, names and all; `redact.ts` takes them out. */
import {
  childOf,
  type ManagedObject,
  type PropertyBag,
  readReference,
  typeOf,
} from "../../src/vsphere/decode.ts";
import { orUndefined } from "../../src/vsphere/or-undefined.ts";
import {
  customValuePath,
  fieldsPath,
  recentTaskPath,
  usagePaths,
} from "../../src/vsphere/properties.ts";
import { cardsOfHost, devicesOf, possibleDevices } from "./devices.ts";
import type {
  Cluster,
  Datacenter,
  FleetFile,
  Host,
  LentDevice,
  Machine,
  RunningTask,
  ScheduledTask,
} from "./fleet-file.ts";
import { referenceAt, type VcenterContent } from "./read-vcenter.ts";
import { relativeIntervals, relativeTo } from "./relative-time.ts";
import { flagAt, listAt, nameOf, numberAt, numberOf, textAt, textOf, timeAt } from "./values.ts";

/** The name that the attribute has in the file: that of the default configuration. */
const attributeInFile = "gpuinfo.maintenance";

export interface FleetOptions {
  /** Name of the custom attribute that holds maintenance; all others are left out. */
  readonly maintenanceAttribute: string;
  /** Milliseconds since the Unix epoch: what relative times count from. */
  readonly now: number;
}

export function toFleet(content: VcenterContent, options: FleetOptions): FleetFile {
  return new FleetWriter(content, options).fleet();
}

const smallestSkewMs = 2_000;

class FleetWriter {
  readonly #content: VcenterContent;
  readonly #options: FleetOptions;
  readonly #bags: readonly PropertyBag[];
  readonly #attributeKeys: ReadonlySet<number>;
  readonly #machinesByHost = new Map<string, PropertyBag[]>();

  constructor(content: VcenterContent, options: FleetOptions) {
    this.#content = content;
    this.#options = options;
    this.#bags = [...content.objects.values()];
    this.#attributeKeys = this.#findAttribute();
    for (const machine of this.#ofType("VirtualMachine")) {
      const hostId = referenceAt(machine, "runtime.host")?.id ?? this.#anyHostNear(machine);
      this.#machinesByHost.set(hostId, [...(this.#machinesByHost.get(hostId) ?? []), machine]);
    }
  }

  fleet(): FleetFile {
    const { instanceUuid, apiVersion, skewMs } = this.#content;
    return {
      instanceUuid,
      apiVersion,
      ...(Math.abs(skewMs) >= smallestSkewMs && { clockSkew: relativeTo(0, skewMs) }),
      globalAttributes: this.#attributeKeys.size > 0 ? [attributeInFile] : [],
      datacenters: this.#ofType("Datacenter").map((bag) => this.#datacenter(bag)),
    };
  }

  #datacenter(bag: PropertyBag): Datacenter {
    const clusters = this.#ofType("ClusterComputeResource", "ComputeResource").filter((cluster) =>
      this.#above(cluster).some(({ object }) => object.id === bag.object.id),
    );
    return {
      name: nameOf(bag),
      ...this.#folder(bag, this.#content.rootFolder.id),
      ...this.#attributes([bag]),
      scheduledTasks: this.#scheduledOn([bag, ...this.#above(bag)]),
      clusters: clusters.map((cluster) => this.#cluster(cluster)),
    };
  }

  #cluster(bag: PropertyBag): Cluster {
    const hosts = this.#ofType("HostSystem").filter(
      (host) => referenceAt(host, "parent")?.id === bag.object.id,
    );
    const folders = this.#foldersAbove(bag);
    return {
      name: nameOf(bag),
      ...this.#folder(bag, undefined),
      ...this.#attributes([bag, ...folders]),
      scheduledTasks: this.#scheduledOn([bag, ...folders]),
      runningTasks: this.#runningOn(bag),
      hosts: hosts.map((host) => this.#host(host)),
    };
  }

  #host(bag: PropertyBag): Host {
    const machines = this.#machinesByHost.get(bag.object.id) ?? [];
    const devices = machines.map(devicesOf);
    const cards = cardsOfHost(bag, devices.flat());
    const held = new Set<string>();
    const cpuMhz = numberAt(bag, "summary.hardware.cpuMhz");
    return {
      name: nameOf(bag),
      ...(cpuMhz > 0 && { cpuMhz }),
      connectionState: textAt(bag, "runtime.connectionState") ?? "connected",
      standbyMode: textAt(bag, "runtime.standbyMode") ?? "none",
      inMaintenance: flagAt(bag, "runtime.inMaintenanceMode") ?? false,
      inQuarantine: flagAt(bag, "runtime.inQuarantineMode") ?? false,
      ...this.#attributes([bag]),
      ...cards,
      scheduledTasks: this.#scheduledOn([bag]),
      runningTasks: this.#runningOn(bag),
      virtualMachines: machines.map((machine, index) => {
        const running = textAt(machine, "runtime.powerState") === "poweredOn";
        return this.#machine(machine, possibleDevices(devices[index] ?? [], cards, held, running));
      }),
    };
  }

  #machine(bag: PropertyBag, gpus: readonly LentDevice[]): Machine {
    const uuid = textAt(bag, "config.uuid");
    const instanceUuid = textAt(bag, "config.instanceUuid");
    const guestHostName = textAt(bag, "guest.hostName");
    const hasFolder = referenceAt(bag, "parent") !== undefined;
    return {
      name: nameOf(bag),
      ...(uuid && { uuid }),
      ...(instanceUuid && { instanceUuid }),
      power: textAt(bag, "runtime.powerState") ?? "poweredOff",
      cpuDemandMhz: Math.max(0, numberAt(bag, usagePaths[0])),
      guestMemoryMib: Math.max(0, numberAt(bag, usagePaths[1])),
      ...(guestHostName && { guestHostName }),
      ...(hasFolder ? this.#folder(bag, undefined) : { vApp: "vApp" }),
      ...(referenceAt(bag, "runtime.host") === undefined && { onNoHost: true }),
      gpus,
    };
  }

  #ofType(...types: string[]): PropertyBag[] {
    return this.#bags.filter(({ object }) => types.includes(object.type));
  }

  /** Nearest first, without the object itself. */
  #above(bag: PropertyBag): PropertyBag[] {
    const above: PropertyBag[] = [];
    let next = this.#parentOf(bag);
    while (next !== undefined && !above.includes(next)) {
      above.push(next);
      next = this.#parentOf(next);
    }
    return above;
  }

  #parentOf(bag: PropertyBag): PropertyBag | undefined {
    return this.#content.objects.get(referenceAt(bag, "parent")?.id ?? "");
  }

  /** The folders between the object and its datacenter, nearest first. */
  #foldersAbove(bag: PropertyBag): PropertyBag[] {
    const above = this.#above(bag);
    const datacenter = above.findIndex(({ object }) => object.type === "Datacenter");
    return above.slice(0, Math.max(datacenter, 0));
  }

  /** Without the folder at the top, which every datacenter has; `rootId` is that of a datacenter's own way up. */
  #folder(bag: PropertyBag, rootId: string | undefined): { readonly folder?: string } {
    const folders =
      rootId === undefined
        ? this.#foldersAbove(bag).slice(0, -1)
        : this.#above(bag).filter(({ object }) => object.id !== rootId);
    const names = folders.toReversed().map((folder) => nameOf(folder).replaceAll("/", "%2f"));
    return names.length === 0 ? {} : { folder: names.join("/") };
  }

  #findAttribute(): ReadonlySet<number> {
    const wanted = this.#options.maintenanceAttribute.trim().toLowerCase();
    const fields = this.#ofType("CustomFieldsManager").flatMap((bag) =>
      listAt(bag, fieldsPath, "CustomFieldDef"),
    );
    const own = fields.filter(
      (field) => textOf(childOf(field, "name"))?.trim().toLowerCase() === wanted,
    );
    return new Set(own.map((field) => numberOf(childOf(field, "key"))));
  }

  /** The value of the nearest that has one. */
  #attributes(bags: readonly PropertyBag[]): Pick<Host, "customAttributes"> {
    for (const bag of bags) {
      const values = listAt(bag, customValuePath, "CustomFieldValue")
        .filter((value) => this.#attributeKeys.has(numberOf(childOf(value, "key"))))
        .map((value) => textOf(childOf(value, "value"))?.trim() ?? "")
        .filter((value) => value !== "");
      if (values.length > 0) {
        const text = relativeIntervals(values.join(","), this.#options.now);
        return { customAttributes: { [attributeInFile]: text } };
      }
    }
    return {};
  }

  #scheduledOn(bags: readonly PropertyBag[]): ScheduledTask[] {
    const ids = new Set(bags.map(({ object }) => object.id));
    return this.#ofType("ScheduledTask")
      .filter((task) =>
        ["info.entity", "info.taskObject"].some((path) =>
          ids.has(referenceAt(task, path)?.id ?? ""),
        ),
      )
      .flatMap((task) => this.#scheduledTask(task));
  }

  #scheduledTask(bag: PropertyBag): ScheduledTask[] {
    const action = actionOf(bag.values.get("info.action"));
    const at = timeAt(bag, "info.nextRunTime");
    if (action === undefined || at === undefined) return [];
    return [
      {
        // Names repeat; ids do not.
        name: `${textAt(bag, "info.name") ?? ""} ${bag.object.id}`,
        action,
        at: relativeTo(this.#options.now, at),
        enabled: flagAt(bag, "info.enabled") ?? true,
      },
    ];
  }

  /** Tasks of other kinds are known by names that anybody may give. */
  #runningOn(bag: PropertyBag): RunningTask[] {
    const refs = listAt(bag, recentTaskPath, "ManagedObjectReference");
    const tasks = refs.flatMap((ref) => {
      const object = orUndefined(() => readReference(ref, recentTaskPath));
      return this.#content.objects.get(object?.id ?? "") ?? [];
    });
    return tasks.flatMap((task) => {
      const descriptionId = textAt(task, "info.descriptionId") ?? "";
      const state = textAt(task, "info.state") ?? "";
      return /^[\w.]{1,100}$/.test(descriptionId) && taskStates.test(state)
        ? [{ descriptionId, state }]
        : [];
    });
  }

  /** A host of the machine's datacenter, for a machine that is on none. */
  #anyHostNear(machine: PropertyBag): string {
    const datacenterOf = (bag: PropertyBag): ManagedObject | undefined =>
      this.#above(bag).find(({ object }) => object.type === "Datacenter")?.object;
    const own = datacenterOf(machine)?.id;
    const hosts = this.#ofType("HostSystem");
    const near = hosts.find((host) => datacenterOf(host)?.id === own);
    return (near ?? hosts[0])?.object.id ?? "";
  }
}

const taskStates = /^(?:queued|running|success|error)$/;
const methodName = /^[A-Z][A-Za-z0-9]*(?:_Task)?$/;
const taskType = /^[A-Za-z][A-Za-z0-9.]*$/;

/** As a fleet file writes it; undefined for what is neither a method nor an extension's task. */
function actionOf(action: unknown): string | undefined {
  const method = textOf(childOf(action, "name")) ?? "";
  const type = textOf(childOf(action, "taskTypeId")) ?? "";
  if (typeOf(action) === "MethodAction" && methodName.test(method)) return method;
  return typeOf(action) === "CreateTaskAction" && taskType.test(type)
    ? `CreateTask:${type}`
    : undefined;
}
