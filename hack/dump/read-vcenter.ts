/** Reads of a vCenter, in one session of its own, the same properties that gpuinfo reads; changes nothing. */
import { type ManagedObject, type PropertyBag, readReference } from "../../src/vsphere/decode.ts";
import {
  cardsOf,
  customFieldsOf,
  detailsIn,
  type FilterSpec,
  placesAround,
  recentTasksIn,
  scheduledTasksOf,
  usageIn,
} from "../../src/vsphere/filter-specs.ts";
import { orUndefined } from "../../src/vsphere/or-undefined.ts";
import {
  createContainerView,
  pageSizes,
  readServerTime,
  retrieveAll,
} from "../../src/vsphere/property-collector.ts";
import { type VimCaller, VsphereSession } from "../../src/vsphere/session.ts";
import type { VcenterSettings } from "../../src/vsphere/settings.ts";
import { defaultTimings } from "../../src/vsphere/timings.ts";

/** All objects with what could be read of them; several bags of one object are joined. */
export interface VcenterContent {
  readonly instanceUuid: string;
  readonly apiVersion: string;
  readonly rootFolder: ManagedObject;
  /** vCenter's clock minus ours, milliseconds. */
  readonly skewMs: number;
  readonly objects: ReadonlyMap<string, PropertyBag>;
}

type Say = (line: string) => void;

/** Logs in, reads, and logs out whatever happens. @throws VsphereError, or the signal's reason */
export async function readVcenter(
  settings: VcenterSettings,
  say: Say,
  signal: AbortSignal,
): Promise<VcenterContent> {
  const observe = { call: () => undefined };
  const session = await VsphereSession.open({ settings, timings: defaultTimings, observe, signal });
  try {
    return await readAll(session, say, signal);
  } finally {
    await session.logout().catch(() => say("the session could not be ended; it ends by itself"));
  }
}

async function readAll(caller: VimCaller, say: Say, signal: AbortSignal): Promise<VcenterContent> {
  const { instanceUuid, apiVersion, rootFolder } = caller.content;
  const skewMs = (await readServerTime(caller, signal)) - Date.now();
  const objects = new Objects();
  const read = async (what: string, spec: FilterSpec, pageSize: number) => {
    const bags = await retrieveAll(caller, spec, pageSize, signal);
    say(`${what}: ${bags.length}`);
    objects.add(bags);
  };
  const view = async (...types: string[]) => createContainerView(caller, rootFolder, types, signal);
  const machines = await view("VirtualMachine");
  const hosts = await view("HostSystem");
  const places = await view("Folder", "Datacenter", "ComputeResource");
  const { customFieldsManager, scheduledTaskManager } = caller.content;
  await read(
    "folders, datacenters and clusters",
    placesAround(places, rootFolder),
    pageSizes.leaves,
  );
  await read("hosts", detailsIn(hosts), pageSizes.leaves);
  await read("cards of hosts", cardsOf(objects.ofType("HostSystem")), pageSizes.pci);
  await read("virtual machines", detailsIn(machines), pageSizes.devices);
  await read("usage of virtual machines", usageIn(machines), pageSizes.leaves);
  await read("hosts, clusters and their recent tasks", recentTasksIn(hosts), pageSizes.leaves);
  await read("scheduled tasks", scheduledTasksOf(scheduledTaskManager), pageSizes.leaves);
  await read("definitions of custom attributes", customFieldsOf(customFieldsManager), 1);
  return { instanceUuid, apiVersion, rootFolder, skewMs, objects: objects.all };
}

/** Objects by id, in the order in which they were met. */
class Objects {
  readonly all = new Map<string, PropertyBag>();

  add(bags: readonly PropertyBag[]): void {
    for (const { object, values, refused } of bags) {
      const known = this.all.get(object.id);
      this.all.set(object.id, {
        object,
        values: new Map([...(known?.values ?? []), ...values]),
        refused: new Map([...(known?.refused ?? []), ...refused]),
      });
    }
  }

  ofType(type: string): ManagedObject[] {
    return [...this.all.values()]
      .map(({ object }) => object)
      .filter((object) => object.type === type);
  }
}

/** The object that a property refers to, where it refers to one. */
export function referenceAt(bag: PropertyBag, path: string): ManagedObject | undefined {
  return orUndefined(() => readReference(bag.values.get(path), path));
}
