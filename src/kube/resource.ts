/** Names a kind of API object and spells its URL paths. */

import { group, plural, version } from "../api/group.ts";
import { maintenanceWindowKind } from "../api/maintenance-window.ts";

/** A kind of object; `group` is empty for the core group. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

export const nodes: Resource = { group: "", version: "v1", plural: "nodes" };
export const pods: Resource = { group: "", version: "v1", plural: "pods" };
export const leases: Resource = { group: "coordination.k8s.io", version: "v1", plural: "leases" };
export const csiNodes: Resource = { group: "storage.k8s.io", version: "v1", plural: "csinodes" };
export const events: Resource = { group: "events.k8s.io", version: "v1", plural: "events" };
export const gpuInfos: Resource = { group, version, plural };
export const maintenanceWindows: Resource = maintenanceWindowKind;

/** What of a resource is meant; all objects in all namespaces when nothing is given. */
export interface Place {
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** @returns the path below the server's address, such as `/apis/coordination.k8s.io/v1/namespaces/a/leases/b`. */
export function pathOf(resource: Resource, place: Place = {}): string {
  const { namespace, name, subresource } = place;
  const root = resource.group === "" ? "api" : `apis/${resource.group}`;
  const scope = namespace === undefined ? [] : ["namespaces", namespace];
  const parts = [...scope, resource.plural, name, subresource].filter((part) => part !== undefined);
  return `/${root}/${resource.version}/${parts.map(encodeURIComponent).join("/")}`;
}
