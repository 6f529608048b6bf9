import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type KubeObserver, silentObserver } from "../../../src/kube/observer.ts";
import { WorkQueue, type WorkQueueOptions } from "../../../src/kube/work-queue.ts";
import { quiet } from "./quiet.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Work that ends when the test says so. */
class Bench {
  /** Keys in the order in which work on them began. */
  readonly begun: string[] = [];
  readonly #open = new Map<string, PromiseWithResolvers<void>>();

  process = async (key: string): Promise<void> => {
    if (this.#open.has(key)) throw new Error(`two workers on ${key}`);
    this.begun.push(key);
    const work = Promise.withResolvers<void>();
    this.#open.set(key, work);
    await work.promise;
  };

  get busyWith(): string[] {
    return [...this.#open.keys()];
  }

  async finish(key: string): Promise<void> {
    await this.#close(key, (work) => work.resolve());
  }

  async fail(key: string, error: Error = new Error("no luck")): Promise<void> {
    await this.#close(key, (work) => work.reject(error));
  }

  async #close(key: string, end: (work: PromiseWithResolvers<void>) => void): Promise<void> {
    const work = this.#open.get(key);
    this.#open.delete(key);
    if (work !== undefined) end(work);
    await new Promise(setImmediate);
  }
}

function setUp(options: Partial<WorkQueueOptions> = {}) {
  const bench = new Bench();
  const queue = new WorkQueue({
    name: "test",
    workers: 1,
    process: bench.process,
    log: quiet,
    ...options,
  });
  return { bench, queue };
}

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

describe("a work queue", () => {
  it("works on a key once, however often it was added before its turn", async () => {
    const { bench, queue } = setUp();
    for (const key of ["a", "b", "b", "a", "b"]) queue.add(key);
    expect(queue.depth).toBe(2);
    queue.start();
    await bench.finish("a");
    await bench.finish("b");
    expect(bench.begun).toEqual(["a", "b"]);
    expect(queue.depth).toBe(0);
  });

  it("works on a key once more when it was added during the work, and on nobody twice at once", async () => {
    const { bench, queue } = setUp({ workers: 4 });
    queue.start();
    queue.add("a");
    queue.add("a");
    queue.add("a");
    expect(bench.begun).toEqual(["a"]);
    await bench.finish("a");
    expect(bench.begun).toEqual(["a", "a"]);
    await bench.finish("a");
    expect(bench.begun).toEqual(["a", "a"]);
  });

  it("takes urgent keys first, each kind in order of arrival", async () => {
    const { bench, queue } = setUp();
    for (const key of ["a", "b", "c"]) queue.add(key);
    for (const key of ["x", "y"]) queue.add(key, { urgent: true });
    queue.start();
    for (const key of ["x", "y", "a", "b", "c"]) await bench.finish(key);
    expect(bench.begun).toEqual(["x", "y", "a", "b", "c"]);
  });

  it("makes a waiting key urgent, and never the other way round", async () => {
    const { bench, queue } = setUp();
    for (const key of ["a", "b"]) queue.add(key);
    queue.add("b", { urgent: true });
    queue.add("b");
    queue.start();
    for (const key of ["b", "a"]) await bench.finish(key);
    expect(bench.begun).toEqual(["b", "a"]);
  });

  it("keeps the urgency of a key that was added during its work", async () => {
    const { bench, queue } = setUp();
    queue.start();
    queue.add("a");
    queue.add("b");
    queue.add("a", { urgent: true });
    queue.add("a");
    await bench.finish("a");
    expect(bench.begun).toEqual(["a", "a"]);
  });

  it("employs as many workers as it may, and no more", () => {
    const { bench, queue } = setUp({ workers: 3 });
    queue.start();
    for (const key of ["a", "b", "c", "d", "e"]) queue.add(key);
    expect(bench.busyWith).toEqual(["a", "b", "c"]);
    expect(queue.depth).toBe(2);
  });
});

describe("a key that failed", () => {
  it("comes back after 5, 10, 20 … ms, never later than a minute", async () => {
    const { bench, queue } = setUp();
    queue.start();
    queue.add("a");
    for (const waitMs of [5, 10, 20, 40, 80, 160, 320, 640]) {
      await bench.fail("a");
      await pass(waitMs - 1);
      expect(bench.busyWith).toEqual([]);
      await pass(1);
      expect(bench.busyWith).toEqual(["a"]);
    }
    for (let i = 0; i < 20; i++) {
      await bench.fail("a");
      await pass(60_000);
      expect(bench.busyWith).toEqual(["a"]);
    }
  });

  it("starts from 5 ms again once it has succeeded", async () => {
    const { bench, queue } = setUp();
    queue.start();
    queue.add("a");
    for (const waitMs of [5, 10, 20]) {
      await bench.fail("a");
      await pass(waitMs);
    }
    await bench.finish("a");
    queue.add("a");
    await bench.fail("a");
    await pass(5);
    expect(bench.busyWith).toEqual(["a"]);
  });

  it("does not come back by itself when its error is terminal", async () => {
    const { bench, queue } = setUp();
    queue.start();
    queue.add("a");
    await bench.fail("a", Object.assign(new Error("refused"), { terminal: true }));
    await pass(600_000);
    expect(bench.begun).toEqual(["a"]);
    queue.add("a");
    expect(bench.begun).toEqual(["a", "a"]);
  });

  it("waits as long as the API server asked for", async () => {
    const { bench, queue } = setUp();
    queue.start();
    queue.add("a");
    await bench.fail("a", Object.assign(new Error("busy"), { retryAfterMs: 2_000 }));
    await pass(1_999);
    expect(bench.busyWith).toEqual([]);
    await pass(1);
    expect(bench.busyWith).toEqual(["a"]);
  });

  it("does not wait when it was added during the work", async () => {
    const { bench, queue } = setUp();
    queue.start();
    queue.add("a");
    queue.add("a");
    await bench.fail("a");
    expect(bench.busyWith).toEqual(["a"]);
  });

  it("shares 10 retries a second with all others, after a burst", async () => {
    const { bench, queue } = setUp({ workers: 100, retryBurst: 2 });
    queue.start();
    const keys = ["a", "b", "c", "d"];
    for (const key of keys) queue.add(key);
    for (const key of keys) await bench.fail(key);
    await pass(5);
    expect(bench.busyWith).toEqual(["a", "b"]);
    await pass(95);
    expect(bench.busyWith).toEqual(["a", "b", "c"]);
    await pass(100);
    expect(bench.busyWith).toEqual(["a", "b", "c", "d"]);
  });
});

describe("a key that is added for later", () => {
  it("comes at the earliest of the times that were asked for", async () => {
    const { bench, queue } = setUp();
    queue.start();
    queue.addAfter("a", 1_000);
    queue.addAfter("a", 300, { urgent: true });
    queue.addAfter("a", 2_000);
    await pass(299);
    expect(bench.begun).toEqual([]);
    await pass(1);
    expect(bench.begun).toEqual(["a"]);
    await bench.finish("a");
    await pass(10_000);
    expect(bench.begun).toEqual(["a"]);
  });
});

describe("a queue that is stopped", () => {
  it("finishes what is being worked on, begins nothing more, and takes nothing more", async () => {
    const { bench, queue } = setUp();
    queue.start();
    for (const key of ["a", "b"]) queue.add(key);
    queue.addAfter("c", 10);
    const stopped = queue.stop();
    queue.add("d");
    await bench.finish("a");
    await stopped;
    await pass(1_000);
    expect(bench.begun).toEqual(["a"]);
    expect(queue.depth).toBe(0);
  });

  it("tells work that takes too long to give up", async () => {
    vi.useRealTimers();
    let told = false;
    const process = async (_key: string, signal: AbortSignal): Promise<void> =>
      new Promise(() => {
        signal.addEventListener("abort", () => {
          told = true;
        });
      });
    const { queue } = setUp({ process });
    queue.start();
    queue.add("a");
    await queue.stop(20);
    expect(told).toBe(true);
  });

  it("forgets a retry of work that fails during the stop", async () => {
    const { bench, queue } = setUp();
    queue.start();
    queue.add("a");
    const stopped = queue.stop();
    await bench.fail("a");
    await stopped;
    await pass(100_000);
    expect(bench.begun).toEqual(["a"]);
  });
});

describe("what a queue counts", () => {
  it("is depth, adds, waits, work and retries", async () => {
    const heard: string[] = [];
    const observer: KubeObserver = {
      ...silentObserver,
      queueDepth: (queue, depth) => heard.push(`${queue} depth ${depth}`),
      queueAdded: (queue) => heard.push(`${queue} added`),
      queueWaited: (_queue, seconds) => heard.push(`waited ${seconds} s`),
      queueWorked: (_queue, seconds, failed) =>
        heard.push(`worked ${seconds} s${failed ? ", failed" : ""}`),
      queueRetried: (queue) => heard.push(`${queue} retried`),
    };
    const { bench, queue } = setUp({ observer });
    queue.add("a");
    await pass(2_000);
    queue.start();
    await pass(1_000);
    await bench.fail("a");
    expect(heard).toEqual([
      "test added",
      "test depth 1",
      "waited 2 s",
      "test depth 0",
      "test retried",
      "worked 1 s, failed",
    ]);
  });
});

describe("whatever happens, a queue", () => {
  const key = fc.constantFrom("a", "b", "c", "d", "e");
  const step = fc.oneof(
    fc.record({ kind: fc.constantFrom("add", "urgent", "finish", "fail"), key }),
    fc.record({ kind: fc.constant("later"), key, ms: fc.nat(200) }),
    fc.record({ kind: fc.constant("pass"), key, ms: fc.nat(500) }),
  );

  it("never has two workers on a key nor too many, and begins work on each key after its last addition", async () => {
    const workerCount = fc.integer({ min: 1, max: 3 });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), workerCount, async (steps, workers) => {
        const { bench, queue } = setUp({ workers });
        const added = new Set<string>();
        queue.start();
        for (const next of steps) {
          if (next.kind === "add" || next.kind === "urgent") {
            added.add(next.key);
            bench.begun.push(`+${next.key}`);
            queue.add(next.key, { urgent: next.kind === "urgent" });
          } else if (next.kind === "finish") await bench.finish(next.key);
          else if (next.kind === "fail") await bench.fail(next.key);
          else if ("ms" in next && next.kind === "later") queue.addAfter(next.key, next.ms);
          else if ("ms" in next) await pass(next.ms);
          expect(bench.busyWith.length).toBeLessThanOrEqual(workers);
        }
        for (let round = 0; round < 100; round++) {
          for (const busy of bench.busyWith) await bench.finish(busy);
          await pass(1_000);
        }
        expect(queue.depth).toBe(0);
        for (const one of added) {
          expect(bench.begun.lastIndexOf(one)).toBeGreaterThan(bench.begun.lastIndexOf(`+${one}`));
        }
      }),
      { numRuns: 100 },
    );
  });
});

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`);
}

describe("a queue with a pace", () => {
  const paced = { workers: 100, normalPerSecond: 10, normalBurst: 5 };

  it("lets a burst through and the rest at its pace", async () => {
    const { bench, queue } = setUp(paced);
    queue.start();
    for (const key of numbered("n", 9)) queue.add(key);
    expect(bench.begun).toEqual(numbered("n", 5));
    await vi.advanceTimersByTimeAsync(100);
    expect(bench.begun).toEqual(numbered("n", 6));
    await vi.advanceTimersByTimeAsync(300);
    expect(bench.begun).toEqual(numbered("n", 9));
  });

  it("never holds up what is urgent", () => {
    const { bench, queue } = setUp(paced);
    queue.start();
    for (const key of numbered("n", 9)) queue.add(key);
    for (const key of numbered("u", 20)) queue.add(key, { urgent: true });
    expect(bench.begun).toEqual([...numbered("n", 5), ...numbered("u", 20)]);
  });

  it("takes a waiting key out of its turn once it is urgent", () => {
    const { bench, queue } = setUp(paced);
    queue.start();
    for (const key of numbered("n", 9)) queue.add(key);
    queue.add("n8", { urgent: true });
    expect(bench.begun).toEqual([...numbered("n", 5), "n8"]);
  });

  it("starts nothing after a stop", async () => {
    const { bench, queue } = setUp(paced);
    queue.start();
    for (const key of numbered("n", 9)) queue.add(key);
    for (const key of numbered("n", 5)) await bench.finish(key);
    await queue.stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(bench.begun).toEqual(numbered("n", 5));
  });
});

describe("a patient add", () => {
  const patiently = { urgent: true, unlessFailing: true };

  it("leaves a key that failed to its back-off", async () => {
    const { bench, queue } = setUp({ retryBaseMs: 1_000 });
    queue.start();
    queue.add("a");
    await bench.fail("a");
    queue.add("a", patiently);
    expect(bench.begun).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(bench.begun).toEqual(["a", "a"]);
  });

  it("leaves a key that was given up alone for as long as the longest back-off", async () => {
    const { bench, queue } = setUp({ retryCapMs: 60_000 });
    queue.start();
    queue.add("a");
    await bench.fail("a", Object.assign(new Error("refused"), { terminal: true }));
    await vi.advanceTimersByTimeAsync(59_000);
    queue.add("a", patiently);
    expect(bench.begun).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(1_000);
    queue.add("a", patiently);
    expect(bench.begun).toEqual(["a", "a"]);
  });

  it("is as good as any for a key that works", async () => {
    const { bench, queue } = setUp();
    queue.start();
    queue.add("a", patiently);
    await bench.finish("a");
    queue.add("a", patiently);
    expect(bench.begun).toEqual(["a", "a"]);
  });

  it("does not hold up an impatient one", async () => {
    const { bench, queue } = setUp({ retryBaseMs: 1_000 });
    queue.start();
    queue.add("a");
    await bench.fail("a");
    queue.add("a", { urgent: true });
    expect(bench.begun).toEqual(["a", "a"]);
  });
});
