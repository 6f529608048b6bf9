/** Takes out of a fleet file what says whose it is, and keeps what decides which node fits. */
import { canonicalPath } from "../../src/selection/machine-index.ts";
import type { KubernetesNode } from "../stack/fleet.ts";
import { Aliases, HostNames, numbered, Uuids } from "./aliases.ts";
import type {
  Cluster,
  Datacenter,
  FleetFile,
  Host,
  LentDevice,
  Machine,
  ScheduledTask,
} from "./fleet-file.ts";

/** How many of each were replaced, and what was left out, in words for the user. */
export type Replaced = ReadonlyMap<string, number>;

export interface Redacted {
  readonly fleet: FleetFile;
  readonly replaced: Replaced;
}

/** The annotation by which a node names its machine. */
export const overrideAnnotation = "topology.corinternal.com/vm";

/** Input and output are in the same order. */
export function redactFleet(fleet: FleetFile): Redacted {
  const redactor = new Redactor();
  const redacted = redactor.fleet(fleet);
  return { fleet: redacted, replaced: redactor.replaced() };
}

/** Vendors of GPUs: their resources, labels and taints are no secrets and decide about a node. */
const gpuKeys = /^(?:nvidia\.com\/|amd\.com\/gpu|gpu\.intel\.com\/|intel\.com\/gpu)/;
const gpuLabels = /^(?:nvidia|amd)\.com\/gpu\.(?:product|memory|count|replicas)$/;
const plainResources = /^(?:cpu|memory|pods)$/;
const quantity = /^[0-9]+(?:\.[0-9]+)?[a-zA-Z]{0,2}$/;

