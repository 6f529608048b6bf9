/** Frees what is kept of an answer from the rest of it. */
import type { ManagedObject, PropertyBag } from "./decode.ts";
import { trimDevices } from "./gpu-devices.ts";
import { devicesPath } from "./properties.ts";

/** V8 copies shorter pieces of a text; longer ones point into it, and keep all of it alive: a page of 140 KB for a name. */
const shortestSlice = 13;

/** What is worth keeping: device lists without disks, controllers and the like, and texts that are copies of their own. */
export function worthKeeping<Bag extends PropertyBag>(bag: Bag): Bag {
  const values = new Map<string, unknown>();
  for (const [path, value] of bag.values)
    values.set(path, ownStrings(path === devicesPath ? trimDevices(value) : value));
  return { ...bag, object: ownReference(bag.object), values };
}

function ownReference({ type, id }: ManagedObject): ManagedObject {
  return { type, id: ownString(id) };
}

function ownStrings(value: unknown): unknown {
  if (typeof value === "string") return ownString(value);
  if (Array.isArray(value)) return value.map(ownStrings);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, ownStrings(item)]));
}

/** UTF-16 goes there and back as it is, half surrogates included. */
function ownString(text: string): string {
  return text.length < shortestSlice ? text : Buffer.from(text, "utf16le").toString("utf16le");
}
