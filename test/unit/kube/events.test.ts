import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KubeError, type KubeErrorKind } from "../../../src/kube/errors.ts";
import { cutBytes, type EventInput, eventBody, eventName } from "../../../src/kube/event-body.ts";
import { EventRecorder, type EventRecorderOptions } from "../../../src/kube/events.ts";
import { silentObserver } from "../../../src/kube/observer.ts";
import { quiet } from "./quiet.ts";

const regarding = {
  apiVersion: "topology.corinternal.com/v1",
  kind: "GPUInfo",
  name: "gpu1",
  namespace: "ml",
  uid: "u-1",
};

function anEvent(over: Partial<EventInput> = {}): EventInput {
  const words = {
    type: "Normal",
    reason: "NodeChanged",
    action: "SelectNode",
    note: "from a to b",
  } as const;
  return { regarding, ...words, ...over };
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

/** A recorder in front of an API server that first gives the answers in `answers`, then says yes. */
function setUp(answers: (Error | undefined)[] = [], options: Partial<EventRecorderOptions> = {}) {
  const sent: Sent[] = [];
  const counted: string[] = [];
  const client: EventRecorderOptions["client"] = {
    request: async ({ method, path, body }) => {
      sent.push({ method, path, body });
      const answer = answers.shift();
      if (answer !== undefined) throw answer;
      return {};
    },
  };
  const events = new EventRecorder({
    client,
    instance: "gpuinfo-0",
    log: quiet,
    observer: { ...silentObserver, eventDone: (outcome) => counted.push(outcome) },
    ...options,
    limits: { retryMs: 1, seriesMs: 5, ...options.limits },
  });
  return { events, sent, counted };
}

function failures(kind: KubeErrorKind, count: number): KubeError[] {
  return Array.from({ length: count }, () => new KubeError(kind, ""));
}

describe("a recorder", () => {
  it("writes an event with everything that the API server demands", async () => {
    const { events, sent } = setUp();
    events.record(anEvent());
    await events.stop();
    expect(sent).toMatchObject([
      {
        method: "POST",
        path: "/apis/events.k8s.io/v1/namespaces/ml/events",
        body: {
          apiVersion: "events.k8s.io/v1",
          kind: "Event",
          metadata: { namespace: "ml", name: expect.stringMatching(/^gpu1\.[0-9a-f]+$/) },
          eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
          reportingController: "gpuinfo",
          reportingInstance: "gpuinfo-0",
          regarding,
          type: "Normal",
          reason: "NodeChanged",
          action: "SelectNode",
          note: "from a to b",
        },
      },
    ]);
  });

  it("makes a series of the same event, and keeps others apart", async () => {
    const { events, sent } = setUp();
    for (let i = 0; i < 3; i++) events.record(anEvent());
    events.record(anEvent({ note: "from b to c" }));
    events.record(anEvent({ regarding: { ...regarding, uid: "u-2" } }));
    await events.stop();
    expect(sent.filter(({ method }) => method === "POST")).toHaveLength(3);
    expect(sent.at(0)?.body).not.toHaveProperty("series");
    expect(sent.filter(({ method }) => method === "PATCH")).toMatchObject([
      { body: { series: { count: 3 } } },
    ]);
  });

  it("begins a new event when the last one is long past", async () => {
    const { events, sent } = setUp([], { limits: { windowMs: 1 } });
    events.record(anEvent());
    await new Promise((resolve) => setTimeout(resolve, 5));
    events.record(anEvent());
    await events.stop();
    expect(sent.map(({ method }) => method)).toEqual(["POST", "POST"]);
  });

  it.each([
    ["cannot be reached once", [new KubeError("unreachable", "")], ["written"]],
    ["is busy twice", [new KubeError("busy", ""), new KubeError("busy", "")], ["written"]],
    ["never answers", failures("timeout", 3), ["failed"]],
    ["refuses it", [new KubeError("invalid", "")], ["failed"]],
    ["forbids it", [new KubeError("forbidden", "")], ["failed"]],
    ["breaks in a new way", [new TypeError("bug")], ["failed"]],
  ])("counts what became of an event when the API server %s", async (_how, answers, outcome) => {
    const { events, counted } = setUp([...answers]);
    events.record(anEvent());
    await events.stop();
    expect(counted).toEqual(outcome);
  });

  it("lets an object have 25 different events at once, and other objects theirs", async () => {
    const { events, counted } = setUp();
    for (let i = 0; i < 30; i++) events.record(anEvent({ note: `change ${i}` }));
    events.record(anEvent({ regarding: { ...regarding, uid: "u-2" } }));
    await events.stop();
    expect(counted.filter((outcome) => outcome === "dropped")).toHaveLength(5);
    expect(counted.filter((outcome) => outcome === "written")).toHaveLength(26);
  });

  it("drops events rather than keeping thousands while the API server is away", async () => {
    const { events, counted } = setUp(failures("unreachable", 100), {
      limits: { maxWaiting: 3, burst: 100, tries: 1 },
    });
    for (let i = 0; i < 10; i++) events.record(anEvent({ note: `change ${i}` }));
    await events.stop();
    expect(counted.filter((outcome) => outcome === "dropped").length).toBeGreaterThanOrEqual(6);
  });

  it("does not keep a stop waiting longer than it may, and records nothing afterwards", async () => {
    const client = { request: async () => new Promise<never>(() => {}) };
    const { events } = setUp([], { client });
    events.record(anEvent());
    const startedAt = performance.now();
    await events.stop(20);
    events.record(anEvent({ note: "too late" }));
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});

describe("the body of an event", () => {
  const at = new Date("2026-11-22T10:00:00.123Z");

  it("stands in the default namespace when its object is in none", () => {
    const node = { apiVersion: "v1", kind: "Node", name: "worker-1", uid: "u" };
    const body = eventBody(anEvent({ regarding: node }), "n", at, { count: 1, lastAt: at }, "i");
    expect(body).toMatchObject({ metadata: { namespace: "default" } });
  });

  it("has names that differ within a millisecond and are never too long", () => {
    expect(eventName(regarding, at, 1)).not.toBe(eventName(regarding, at, 2));
    expect(eventName({ ...regarding, name: "x".repeat(253) }, at, 1).length).toBeLessThanOrEqual(
      253,
    );
  });

  it("has a note of at most 1,024 bytes that ends with a whole character", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", maxLength: 60 }),
        fc.integer({ min: 3, max: 100 }),
        (text, limit) => {
          const cut = cutBytes(text, limit);
          expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(limit);
          const fits = Buffer.byteLength(text) <= limit;
          expect(fits ? cut === text : text.startsWith(cut.slice(0, -1))).toBe(true);
        },
      ),
    );
  });
});
