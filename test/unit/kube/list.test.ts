import { describe, expect, it } from "vitest";
import type { Call, KubeClient } from "../../../src/kube/client.ts";
import { KubeError } from "../../../src/kube/errors.ts";
import { listOf, pagedList, streamedList } from "../../../src/kube/list.ts";

const live = new AbortController().signal;
const call = { path: "/api/v1/nodes" };

const added = (name: string): object => ({ type: "ADDED", object: { metadata: { name } } });
const bookmark = (resourceVersion: string, annotations = {}): object => ({
  type: "BOOKMARK",
  object: { metadata: { resourceVersion, annotations } },
});
const end = bookmark("9", { "k8s.io/initial-events-end": "true" });

async function* bytesOf(...events: object[]): AsyncGenerator<Uint8Array> {
  for (const event of events) yield new TextEncoder().encode(`${JSON.stringify(event)}\n`);
}

/** An API server that streams these events, or refuses to, and has two pages. */
function server(stream: readonly object[] | KubeError) {
  const asked: Call[] = [];
  const client: Pick<KubeClient, "request" | "stream"> = {
    async stream(asking) {
      asked.push(asking);
      if (stream instanceof KubeError) throw stream;
      return bytesOf(...stream);
    },
    async request(asking) {
      asked.push(asking);
      if (asking.query?.["continue"] === undefined) {
        return { metadata: { resourceVersion: "5", continue: "more" }, items: [{ name: "a" }] };
      }
      return { metadata: { resourceVersion: "5", continue: "" }, items: [{ name: "b" }] };
    },
  };
  return { asked, client };
}

async function read(list: ReturnType<typeof listOf>) {
  const objects: unknown[] = [];
  const removed: unknown[] = [];
  const sink = {
    add: (object: unknown) => objects.push(object),
    remove: (object: unknown) => removed.push(object),
  };
  const version = await list(sink, live);
  return { objects, removed, version };
}

describe("a streamed list", () => {
  it("is all objects up to the bookmark that says so", async () => {
    const deleted = { ...added("a"), type: "DELETED" };
    const stream = [added("a"), bookmark("3"), added("b"), deleted, end, added("later")];
    const { client, asked } = server(stream);
    const { objects, removed, version } = await read(streamedList(client, call));
    expect(objects).toEqual([{ metadata: { name: "a" } }, { metadata: { name: "b" } }]);
    expect(removed).toEqual([{ metadata: { name: "a" } }]);
    expect(version).toBe("9");
    expect(asked[0]?.signal?.aborted).toBe(true);
  });

  it.each([
    ["ends before that bookmark", [added("a")], "timeout"],
    ["brings an error", [added("a"), { type: "ERROR", object: { code: 410 } }], "gone"],
    ["brings nonsense", [{ type: "WHAT" }], "malformed"],
  ])("is no list when it %s", async (_how, events, kind) => {
    await expect(read(streamedList(server(events).client, call))).rejects.toMatchObject({ kind });
  });
});

describe("a paged list", () => {
  it("is all pages, each asked for where the one before ended", async () => {
    const { client, asked } = server([]);
    const { objects, version } = await read(pagedList(client, call));
    expect(objects).toEqual([{ name: "a" }, { name: "b" }]);
    expect(version).toBe("5");
    expect(asked.map(({ query }) => query)).toEqual([
      { limit: 500, continue: undefined },
      { limit: 500, continue: "more" },
    ]);
  });

  it.each([[null], [{}], [{ items: [] }], ["text"]])("is not to be had from %j", async (answer) => {
    const client = { request: async () => answer };
    await expect(read(pagedList(client, call))).rejects.toMatchObject({ kind: "malformed" });
  });
});

describe("a list", () => {
  it("is streamed where that is offered", async () => {
    const { client, asked } = server([added("a"), end]);
    expect((await read(listOf(client, call))).version).toBe("9");
    expect(asked).toHaveLength(1);
  });

  it("comes in pages from a server that refuses to stream, and is not asked for otherwise again", async () => {
    const { client, asked } = server(new KubeError("invalid", "422 sendInitialEvents: Forbidden"));
    const list = listOf(client, call);
    expect((await read(list)).version).toBe("5");
    expect((await read(list)).version).toBe("5");
    expect(asked.filter(({ query }) => query?.["watch"] === 1)).toHaveLength(1);
  });

  it("comes in pages, the next time, from a server whose stream does not end", async () => {
    const { client } = server([added("a")]);
    const list = listOf(client, call);
    await expect(read(list)).rejects.toMatchObject({ kind: "timeout" });
    expect((await read(list)).version).toBe("5");
  });

  it.each(["unreachable", "forbidden", "busy", "gone"] as const)(
    "that fails as %s is streamed again",
    async (kind) => {
      const { client, asked } = server(new KubeError(kind, ""));
      const list = listOf(client, call);
      for (let i = 0; i < 2; i++) await expect(read(list)).rejects.toMatchObject({ kind });
      expect(asked.map(({ query }) => query?.["watch"])).toEqual([1, 1]);
    },
  );
});
