/** Reads all objects of a resource, one by one so that they never fill the memory at once. */

import type { Call, KubeClient } from "./client.ts";
import { isKubeError, KubeError } from "./errors.ts";
import { listAt, textAt } from "./json.ts";
import { linesOf } from "./lines.ts";
import { parseWatchLine } from "./watch-event.ts";

/** Where the objects of a list go. */
export interface ListSink {
  add(object: unknown): void;
  /** It was deleted while the list was read. */
  remove(object: unknown): void;
}

/**
 * Hands every object to the sink.
 * @returns the version of the list, from which a watch can go on
 * @throws KubeError
 */
export type List = (sink: ListSink, signal: AbortSignal) => Promise<string>;

type ListCall = Pick<Call, "path" | "query">;

const timeoutMs = 60_000;

/** As a stream where the API server offers that, which costs it and us far less memory; else in pages. */
export function listOf(client: Pick<KubeClient, "request" | "stream">, call: ListCall): List {
  const streamed = streamedList(client, call);
  const paged = pagedList(client, call);
  let offersStream = true;
  return async (sink, signal) => {
    if (!offersStream) return paged(sink, signal);
    try {
      return await streamed(sink, signal);
    } catch (error) {
      // A server that does not know the parameter ignores it, and its stream never says that it is complete.
      offersStream = !isKubeError(error, "invalid") && !isKubeError(error, "timeout");
      if (!isKubeError(error, "invalid")) throw error;
      return paged(sink, signal);
    }
  };
}

/** A watch that begins with all objects (Kubernetes calls it WatchList). */
export function streamedList(client: Pick<KubeClient, "stream">, { path, query }: ListCall): List {
  const initial = {
    watch: 1,
    sendInitialEvents: true,
    resourceVersionMatch: "NotOlderThan",
    allowWatchBookmarks: true,
    timeoutSeconds: timeoutMs / 1000,
  };
  return async (sink, signal) => {
    const finished = new AbortController();
    const both = AbortSignal.any([signal, finished.signal]);
    try {
      const call = { method: "GET", path, query: { ...query, ...initial }, signal: both } as const;
      for await (const line of linesOf(await client.stream(call))) {
        const event = parseWatchLine(line);
        if (event.type === "changed") sink.add(event.object);
        else if (event.type === "deleted") sink.remove(event.object);
        else if (event.endsList) return event.resourceVersion;
      }
    } finally {
      finished.abort();
    }
    throw new KubeError("timeout", `GET ${path}: the list was not complete within ${timeoutMs} ms`);
  };
}

/** @param limit objects per page; a page of large objects is parsed in one go, which must not take long */
export function pagedList(
  client: Pick<KubeClient, "request">,
  { path, query }: ListCall,
  limit = 500,
): List {
  return async (sink, signal) => {
    let next: string | undefined;
    for (;;) {
      const page = { ...query, limit, continue: next };
      const answer = await client.request({ method: "GET", path, query: page, signal, timeoutMs });
      for (const item of listAt(answer, "items")) sink.add(item);
      next = textAt(answer, "metadata", "continue") || undefined;
      if (next === undefined) return versionOf(answer, path);
    }
  };
}

function versionOf(list: unknown, path: string): string {
  const version = textAt(list, "metadata", "resourceVersion");
  if (version !== undefined) return version;
  throw new KubeError("malformed", `GET ${path}: the answer is not a list of objects`);
}
