/** Every property path that gpuinfo asks vCenter for, with the type of object that it is asked of. */
import * as filterSpecs from "../../src/vsphere/filter-specs.ts";

export interface ReadPath {
  /** Such as `HostSystem`; `ComputeResource` means clusters too. */
  readonly type: string;
  /** Such as `runtime.inMaintenanceMode`. */
  readonly path: string;
}

/** In the order of type and path, each once: what all our filters together select. */
export function readPaths(): readonly ReadPath[] {
  const { ...specs } = filterSpecs;
  const view = { type: "ContainerView", id: "view" };
  const all = [
    specs.datacentersIn(view),
    specs.identitiesIn(view),
    specs.hostsIn(view),
    specs.detailsIn(view),
    specs.usageIn(view),
    specs.recentTasksIn(view),
    specs.placesAround(view, { type: "Folder", id: "group-d1" }),
    specs.customFieldsOf({ type: "CustomFieldsManager", id: "CustomFieldsManager" }),
    specs.scheduledTasksOf({ type: "ScheduledTaskManager", id: "ScheduledTaskManager" }),
    specs.cardsOf([]),
  ];
  if (all.length !== Object.keys(specs).length)
    throw new Error(`found ${Object.keys(specs).length} filters, want all of them asked here`);
  const keys = all
    .flatMap(({ propSet }) => propSet)
    .flatMap(({ type, pathSet }) => pathSet.map((path) => `${type} ${path}`));
  return [...new Set(keys)].toSorted().map((key) => {
    const [type = "", path = ""] = key.split(" ");
    return { type, path };
  });
}
