/** Reads values that may be absent, hidden or odd: a dump is made of what there is. */
import {
  asArray,
  childOf,
  type PropertyBag,
  readBoolean,
  readInteger,
  readString,
  readTime,
} from "../../src/vsphere/decode.ts";
import { unescapeName } from "../../src/vsphere/mapping.ts";
import { orUndefined } from "../../src/vsphere/or-undefined.ts";

export function textAt(bag: PropertyBag, path: string): string | undefined {
  return textOf(bag.values.get(path));
}

export function flagAt(bag: PropertyBag, path: string): boolean | undefined {
  return flagOf(bag.values.get(path));
}

export function numberAt(bag: PropertyBag, path: string): number {
  return numberOf(bag.values.get(path));
}

/** Milliseconds since the Unix epoch. */
export function timeAt(bag: PropertyBag, path: string): number | undefined {
  return orUndefined(() => readTime(bag.values.get(path), path));
}

/** Unescaped; the object's id where the name cannot be read. */
export function nameOf(bag: PropertyBag): string {
  return unescapeName(textAt(bag, "name") ?? bag.object.id);
}

export function textOf(value: unknown): string | undefined {
  return orUndefined(() => readString(value, "text"));
}

export function flagOf(value: unknown): boolean | undefined {
  return orUndefined(() => readBoolean(value, "flag"));
}

/** 0 where there is none. */
export function numberOf(value: unknown): number {
  return orUndefined(() => readInteger(value, "number")) ?? 0;
}

/** The elements of an `ArrayOf…`. */
export function listAt(bag: PropertyBag, path: string, element: string): readonly unknown[] {
  return asArray(childOf(bag.values.get(path), element));
}

/** A 16-bit PCI id such as `0x10de`, however it is signed on the wire. */
export function hexId(value: unknown): string {
  return `0x${(numberOf(value) & 0xffff).toString(16).padStart(4, "0")}`;
}
