import { beforeEach, describe, expect, it } from "vitest";
import type { DeclaredWindow } from "../../../src/api/declared-window.ts";
import type { MaintenanceWindowStatus } from "../../../src/api/maintenance-window.ts";
import { WindowCalendar } from "../../../src/reconciler/window-calendar.ts";
import { WindowReconciler } from "../../../src/reconciler/window-reconciler.ts";
import type { WindowEvent } from "../../../src/reconciler/window-status.ts";
import type { NodeBinding } from "../../../src/selection/model.ts";
import { aCandidate, aHost, aNode } from "../../support/builders.ts";
import { aDeclaredWindow } from "../../support/declared-windows.ts";

let now: Date;
let store: Map<string, DeclaredWindow>;
let calendar: WindowCalendar;
let bindings: readonly NodeBinding[] | undefined;
let queued: string[];
let writes: MaintenanceWindowStatus[];
let events: WindowEvent[];
let refusal: Error | undefined;
let reconciler: WindowReconciler;

beforeEach(() => {
  now = new Date("2026-11-22T12:00:00Z");
  store = new Map();
  calendar = new WindowCalendar();
  bindings = [boundTo("esxi-a.example.com")];
  queued = [];
  writes = [];
  events = [];
  refusal = undefined;
  reconciler = new WindowReconciler({
    getWindow: (name) => store.get(name),
    listNames: () => [...store.keys()],
    calendar,
    bindings: () => bindings && { bindings },
    enqueue: (name) => queued.push(name),
    writeStatus: async (_window, status) => {
      if (refusal !== undefined) throw refusal;
      writes.push(status);
    },
    recordEvent: (_window, event) => events.push(event),
    now: () => now,
  });
});

function boundTo(host: string, name = "worker-1"): NodeBinding {
  const candidate = aCandidate({ node: aNode({ name }), host: aHost({ name: host }) });
  return { kind: "bound", candidate };
}

/** As the informer hears of it. */
function hear(overrides: Parameters<typeof aDeclaredWindow>[0] = {}): void {
  const window = aDeclaredWindow(overrides);
  store.set(window.metadata.name, window);
  calendar.setWindow(window);
}

/** As the informer shows what was written, and a sweep looks: how many nodes each status that was written tells. */
async function counts(): Promise<(number | undefined)[]> {
  hear({ metadata: { resourceVersion: String(writes.length) }, status: writes.at(-1) ?? {} });
  await reconciler.sweep();
  for (const name of new Set(queued)) await reconciler.reconcile(name);
  return writes.map(({ nodes }) => nodes);
}

describe("a MaintenanceWindow", () => {
  it("gets its status, once, though the informer hears of it late", async () => {
    hear();
    await reconciler.reconcile("patch");
    await reconciler.reconcile("patch");
    expect(writes).toMatchObject([{ nodes: 1, nextStart: "2026-12-01T02:00:00Z" }]);
  });

  it("is not written again when what was heard is what we wrote", async () => {
    hear();
    await reconciler.reconcile("patch");
    hear({ metadata: { resourceVersion: "2" }, status: writes[0] ?? {} });
    await reconciler.reconcile("patch");
    expect(writes).toHaveLength(1);
  });

  it("is written again when somebody else has overwritten it", async () => {
    hear();
    await reconciler.reconcile("patch");
    hear({ metadata: { resourceVersion: "2" }, status: { ...writes[0], active: true } });
    await reconciler.reconcile("patch");
    expect(writes).toHaveLength(2);
  });

  it("of which only the count of nodes changes is written once a minute", async () => {
    const host = "esxi-a.example.com";
    expect(await counts()).toEqual([1]);
    bindings = [boundTo(host), boundTo(host, "worker-2")];
    expect(await counts()).toEqual([1, 2]);
    bindings = [boundTo(host), boundTo(host, "worker-2"), boundTo(host, "worker-3")];
    now = new Date(now.getTime() + 59_000);
    expect(await counts()).toEqual([1, 2]);
    now = new Date(now.getTime() + 1_000);
    expect(await counts()).toEqual([1, 2, 3]);
  });

  it("that is gone is left alone", async () => {
    await reconciler.reconcile("patch");
    expect(writes).toEqual([]);
  });

  it("whose status is refused is tried again, and the event told when it is written", async () => {
    hear({ spec: { hosts: ["esxi-x.example.com"] } });
    refusal = new Error("no");
    await expect(reconciler.reconcile("patch")).rejects.toThrow("no");
    expect(events).toEqual([]);
    refusal = undefined;
    await reconciler.reconcile("patch");
    expect(events).toMatchObject([{ reason: "MatchesNothing" }]);
  });

  it("is not said to match nothing before vCenter was read", async () => {
    bindings = undefined;
    hear({ spec: { hosts: ["esxi-x.example.com"] } });
    await reconciler.reconcile("patch");
    expect(events).toEqual([]);
  });
});

describe("a sweep", () => {
  beforeEach(async () => {
    hear();
    await reconciler.sweep();
    await reconciler.reconcile("patch");
    queued = [];
  });

  it("queues what was never written", async () => {
    hear({ metadata: { name: "new" } });
    await reconciler.sweep();
    expect(queued).toEqual(["new"]);
  });

  it("queues nothing while nothing changes", async () => {
    await reconciler.sweep();
    expect(queued).toEqual([]);
  });

  it.each<[string, () => void]>([
    ["a maintenance begins", () => (now = new Date("2026-12-01T02:00:00Z"))],
    [
      "a node comes to its host",
      () => (bindings = [...(bindings ?? []), boundTo("ESXi-A.example.com", "worker-2")]),
    ],
    ["nodes leave its host", () => (bindings = [boundTo("esxi-b.example.com")])],
  ])("queues what is no longer right when %s", async (_, change) => {
    change();
    await reconciler.sweep();
    expect(queued).toEqual(["patch"]);
  });
});
