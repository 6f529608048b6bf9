/** A client that only fetches what gpuinfo fetches when it starts, page by page, and throws it away: what SOAP alone costs. */

import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { ManagedObject } from "../../src/vsphere/decode.ts";
import {
  cardsOf,
  customFieldsOf,
  detailsIn,
  type FilterSpec,
  hostsIn,
  identitiesIn,
  placesAround,
  recentTasksIn,
  scheduledTasksOf,
  usageIn,
} from "../../src/vsphere/filter-specs.ts";
import {
  createContainerView,
  createListView,
  modifyListView,
  pageSizes,
  retrieve,
} from "../../src/vsphere/property-collector.ts";
import { VsphereSession } from "../../src/vsphere/session.ts";
import type { VcenterSettings } from "../../src/vsphere/settings.ts";
import { defaultTimings } from "../../src/vsphere/timings.ts";

export interface BareRead {
  readonly wallS: number;
  readonly cpuS: number;
  readonly blockMs: number;
}

/** The first message says which vCenters, and how many machines of each are followed; the answer is what it took. */
interface Order {
  readonly vcenters: readonly VcenterSettings[];
  readonly followed: number;
}

const { signal } = new AbortController();

process.once("message", (order: Order) => {
  void readAll(order).then((took) => {
    process.send?.(took);
    process.disconnect();
  });
});

async function readAll({ vcenters, followed }: Order): Promise<BareRead> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  await Promise.all(vcenters.map((settings) => readOne(settings, followed)));
  const { user, system } = process.cpuUsage(cpuBefore);
  const wallS = (performance.now() - startedAt) / 1_000;
  // A tick, or the last block is missed.
  await sleep(20);
  delay.disable();
  return { wallS, cpuS: (user + system) / 1e6, blockMs: delay.max / 1e6 };
}

async function readOne(settings: VcenterSettings, followed: number): Promise<void> {
  const observe = { call: () => undefined };
  const session = await VsphereSession.open({ settings, timings: defaultTimings, observe });
  const { rootFolder, scheduledTaskManager, customFieldsManager } = session.content;
  const view = async (...types: string[]) =>
    createContainerView(session, rootFolder, types, signal);
  const fetch = async (spec: FilterSpec, pageSize: number): Promise<ManagedObject[]> => {
    const objects: ManagedObject[] = [];
    for await (const page of retrieve(session, spec, pageSize, signal))
      objects.push(...page.map(({ object }) => object));
    return objects;
  };
  const all = await view("VirtualMachine", "HostSystem");
  const places = await view("Folder", "Datacenter", "ComputeResource");
  await fetch(placesAround(places, rootFolder), pageSizes.leaves);
  await fetch(scheduledTasksOf(scheduledTaskManager), pageSizes.leaves);
  await fetch(customFieldsOf(customFieldsManager), 1);
  const hosts = await fetch(hostsIn(all), pageSizes.leaves);
  const machines = await fetch(identitiesIn(all), pageSizes.leaves);
  const every = Math.floor(machines.length / followed);
  const list = await createListView(session, signal);
  const add = [...hosts, ...machines.filter((_, index) => index % every === 0)];
  await modifyListView(session, list, { add, remove: [] }, signal);
  await fetch(detailsIn(list), pageSizes.devices);
  await fetch(usageIn(list), pageSizes.leaves);
  await fetch(recentTasksIn(list), pageSizes.leaves);
  await fetch(cardsOf(hosts), pageSizes.pci);
  await session.logout();
}
