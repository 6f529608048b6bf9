/** Reads a line of a watch, and the few metadata that every object has. */

import { KubeError, refusal } from "./errors.ts";
import { at, numberAt, textAt } from "./json.ts";

/** What identifies an object and its version. */
export interface Identity {
  /** `namespace/name`, or `name` where there is no namespace. */
  readonly key: string;
  readonly resourceVersion: string;
}

export type WatchEvent =
  | { readonly type: "changed" | "deleted"; readonly object: unknown }
  /** Nothing changed up to here. */
  | { readonly type: "bookmark"; readonly resourceVersion: string };

/** @throws KubeError `malformed` when the object has no name or version */
export function identify(object: unknown): Identity {
  const name = textAt(object, "metadata", "name");
  const resourceVersion = textAt(object, "metadata", "resourceVersion");
  if (name === undefined || resourceVersion === undefined) {
    throw new KubeError("malformed", "an object without metadata.name or metadata.resourceVersion");
  }
  return { key: keyOf(name, textAt(object, "metadata", "namespace")), resourceVersion };
}

/** @returns the key under which an informer stores an object. */
export function keyOf(name: string, namespace?: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** @returns the two parts of a key; no namespace for objects that are in none. */
export function splitKey(key: string): { namespace?: string; name: string } {
  const slash = key.indexOf("/");
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/**
 * @throws KubeError `malformed` for a line that is no event; any other kind for an ERROR event,
 * which ends the watch (`gone`: list again)
 */
export function parseWatchLine(line: string): WatchEvent {
  const event = parseLine(line);
  const object = at(event, "object");
  switch (at(event, "type")) {
    case "ADDED":
    case "MODIFIED":
      return { type: "changed", object };
    case "DELETED":
      return { type: "deleted", object };
    case "BOOKMARK":
      return { type: "bookmark", resourceVersion: versionOf(object) };
    case "ERROR":
      throw errorOf(object);
    default:
      throw new KubeError("malformed", `a watch event of an unknown type: ${line.slice(0, 100)}`);
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new KubeError("malformed", "a watch event that is not JSON", { cause });
  }
}

function versionOf(object: unknown): string {
  const version = textAt(object, "metadata", "resourceVersion");
  if (version !== undefined) return version;
  throw new KubeError("malformed", "a bookmark without metadata.resourceVersion");
}

function errorOf(status: unknown): KubeError {
  return refusal("WATCH", numberAt(status, "code") ?? 500, status);
}