class Redactor {
  readonly #domains = new Aliases((number) =>
    number === 1 ? "example.com" : `d${number}.example.com`,
  );
  readonly #hosts = new Aliases(numbered("host"));
  readonly #machines = new Aliases(numbered("vm", 4));
  readonly #hostNames = new HostNames(this.#hosts, this.#domains);
  readonly #machineNames = new HostNames(this.#machines, this.#domains);
  readonly #uuids = new Uuids();
  readonly #datacenters = new Aliases(numbered("datacenter"));
  readonly #clusters = new Aliases(numbered("cluster"));
  readonly #folders = new Aliases(numbered("folder"));
  readonly #vApps = new Aliases(numbered("vapp"));
  readonly #tasks = new Aliases(numbered("task"));
  readonly #taints = new Aliases((number) => `taint-${number}.example.com/key`);
  readonly #providers = new Aliases(numbered("provider"));
  readonly #strayPaths = new Aliases((number) => `/nowhere/vm-${number}`);
  /** Canonical path of each machine before, its path now. */
  readonly #paths = new Map<string, string>();

  fleet(fleet: FleetFile): FleetFile {
    for (const datacenter of fleet.datacenters) this.#notePaths(datacenter);
    return {
      ...fleet,
      instanceUuid: this.#uuids.of(fleet.instanceUuid),
      datacenters: fleet.datacenters.map((datacenter) => this.#datacenter(datacenter)),
    };
  }

  replaced(): Replaced {
    return new Map([
      ["names of hosts", this.#hosts.count],
      ["names of virtual machines, guests and nodes", this.#machines.count],
      ["domains", this.#domains.count],
      ["names of datacenters", this.#datacenters.count],
      ["names of clusters", this.#clusters.count],
      ["names of folders and vApps", this.#folders.count + this.#vApps.count],
      ["names of scheduled tasks", this.#tasks.count],
      ["uuids", this.#uuids.count],
      ["keys of taints and other providers' ids", this.#taints.count + this.#providers.count],
    ]);
  }

  #notePaths(datacenter: Datacenter): void {
    const place = { ...datacenter, ...this.#place(datacenter) };
    for (const { hosts } of datacenter.clusters)
      for (const { virtualMachines } of hosts)
        for (const machine of virtualMachines)
          this.#paths.set(
            canonicalPath(pathOf(datacenter, machine)),
            pathOf(
              { folder: place.folder ?? "", name: this.#datacenters.of(datacenter.name) },
              { folder: this.#folder(machine.folder) ?? "", name: this.#machineName(machine.name) },
            ),
          );
  }

  #datacenter(datacenter: Datacenter): Datacenter {
    return {
      ...datacenter,
      ...this.#place(datacenter),
      name: this.#datacenters.of(datacenter.name),
      scheduledTasks: this.#scheduled(datacenter.scheduledTasks),
      clusters: datacenter.clusters.map((cluster) => this.#cluster(cluster)),
    };
  }

  #cluster(cluster: Cluster): Cluster {
    return {
      ...cluster,
      ...this.#place(cluster),
      name: this.#clusters.of(cluster.name),
      scheduledTasks: this.#scheduled(cluster.scheduledTasks),
      hosts: cluster.hosts.map((host) => this.#host(host)),
    };
  }

  #host(host: Host): Host {
    return {
      ...host,
      name: this.#hostNames.of(host.name),
      scheduledTasks: this.#scheduled(host.scheduledTasks),
      virtualMachines: host.virtualMachines.map((machine) => this.#machine(machine)),
    };
  }

  #machine(machine: Machine): Machine {
    const { uuid, instanceUuid, guestHostName, vApp, kubernetesNode, gpus } = machine;
    return {
      ...machine,
      ...this.#place(machine),
      name: this.#machineName(machine.name),
      ...(uuid !== undefined && { uuid: this.#uuids.of(uuid) }),
      ...(instanceUuid !== undefined && { instanceUuid: this.#uuids.of(instanceUuid) }),
      ...(guestHostName !== undefined && { guestHostName: this.#machineNames.of(guestHostName) }),
      ...(vApp !== undefined && { vApp: this.#vApps.of(vApp) }),
      gpus: gpus.map(withoutClass),
      ...(kubernetesNode !== undefined && { kubernetesNode: this.#node(kubernetesNode) }),
    };
  }

  #machineName(name: string): string {
    return this.#machineNames.of(name);
  }

  #place({ folder }: { readonly folder?: string }): { readonly folder?: string } {
    const redacted = this.#folder(folder);
    return redacted === undefined ? {} : { folder: redacted };
  }

  #folder(folder: string | undefined): string | undefined {
    return folder
      ?.split("/")
      .map((name) => this.#folders.of(name))
      .join("/");
  }

  #scheduled(tasks: readonly ScheduledTask[]): ScheduledTask[] {
    return tasks.map((task) => ({ ...task, name: this.#tasks.of(task.name) }));
  }

  #node(node: KubernetesNode & { readonly name: string }): KubernetesNode & { name: string } {
    const { providerId = null, systemUuid = null, csiNodeId = null } = node;
    const override = node.annotations?.[overrideAnnotation];
    return {
      name: this.#machineNames.of(node.name),
      providerId: providerId === null ? null : this.#providerId(providerId),
      systemUuid: systemUuid === null ? null : this.#uuids.of(systemUuid),
      csiNodeId: csiNodeId === null ? null : this.#uuids.of(csiNodeId),
      ready: node.ready ?? true,
      unschedulable: node.unschedulable ?? false,
      taints: (node.taints ?? []).map(({ key, effect }) => ({ key: this.#taint(key), effect })),
      labels: pick(node.labels, (key) => gpuLabels.test(key)),
      allocatable: pick(
        node.allocatable,
        (key, value) =>
          (plainResources.test(key) || gpuKeys.test(key)) && quantity.test(String(value)),
      ),
      ...(override !== undefined && {
        annotations: { [overrideAnnotation]: this.#override(override) },
      }),
    };
  }

  #providerId(text: string): string {
    const [, scheme = "", id = ""] = /^(vsphere:\/\/)(.*)$/i.exec(text) ?? [];
    return scheme === "" ? `other://${this.#providers.of(text)}` : scheme + this.#uuids.of(id);
  }

  #taint(key: string): string {
    return gpuKeys.test(key) || key.startsWith("node.kubernetes.io/") ? key : this.#taints.of(key);
  }

  #override(text: string): string {
    const trimmed = text.trim();
    if (!trimmed.startsWith("/")) return this.#uuids.of(trimmed);
    const path = canonicalPath(trimmed);
    return this.#paths.get(path) ?? this.#strayPaths.of(path);
  }
}

/** A class of devices names its vendor. */
function withoutClass(device: LentDevice): LentDevice {
  return device.kind === "dvx" ? { kind: "dvx", deviceClass: "redacted" } : device;
}

/** The inventory path; `%2f` in names of folders is so already. */
function pathOf(
  datacenter: { readonly folder?: string; readonly name: string },
  machine: { readonly folder?: string; readonly name: string },
): string {
  return [
    "",
    ...segments(datacenter.folder),
    escapeSlash(datacenter.name),
    "vm",
    ...segments(machine.folder),
    escapeSlash(machine.name),
  ].join("/");
}

function segments(folder: string | undefined): readonly string[] {
  return folder === undefined || folder === "" ? [] : folder.split("/");
}

function escapeSlash(name: string): string {
  return name.replaceAll("/", "%2f");
}

function pick<Value>(
  values: Readonly<Record<string, Value>> | undefined,
  wanted: (key: string, value: Value) => boolean,
): Readonly<Record<string, Value>> {
  return Object.fromEntries(
    Object.entries(values ?? {}).filter(([key, value]) => wanted(key, value)),
  );
}
