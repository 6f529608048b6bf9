/** Builds what is above hosts as vCenter tells it: a root folder, a datacenter, a folder, a cluster. */
import type { ManagedObject, PropertyBag } from "../../../src/vsphere/decode.ts";
import { aBag, aHostBag, reference, text, typed } from "./values.ts";

export const attribute = "gpuinfo.maintenance";

export const rootFolder: ManagedObject = { type: "Folder", id: "group-d1" };
export const datacenter: ManagedObject = { type: "Datacenter", id: "datacenter-2" };
export const folder: ManagedObject = { type: "Folder", id: "group-h4" };
export const cluster: ManagedObject = { type: "ClusterComputeResource", id: "domain-c8" };

export const refTo = ({ type, id }: ManagedObject) => reference(type, id);

/** A place; `values` override its name and the way up. */
export function aPlace(
  object: ManagedObject,
  name: string,
  parent: ManagedObject | undefined,
  values: Record<string, unknown> = {},
  refused: Record<string, string> = {},
): PropertyBag {
  const up = parent ? refTo(parent) : undefined;
  return aBag(object, { name: text(name), parent: up, ...values }, refused);
}

/** The whole way above host-1: `/DC0/host/gpu`, from the top. */
export const theTree: readonly PropertyBag[] = [
  aPlace(rootFolder, "Datacenters", undefined),
  aPlace(datacenter, "DC0", rootFolder),
  aPlace(folder, "host", datacenter),
  aPlace(cluster, "gpu", folder),
];

export function aHostIn(
  place: ManagedObject,
  values: Record<string, unknown> = {},
  refused: Record<string, string> = {},
): PropertyBag {
  return aHostBag({ parent: refTo(place), ...values }, refused);
}

/** The CustomFieldsManager, with names and their keys; a name that stands for several types has several keys. */
export function aFieldsBag(
  keys: Readonly<Record<string, number | readonly number[]>>,
): PropertyBag {
  const list = Object.entries(keys).flatMap(([name, some]) =>
    [some].flat().map((key) => ({ key: String(key), name, type: "xsd:string" })),
  );
  const value = typed("ArrayOfCustomFieldDef", {
    CustomFieldDef: list.length === 1 ? list[0] : list,
  });
  return aBag({ type: "CustomFieldsManager", id: "CustomFieldsManager" }, { field: value });
}

/** `customValue` with texts by key. */
export function customValue(texts: Readonly<Record<number, string>>): unknown {
  const list = Object.entries(texts).map(([key, value]) =>
    typed("CustomFieldStringValue", { key, value }),
  );
  return typed("ArrayOfCustomFieldValue", { CustomFieldValue: list.length === 1 ? list[0] : list });
}
