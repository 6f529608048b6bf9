/** Knows vCenter's tree above hosts and virtual machines: clusters, folders and datacenters. */
import {
  type ManagedObject,
  type ObjectChange,
  type PropertyBag,
  readReference,
  readString,
} from "./decode.ts";
import { escapeName, unescapeName } from "./mapping.ts";
import { mergeChange } from "./merge-change.ts";
import { orUndefined } from "./or-undefined.ts";

/** What is above an object. */
export interface Ancestry {
  /** Nearest first. */
  readonly places: readonly PropertyBag[];
  /** The nearest of which nothing is known but that it is there. */
  readonly hidden?: ManagedObject;
  /** The way is known up to the root of the vCenter. */
  readonly complete: boolean;
}

const placeTypes: ReadonlySet<string> = new Set([
  "Folder",
  "StoragePod",
  "Datacenter",
  "ComputeResource",
  "ClusterComputeResource",
]);

/** True for objects that may have hosts below them. */
export function isPlace(object: ManagedObject): boolean {
  return placeTypes.has(object.type);
}

/** True for the place that a host is in: a cluster, or a place of its own. Tasks on it are tasks on the host. */
export function isComputeResource(bag: PropertyBag | undefined): boolean {
  return bag?.object.type.endsWith("ComputeResource") ?? false;
}

/** Folders, datacenters, clusters, and the compute resources of hosts that stand alone. */
export class Places {
  readonly #rootId: string;
  readonly #bags = new Map<string, PropertyBag>();

  constructor(rootFolder: ManagedObject) {
    this.#rootId = rootFolder.id;
  }

  apply(change: ObjectChange): void {
    const { id } = change.object;
    if (change.kind === "leave") this.#bags.delete(id);
    else this.#bags.set(id, mergeChange(this.#bags.get(id), change));
  }

  /** Forgets all others. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#bags.keys()) if (!ids.has(id)) this.#bags.delete(id);
  }

  /** Everything above an object whose `parent` this is. Ends where vCenter does not let us look, and at the root. */
  above(parent: ManagedObject | undefined): Ancestry {
    const places: PropertyBag[] = [];
    const seen = new Set<string>();
    let next = parent;
    while (next !== undefined && !seen.has(next.id)) {
      const place = this.#bags.get(next.id);
      if (place === undefined) return { places, hidden: next, complete: false };
      places.push(place);
      if (next.id === this.#rootId) return { places, complete: true };
      seen.add(next.id);
      next = parentOf(place);
    }
    return { places, complete: false };
  }

  /**
   * The inventory path of a folder, such as `/DC0/vm/ml`, names escaped as vSphere does. Empty for the root folder,
   * `undefined` while part of the way is unknown.
   */
  pathOf(folder: ManagedObject): string | undefined {
    const { places, complete } = this.above(folder);
    if (!complete) return undefined;
    const names = places.slice(0, -1).map(nameOf);
    if (names.includes(undefined)) return undefined;
    return names
      .toReversed()
      .map((name = "") => `/${escapeName(name)}`)
      .join("");
  }
}

/** The object above; `undefined` at the root, and where it cannot be read. */
export function parentOf(bag: PropertyBag): ManagedObject | undefined {
  return orUndefined(() => readReference(bag.values.get("parent"), "parent"));
}

/** The name, unescaped; `undefined` where it cannot be read. */
function nameOf(bag: PropertyBag): string | undefined {
  return orUndefined(() => unescapeName(readString(bag.values.get("name"), "name")));
}

/** The name of the cluster among what is above a host: empty for a host that stands alone, `undefined` where it is unknown. */
export function clusterIn({ places, complete }: Ancestry): string | undefined {
  const cluster = places.find(({ object }) => object.type === "ClusterComputeResource");
  if (cluster) return nameOf(cluster) || undefined;
  return complete ? "" : undefined;
}
