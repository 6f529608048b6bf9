/** Reads a line of a watch, and the few metadata that every object has. */

import { KubeError, refusal } from "./errors.ts";
import { at, numberAt, textAt } from "./json.ts";

/** What identifies an object and its version. */
export interface Identity {
  /** `namespace/name`, or `name` where there is no namespace. */
  readonly key: string;
  readonly resourceVersion: string;
}

/** An object was added or changed, or is no longer there. */
export type ObjectEvent =
  | { readonly type: "changed"; readonly object: unknown }
  | { readonly type: "deleted"; readonly object: unknown };

/** Nothing else changed up to this version. */
interface Bookmark {
  readonly type: "bookmark";
  readonly resourceVersion: string;
  /** In a watch that begins with all objects: these were all. */
  readonly endsList: boolean;
}

export type WatchEvent = ObjectEvent | Bookmark;

/** @throws KubeError `malformed` when the object has no name or version */
export function identify(object: unknown): Identity {
  const name = textAt(object, "metadata", "name");
  const resourceVersion = textAt(object, "metadata", "resourceVersion");
  if (name === undefined || resourceVersion === undefined) {
    throw new KubeError("malformed", "an object without metadata.name or metadata.resourceVersion");
  }
  const namespace = textAt(object, "metadata", "namespace");
  return { key: namespace === undefined ? name : `${namespace}/${name}`, resourceVersion };
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
      return { type: "bookmark", resourceVersion: versionOf(object), endsList: endsList(object) };
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

function endsList(object: unknown): boolean {
  return textAt(object, "metadata", "annotations", "k8s.io/initial-events-end") === "true";
}

function errorOf(status: unknown): KubeError {
  return refusal("WATCH", numberAt(status, "code") ?? 500, status);
}
