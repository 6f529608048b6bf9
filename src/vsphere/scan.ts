/** Reads all virtual machines and hosts of a vCenter, or of one datacenter, in pages. */
import type { VirtualMachine } from "../selection/model.ts";
import { type ManagedObject, type PropertyBag, readString } from "./decode.ts";
import { VsphereError } from "./errors.ts";
import {
  datacentersIn,
  type FilterSpec,
  hostsIn,
  identitiesIn,
  placesAround,
} from "./filter-specs.ts";
import type { InventoryState } from "./inventory-state.ts";
import { unescapeName } from "./mapping.ts";
import {
  createContainerView,
  destroyView,
  pageSizes,
  retrieve,
  retrieveAll,
} from "./property-collector.ts";
import type { VimCaller } from "./session.ts";

/** Looks at the fleet through one view that lives as long as the session. */
export class FleetScanner {
  readonly #caller: VimCaller;
  readonly #view: ManagedObject;
  /** Everything that hosts and virtual machines can be below. */
  readonly places: FilterSpec;

  private constructor(caller: VimCaller, view: ManagedObject, places: FilterSpec) {
    this.#caller = caller;
    this.#view = view;
    this.places = places;
  }

  /** @throws VsphereError of kind `settings` when there is no such datacenter, or more than one. */
  static async create(
    caller: VimCaller,
    datacenter: string | undefined,
    signal: AbortSignal,
  ): Promise<FleetScanner> {
    const { rootFolder } = caller.content;
    const root =
      datacenter === undefined ? rootFolder : await findDatacenter(caller, datacenter, signal);
    const view = await createContainerView(caller, root, ["VirtualMachine", "HostSystem"], signal);
    const types = ["Folder", "Datacenter", "ComputeResource"];
    const places = await createContainerView(caller, root, types, signal);
    return new FleetScanner(caller, view, placesAround(places, root));
  }

  /** What is above hosts and virtual machines. */
  async scanPlaces(state: InventoryState, signal: AbortSignal): Promise<void> {
    const pages = retrieve(this.#caller, this.places, pageSizes.leaves, signal);
    for await (const page of pages) state.apply(page.map((bag) => ({ kind: "enter", ...bag })));
  }

  /** What tells all virtual machines apart. */
  async scanVirtualMachines(state: InventoryState, signal: AbortSignal): Promise<void> {
    const scanned = new Map<string, VirtualMachine>();
    for await (const page of retrieve(
      this.#caller,
      identitiesIn(this.#view),
      pageSizes.leaves,
      signal,
    )) {
      for (const [id, machine] of state.mapScanned(page)) scanned.set(id, machine);
    }
    state.replaceScanned(scanned);
  }

  /** The state of all hosts. */
  async scanHosts(state: InventoryState, signal: AbortSignal): Promise<void> {
    const hosts: PropertyBag[] = [];
    for await (const page of retrieve(
      this.#caller,
      hostsIn(this.#view),
      pageSizes.leaves,
      signal,
    )) {
      state.noteScannedHosts(page);
      hosts.push(...page);
    }
    state.replaceHosts(hosts);
  }
}

async function findDatacenter(
  caller: VimCaller,
  wanted: string,
  signal: AbortSignal,
): Promise<ManagedObject> {
  const view = await createContainerView(caller, caller.content.rootFolder, ["Datacenter"], signal);
  const bags = await retrieveAll(caller, datacentersIn(view), pageSizes.leaves, signal);
  await destroyView(caller, view, signal);
  const [found, another] = bags.filter((bag) => nameOf(bag) === wanted);
  if (found && !another) return found.object;
  const names = bags.map(nameOf).toSorted().join(", ") || "none";
  const count = another ? "more than one datacenter is" : "no datacenter is";
  throw new VsphereError(`${count} named ${JSON.stringify(wanted)}; vCenter shows us: ${names}`, {
    kind: "settings",
    type: another ? "DatacenterAmbiguous" : "DatacenterNotFound",
  });
}

function nameOf(bag: PropertyBag): string {
  return unescapeName(readString(bag.values.get("name") ?? "", "Datacenter.name"));
}
