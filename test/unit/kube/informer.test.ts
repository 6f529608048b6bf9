import { describe, expect, it, onTestFinished, vi } from "vitest";
import { KubeError } from "../../../src/kube/errors.ts";
import { Informer } from "../../../src/kube/informer.ts";
import { numberAt, textAt } from "../../../src/kube/json.ts";
import type { ListWatch } from "../../../src/kube/list-watch.ts";
import { silentObserver } from "../../../src/kube/observer.ts";
import type { ReflectorTimings } from "../../../src/kube/reflector.ts";
import { quiet } from "./quiet.ts";

interface Thing {
  readonly name: string;
  readonly size: number;
}

function thing(name: string, version: number, size: unknown = 1): object {
  return { metadata: { name, namespace: "ns", resourceVersion: String(version) }, size };
}

function parseThing(object: unknown): Thing {
  const size = numberAt(object, "size");
  if (size === undefined) throw new Error("wanted a size");
  return { name: textAt(object, "metadata", "name") ?? "", size };
}

interface Listed {
  readonly items: readonly unknown[];
  readonly deleted?: readonly unknown[];
  readonly resourceVersion: string;
}

/** An API server whose every answer the test decides: lists in order, and one watch at a time. */
class Script implements ListWatch {
  readonly asked: string[] = [];
  readonly timeouts: number[] = [];
  readonly #lists: (Listed | Error)[];
  readonly #refusals: Error[] = [];
  #watch: Watch | undefined;

  constructor(...lists: (Listed | Error)[]) {
    this.#lists = lists;
  }

  refuseWatch(error: Error): void {
    this.#refusals.push(error);
  }

  list: ListWatch["list"] = async (sink) => {
    this.asked.push("list");
    const answer = this.#lists.length > 1 ? this.#lists.shift() : this.#lists[0];
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error("no list");
    for (const item of answer.items) sink.add(item);
    for (const item of answer.deleted ?? []) sink.remove(item);
    return answer.resourceVersion;
  };

  watch: ListWatch["watch"] = async (resourceVersion, timeoutSeconds, signal) => {
    this.asked.push(`watch ${resourceVersion}`);
    this.timeouts.push(timeoutSeconds);
    const refusal = this.#refusals.shift();
    if (refusal !== undefined) throw refusal;
    this.#watch = new Watch(signal);
    return this.#watch;
  };

  /** Sends lines on the watch that is open, as soon as one is. */
  async send(...lines: (object | string)[]): Promise<void> {
    const watch = await this.#opened();
    for (const line of lines) {
      watch.push(`${typeof line === "string" ? line : JSON.stringify(line)}\n`);
    }
  }

  async break(error?: Error): Promise<void> {
    (await this.#opened()).end(error);
    this.#watch = undefined;
  }

  async #opened(): Promise<Watch> {
    return vi.waitFor(() => {
      if (this.#watch === undefined) throw new Error("no watch was opened");
      return this.#watch;
    });
  }
}

class Watch implements AsyncIterable<Uint8Array> {
  readonly #stream: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(signal: AbortSignal) {
    this.#stream = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
    });
    signal.addEventListener("abort", () => this.end(new KubeError("aborted", "aborted")));
  }

  push(text: string): void {
    this.#controller?.enqueue(new TextEncoder().encode(text));
  }

  end(error?: Error): void {
    if (error === undefined) this.#controller?.close();
    else this.#controller?.error(error);
    this.#controller = undefined;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.#stream.values();
  }
}

function start(script: Script, timings: Partial<ReflectorTimings> = {}) {
  const counted: string[] = [];
  const informer = new Informer({
    name: "things",
    source: script,
    parse: parseThing,
    log: quiet,
    observer: {
      ...silentObserver,
      relisted: (_resource, missed) => counted.push(`relisted, ${missed} missed`),
      watchFailed: (_resource, kind) => counted.push(kind),
      malformed: () => counted.push("malformed"),
    },
    timings: { backoffBaseMs: 1, backoffCapMs: 2, shortWatchMs: 0, ...timings },
  });
  const changes: string[] = [];
  informer.onChange(({ type, key, object, previous }) => {
    changes.push(
      `${type} ${key} ${previous === undefined ? "" : `${previous.size}→`}${object.size}`,
    );
  });
  onTestFinished(async () => informer.stop());
  informer.start();
  return { informer, changes, counted };
}

