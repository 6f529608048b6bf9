/** Reads one resource from the API server: its list in pages, and then what changes. */

import type { KubeClient } from "./client.ts";
import { KubeError } from "./errors.ts";
import { listAt, textAt } from "./json.ts";
import { pathOf, type Resource } from "./resource.ts";

export interface ListPage {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
  /** Where the next page begins; absent on the last one. */
  readonly continueToken?: string;
}

/** What an informer needs of the API server; a test may put another one in its place. */
export interface ListWatch {
  list(limit: number, continueToken: string | undefined, signal: AbortSignal): Promise<ListPage>;
  /** The bytes of a watch with bookmarks: one JSON event per line. */
  watch(
    resourceVersion: string,
    timeoutSeconds: number,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>>;
}

/** Which objects of a resource; all of them when nothing is given. */
export interface Selector {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** A page of large objects may take a while on a busy server. */
const listTimeoutMs = 60_000;

export function listWatch(
  client: KubeClient,
  resource: Resource,
  selector: Selector = {},
): ListWatch {
  const { namespace, labelSelector, fieldSelector } = selector;
  const path = pathOf(resource, namespace === undefined ? {} : { namespace });
  const chosen = { labelSelector, fieldSelector };
  return {
    async list(limit, continueToken, signal) {
      const query = { ...chosen, limit, continue: continueToken };
      const timeoutMs = listTimeoutMs;
      return pageOf(await client.request({ method: "GET", path, query, signal, timeoutMs }), path);
    },
    async watch(resourceVersion, timeoutSeconds, signal) {
      const query = {
        ...chosen,
        watch: 1,
        allowWatchBookmarks: true,
        resourceVersion,
        timeoutSeconds,
      };
      return client.stream({ method: "GET", path, query, signal });
    },
  };
}

function pageOf(answer: unknown, path: string): ListPage {
  const resourceVersion = textAt(answer, "metadata", "resourceVersion");
  if (resourceVersion === undefined) {
    throw new KubeError("malformed", `GET ${path}: the answer is not a list of objects`);
  }
  const next = textAt(answer, "metadata", "continue");
  return { items: listAt(answer, "items"), resourceVersion, ...(next && { continueToken: next }) };
}
