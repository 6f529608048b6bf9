/** Names vCenter's objects in messages, and keeps what others wrote short and on one line. */
import { type ManagedObject, type PropertyBag, readString } from "./decode.ts";
import { unescapeName } from "./mapping.ts";
import { orUndefined } from "./or-undefined.ts";

const kinds: Readonly<Record<string, string>> = {
  HostSystem: "host",
  ClusterComputeResource: "cluster",
  ComputeResource: "compute resource",
  Folder: "folder",
  Datacenter: "datacenter",
};

/** Such as `cluster gpu`; the object's id stands for a name that cannot be read. */
export function nameInWords({ object, values }: Pick<PropertyBag, "object" | "values">): string {
  const raw = orUndefined(() => readString(values.get("name"), "name"));
  return `${kindInWords(object)} ${raw ? cut(unescapeName(raw), 80) : object.id}`;
}

/** Such as `cluster domain-c8`, where only the reference is known. */
export function idInWords(object: ManagedObject): string {
  return `${kindInWords(object)} ${object.id}`;
}

/** At most so many characters, without any that would break a line or hide, and none of them halved. */
export function cut(text: string, length: number): string {
  const clean = text
    .slice(0, length * 2)
    .replaceAll(/[\p{C}\p{Z}]+/gu, " ")
    .trim();
  return clean.length <= length
    ? clean
    : `${clean.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

function kindInWords({ type }: ManagedObject): string {
  return kinds[type] ?? type;
}
