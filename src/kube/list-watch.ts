/** Reads one resource from the API server: all of it, and then what changes. */

import type { KubeClient } from "./client.ts";
import { type List, listOf } from "./list.ts";
import { pathOf, type Resource } from "./resource.ts";

/** What an informer needs of the API server; a test may put another one in its place. */
export interface ListWatch {
  readonly list: List;
  /** The bytes of a watch with bookmarks: one JSON event per line. */
  readonly watch: (
    resourceVersion: string,
    timeoutSeconds: number,
    signal: AbortSignal,
  ) => Promise<AsyncIterable<Uint8Array>>;
}

/** Which objects of a resource; all of them when nothing is given. */
export interface Selector {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export function listWatch(
  client: KubeClient,
  resource: Resource,
  selector: Selector = {},
): ListWatch {
  const { namespace, labelSelector, fieldSelector } = selector;
  const path = pathOf(resource, namespace === undefined ? {} : { namespace });
  const chosen = { labelSelector, fieldSelector };
  const following = { ...chosen, watch: 1, allowWatchBookmarks: true };
  return {
    list: listOf(client, { path, query: chosen }),
    async watch(resourceVersion, timeoutSeconds, signal) {
      const query = { ...following, resourceVersion, timeoutSeconds };
      return client.stream({ method: "GET", path, query, signal });
    },
  };
}
