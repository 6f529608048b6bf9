/** Says to the PropertyCollector which objects and which of their properties we mean. Keys stand in the order of the API's schema. */
import { type ManagedObject, toSoapReference } from "./decode.ts";
import {
  fieldsPath,
  graphicsPath,
  hostPaths,
  identityPaths,
  parentPath,
  pciPath,
  placePaths,
  recentTaskPath,
  scheduledTaskPaths,
  scheduledTasksPath,
  sharedGpuPath,
  taskPaths,
  usagePaths,
  virtualMachinePaths,
} from "./properties.ts";

/** A PropertyFilterSpec as node-soap wants it. */
export interface FilterSpec {
  readonly propSet: readonly { readonly type: string; readonly pathSet: readonly string[] }[];
  readonly objectSet: readonly {
    readonly obj: unknown;
    readonly skip?: boolean;
    readonly selectSet?: readonly unknown[];
  }[];
}

/** Names of the datacenters in a ContainerView. */
export function datacentersIn(view: ManagedObject): FilterSpec {
  return { propSet: [{ type: "Datacenter", pathSet: ["name"] }], objectSet: [membersOf(view)] };
}

/** What tells virtual machines apart, of all in a ContainerView. */
export function identitiesIn(view: ManagedObject): FilterSpec {
  return {
    propSet: [{ type: "VirtualMachine", pathSet: identityPaths }],
    objectSet: [membersOf(view)],
  };
}

/** The state of all hosts in a ContainerView. */
export function hostsIn(view: ManagedObject): FilterSpec {
  return { propSet: [{ type: "HostSystem", pathSet: hostPaths }], objectSet: [membersOf(view)] };
}

/** All that is watched of the virtual machines and hosts in a ListView. */
export function detailsIn(view: ManagedObject): FilterSpec {
  return {
    propSet: [
      { type: "VirtualMachine", pathSet: virtualMachinePaths },
      { type: "HostSystem", pathSet: [...hostPaths, recentTaskPath] },
    ],
    objectSet: [membersOf(view)],
  };
}

/** quickStats of the virtual machines in a ListView. */
export function usageIn(view: ManagedObject): FilterSpec {
  return {
    propSet: [{ type: "VirtualMachine", pathSet: usagePaths }],
    objectSet: [membersOf(view)],
  };
}

/** The recent tasks of the hosts in a ListView and of their clusters: both with their task references, and the tasks. */
export function recentTasksIn(view: ManagedObject): FilterSpec {
  return {
    propSet: [
      { type: "HostSystem", pathSet: ["name", recentTaskPath] },
      { type: "ComputeResource", pathSet: ["name", recentTaskPath] },
      { type: "Task", pathSet: taskPaths },
    ],
    objectSet: [
      membersOf(view, [
        traversal("HostSystem", recentTaskPath),
        traversal("HostSystem", parentPath, [traversal("ComputeResource", recentTaskPath)]),
      ]),
    ],
  };
}

/** The folders, datacenters and compute resources in a ContainerView, its container, and what is above that. */
export function placesAround(view: ManagedObject, container: ManagedObject): FilterSpec {
  const upwards = traversal("ManagedEntity", parentPath, [{ name: "ManagedEntity.parent" }]);
  return {
    propSet: [
      { type: "Folder", pathSet: placePaths },
      { type: "Datacenter", pathSet: placePaths },
      { type: "ComputeResource", pathSet: [...placePaths, recentTaskPath] },
    ],
    objectSet: [
      membersOf(view),
      { obj: toSoapReference(container), skip: false, selectSet: [upwards] },
    ],
  };
}

/** Which custom attributes there are. */
export function customFieldsOf(manager: ManagedObject): FilterSpec {
  return {
    propSet: [{ type: manager.type, pathSet: [fieldsPath] }],
    objectSet: [{ obj: toSoapReference(manager), skip: false }],
  };
}

/** The scheduled tasks, and whether we may see them at all. */
export function scheduledTasksOf(manager: ManagedObject): FilterSpec {
  return {
    propSet: [
      { type: manager.type, pathSet: [scheduledTasksPath] },
      { type: "ScheduledTask", pathSet: scheduledTaskPaths },
    ],
    objectSet: [
      {
        obj: toSoapReference(manager),
        skip: false,
        selectSet: [traversal(manager.type, scheduledTasksPath)],
      },
    ],
  };
}

/** The PCI devices and graphics cards of some hosts. */
export function cardsOf(hosts: readonly ManagedObject[]): FilterSpec {
  return {
    propSet: [{ type: "HostSystem", pathSet: [pciPath, graphicsPath, sharedGpuPath] }],
    objectSet: hosts.map((host) => ({ obj: toSoapReference(host), skip: false })),
  };
}

function membersOf(view: ManagedObject, selectSet: readonly unknown[] = []) {
  return {
    obj: toSoapReference(view),
    skip: true,
    selectSet: [traversal(view.type, "view", selectSet)],
  };
}

function traversal(type: string, path: string, selectSet: readonly unknown[] = []) {
  return {
    attributes: { "xsi:type": "TraversalSpec" },
    name: `${type}.${path}`,
    type,
    path,
    skip: false,
    ...(selectSet.length > 0 ? { selectSet } : {}),
  };
}
