/** Applies a JSON Patch (RFC 6902) as strictly as the API server does: what is not there cannot be entered or removed. */

import type { Operation } from "../../src/webhook/review.ts";

type Container = unknown[] | Record<string, unknown>;

/** @returns a changed copy */
export function applyPatch(document: unknown, operations: readonly Operation[]): unknown {
  // As it comes over the wire: a structured clone would keep one object in two places one.
  const copy: unknown = JSON.parse(JSON.stringify(document));
  for (const operation of operations) applyOne(copy, operation);
  return copy;
}

function applyOne(document: unknown, operation: Operation): void {
  const names = operation.path.split("/").slice(1).map(unescape);
  const last = names.pop() ?? "";
  const parent = names.reduce(enter, asContainer(document, ""));
  if (operation.op === "add") put(parent, last, operation.value);
  else take(parent, last);
}

function enter(container: Container, name: string): Container {
  return asContainer(Reflect.get(container, name), name);
}

function asContainer(value: unknown, name: string): Container {
  if (isContainer(value)) return value;
  throw new Error(`"${name}" is no object: nothing can be added below it`);
}

function isContainer(value: unknown): value is Container {
  return typeof value === "object" && value !== null;
}

function put(parent: Container, name: string, value: unknown): void {
  if (!Array.isArray(parent)) parent[name] = structuredClone(value);
  else parent.splice(name === "-" ? parent.length : Number(name), 0, structuredClone(value));
}

function take(parent: Container, name: string): void {
  if (!Object.hasOwn(parent, name)) throw new Error(`"${name}" is not there: it cannot be removed`);
  if (Array.isArray(parent)) parent.splice(Number(name), 1);
  else delete parent[name];
}

function unescape(name: string): string {
  return name.replaceAll("~1", "/").replaceAll("~0", "~");
}