const listed = (resourceVersion: string, ...items: unknown[]): Listed => ({
  items,
  resourceVersion,
});
const event = (type: string, object: object): object => ({ type, object });

describe("an informer", () => {
  it("calls itself synced once it has read the list", async () => {
    const script = new Script(listed("5", thing("a", 1), thing("b", 2)));
    const { informer, changes } = start(script);
    expect(informer.synced).toBe(false);
    await informer.whenSynced();
    expect(informer.synced).toBe(true);
    expect(changes).toEqual(["add ns/a 1", "add ns/b 1"]);
    expect(informer.get("ns/b")).toEqual({ name: "b", size: 1 });
  });

  it("leaves out what was deleted while the list was read", async () => {
    const items = listed("5", thing("a", 1), thing("b", 2));
    const { informer, changes } = start(new Script({ ...items, deleted: [thing("a", 3)] }));
    await informer.whenSynced();
    expect(changes).toEqual(["add ns/b 1"]);
  });

  it("tells what a listener needs: the object before and after", async () => {
    const script = new Script(listed("5", thing("a", 1)));
    const { changes } = start(script);
    await script.send(
      event("MODIFIED", thing("a", 6, 2)),
      event("ADDED", thing("b", 7, 3)),
      event("DELETED", thing("a", 8, 2)),
      event("DELETED", thing("unknown", 9)),
    );
    await vi.waitFor(() => expect(changes).toHaveLength(4));
    expect(changes).toEqual(["add ns/a 1", "update ns/a 1→2", "add ns/b 3", "delete ns/a 2"]);
  });

  it("does not tell the same version twice", async () => {
    const script = new Script(listed("5", thing("a", 1)));
    const { changes } = start(script);
    await script.send(event("MODIFIED", thing("a", 1)), event("ADDED", thing("b", 6)));
    await vi.waitFor(() => expect(changes).toEqual(["add ns/a 1", "add ns/b 1"]));
  });

  it("goes on from the last event or bookmark when the watch ends", async () => {
    const script = new Script(listed("5"));
    start(script);
    await script.send(event("ADDED", thing("a", 6)));
    await script.break();
    await script.send(event("BOOKMARK", { metadata: { resourceVersion: "40" } }));
    await script.break(new KubeError("unreachable", "connection reset"));
    await script.send();
    expect(script.asked).toEqual(["list", "watch 5", "watch 6", "watch 40"]);
  });

  it.each([
    ["an answer", async (script: Script) => script.refuseWatch(new KubeError("gone", "410 Gone"))],
    [
      "an event",
      async (script: Script) => {
        await script.send(event("ERROR", { kind: "Status", code: 410, reason: "Expired" }));
      },
    ],
  ])("reads the list again when its version is gone, by %s", async (_how, makeGone) => {
    const script = new Script(
      listed("5", thing("a", 1), thing("b", 2)),
      listed("9", thing("b", 8, 4)),
    );
    const { changes, counted } = start(script);
    await makeGone(script);
    await vi.waitFor(() => expect(script.asked.at(-1)).toBe("watch 9"));
    expect(changes).toEqual(["add ns/a 1", "add ns/b 1", "delete ns/a 1", "update ns/b 1→4"]);
    expect(counted).toContain("gone");
  });

  it("waits as long as a busy server asks for", async () => {
    const script = new Script(listed("5"));
    script.refuseWatch(new KubeError("busy", "429", { retryAfterMs: 150 }));
    const startedAt = performance.now();
    start(script);
    await vi.waitFor(() => expect(script.asked).toEqual(["list", "watch 5", "watch 5"]));
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(149);
  });

  it("reads the list again after five failures in a row", async () => {
    const script = new Script(listed("5"));
    for (let i = 0; i < 5; i++) script.refuseWatch(new KubeError("timeout", "504"));
    start(script);
    await vi.waitFor(() => expect(script.asked.filter((line) => line === "list")).toHaveLength(2));
    expect(script.asked.slice(0, 7)).toEqual(["list", ...Array(5).fill("watch 5"), "list"]);
  });

  it("keeps trying when even the first list fails", async () => {
    const refused = new KubeError("notFound", "the CRD is not there");
    const script = new Script(refused, refused, listed("5", thing("a", 1)));
    const { informer, counted } = start(script);
    await informer.whenSynced();
    expect(counted.slice(0, 2)).toEqual(["notFound", "notFound"]);
    await vi.waitFor(() =>
      expect(informer.state).toMatchObject({ objects: 1, problem: undefined }),
    );
  });

  it("asks for watches of 5 to 10 minutes, shorter only where the list is due before", async () => {
    const script = new Script(listed("5"));
    start(script, { relistMs: 10_000_000 });
    const short = new Script(listed("5"));
    start(short, { relistMs: 7_500 });
    await Promise.all([script.send(), short.send()]);
    expect(script.timeouts[0]).toBeGreaterThanOrEqual(300);
    expect(script.timeouts[0]).toBeLessThanOrEqual(600);
    expect(short.timeouts).toEqual([8]);
  });

  it("calls a watch that ends at once without an event a failure", async () => {
    const script = new Script(listed("5"));
    const { counted } = start(script, { shortWatchMs: 10_000 });
    await script.break();
    await vi.waitFor(() => expect(counted).toContain("unreachable"));
  });

  it("gives up a watch on which nothing is heard", async () => {
    const script = new Script(listed("5"));
    const { counted, informer } = start(script, { inactivityMs: 30 });
    await vi.waitFor(() => expect(counted).toContain("timeout"));
    expect(informer.synced).toBe(true);
  });

  it.each([
    ["is not JSON", "{"],
    ["has no object", { type: "ADDED" }],
    ["is of an unknown type", event("EXPLODED", thing("x", 6))],
    ["has no version", event("ADDED", { metadata: { name: "x" } })],
  ])("survives an event that %s, and soon reads the list again", async (_what, line) => {
    const script = new Script(
      listed("5", thing("a", 1)),
      listed("9", thing("a", 1), thing("x", 6)),
    );
    const { informer, changes, counted } = start(script, { relistSoonMs: 20 });
    await script.send(line, event("ADDED", thing("b", 7)));
    await vi.waitFor(() => expect(informer.get("ns/x")).toBeDefined());
    expect(changes.slice(0, 2)).toEqual(["add ns/a 1", "add ns/b 1"]);
    expect(counted).toEqual(["relisted, 0 missed", "malformed", "relisted, 1 missed"]);
  });

  it("leaves out an object that does not parse, also one that did before", async () => {
    const script = new Script(listed("5", thing("a", 1), thing("odd", 2, "huge"), null));
    const { informer, changes, counted } = start(script);
    await script.send(event("MODIFIED", thing("a", 6, "huge")), event("ADDED", thing("b", 7)));
    await vi.waitFor(() => expect(changes).toHaveLength(3));
    expect(changes).toEqual(["add ns/a 1", "delete ns/a 1", "add ns/b 1"]);
    expect(counted.filter((line) => line === "malformed")).toHaveLength(3);
    expect(script.asked).toHaveLength(2);
    expect(informer.list()).toEqual([{ name: "b", size: 1 }]);
  });

  it("counts changes that the watch should have brought", async () => {
    const script = new Script(
      listed("5", thing("a", 1)),
      listed("20", thing("a", 7, 2), thing("b", 19)),
    );
    const { counted } = start(script);
    await script.send(event("BOOKMARK", { metadata: { resourceVersion: "10" } }));
    await script.send(event("ERROR", { code: 410 }));
    await vi.waitFor(() => expect(counted).toContain("relisted, 1 missed"));
  });

  it("tells the other listeners when one throws", async () => {
    const script = new Script(listed("5", thing("a", 1)));
    const informer = new Informer({
      name: "things",
      source: script,
      parse: parseThing,
      log: quiet,
    });
    const heard: string[] = [];
    informer.onChange(() => {
      throw new Error("listener");
    });
    informer.onChange(({ key }) => heard.push(key));
    informer.start();
    onTestFinished(async () => informer.stop());
    await informer.whenSynced();
    expect(heard).toEqual(["ns/a"]);
  });

  it("stops in the middle of a watch and of a wait", async () => {
    const watching = new Script(listed("5"));
    const { informer } = start(watching);
    await watching.send();
    await informer.stop();

    const waiting = new Script(new KubeError("unreachable", "refused"));
    const second = start(waiting, { backoffBaseMs: 60_000, backoffCapMs: 60_000 });
    await vi.waitFor(() => expect(second.informer.state.problem).toBe("things: refused"));
    await second.informer.stop();
    expect(waiting.asked).toEqual(["list"]);
  });
});
