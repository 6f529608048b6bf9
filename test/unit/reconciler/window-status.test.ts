import { describe, expect, it } from "vitest";
import type { DeclaredWindow } from "../../../src/api/declared-window.ts";
import { expandWindow } from "../../../src/api/expand-window.ts";
import { nodesByPlace, type Reach, reachOf } from "../../../src/reconciler/window-reach.ts";
import { evaluateWindow, type WindowEvaluation } from "../../../src/reconciler/window-status.ts";
import { aCandidate, aHost, aNode } from "../../support/builders.ts";
import { aDeclaredWindow, aRecurringWindow } from "../../support/declared-windows.ts";

const now = new Date("2026-11-22T12:00:00Z");
const twoNodes: Reach = { nodes: 2, without: [], selectsNone: false };

function evaluate(
  window: DeclaredWindow,
  { reach = twoNodes, at = now }: { reach?: Reach | undefined; at?: Date } = {},
): WindowEvaluation {
  return evaluateWindow({ window, outlook: expandWindow(window, at), reach, now: at });
}

/** The window as it is once its status was written. */
function written(window: DeclaredWindow, at = now, reach = twoNodes): DeclaredWindow {
  return { ...window, status: evaluate(window, { at, reach }).status };
}

function readyOf({ status }: WindowEvaluation) {
  return status.conditions?.find(({ type }) => type === "Ready");
}

function input(window: DeclaredWindow) {
  return { window, outlook: expandWindow(window, now), now };
}

function bound(node: string, host: string, cluster: string) {
  const candidate = aCandidate({
    node: aNode({ name: node }),
    host: aHost({ name: host, cluster }),
  });
  return { kind: "bound", candidate } as const;
}

describe("the status", () => {
  it("says when it is and how many nodes it concerns", () => {
    expect(evaluate(aDeclaredWindow({ metadata: { generation: 3 } })).status).toEqual({
      active: false,
      nextStart: "2026-12-01T02:00:00Z",
      nextEnd: "2026-12-01T06:00:00Z",
      nodes: 2,
      observedGeneration: 3,
      conditions: [
        {
          type: "Ready",
          status: "True",
          reason: "Accepted",
          message: "it concerns 2 nodes",
          lastTransitionTime: "2026-11-22T12:00:00Z",
          observedGeneration: 3,
        },
      ],
    });
  });

  it.each([
    ["before", "2026-12-01T01:59:59Z", { active: false, nextStart: "2026-12-01T02:00:00Z" }],
    [
      "from its beginning",
      "2026-12-01T02:00:00Z",
      { active: true, nextEnd: "2026-12-01T06:00:00Z" },
    ],
    ["until its end", "2026-12-01T05:59:59Z", { active: true, nextStart: "2026-12-01T02:00:00Z" }],
    ["after", "2026-12-01T06:00:00Z", { active: false }],
  ])("says whether it goes on: %s", (_, at, times) => {
    const { status } = evaluate(aDeclaredWindow(), { at: new Date(at) });
    expect(status).toMatchObject(times);
  });

  it("says that it is over, and no times", () => {
    const evaluation = evaluate(aDeclaredWindow(), { at: new Date("2026-12-02T00:00:00Z") });
    expect(readyOf(evaluation)).toMatchObject({ status: "True", reason: "Over" });
    expect(evaluation.status).not.toHaveProperty("nextStart");
  });

  it("has no end where the next always begins before", () => {
    const { status } = evaluate(aRecurringWindow("* * * * *"));
    expect(status).toMatchObject({ active: true, nextStart: expect.anything() });
    expect(status).not.toHaveProperty("nextEnd");
  });

  it("has no times that cannot be written", () => {
    const { status } = evaluate(aDeclaredWindow({ spec: { start: "9999-12-31T23:00:00Z" } }));
    expect(status).toMatchObject({ nextStart: "9999-12-31T23:00:00Z" });
    expect(status).not.toHaveProperty("nextEnd");
  });
});

describe("a flaw", () => {
  const flawed = aRecurringWindow("0 2 31 2 *");

  it("is told with what follows from it, and warned about once", () => {
    const evaluation = evaluate(flawed);
    expect(readyOf(evaluation)).toMatchObject({
      status: "False",
      reason: "NeverComes",
      message: expect.stringMatching(
        /never comes; .*; until this is mended, the maintenance of what/,
      ),
    });
    expect(evaluation.status).not.toHaveProperty("active");
    expect(evaluation.event).toMatchObject({ type: "Warning", reason: "NeverComes" });
    expect(evaluate(written(flawed))).toMatchObject({ change: "none" });
    expect(evaluate(written(flawed)).event).toBeUndefined();
  });

  it("of another generation is warned about again", () => {
    const before = written(flawed);
    const next = { ...before, metadata: { ...before.metadata, generation: 2 } };
    expect(evaluate(next)).toMatchObject({ change: "state", event: { reason: "NeverComes" } });
  });
});

describe("who is concerned", () => {
  const nobody: Reach = {
    nodes: 0,
    without: ["host esxi-tpyo.example.com"],
    selectsNone: true,
  };

  it("is warned about where it is nobody", () => {
    const evaluation = evaluate(aDeclaredWindow(), { reach: nobody });
    expect(readyOf(evaluation)).toMatchObject({ status: "True", reason: "MatchesNothing" });
    expect(evaluation.event?.note).toMatch(
      /: no node runs on host esxi-tpyo\.example\.com, nodeSelector selects no node; see/,
    );
  });

  it("is not asked of what is over", () => {
    const at = new Date("2027-01-01T00:00:00Z");
    expect(readyOf(evaluate(aDeclaredWindow(), { reach: nobody, at }))?.reason).toBe("Over");
  });

  it("names what is in vain beside what is not, and not without end", () => {
    const without = Array.from({ length: 9 }, (_, i) => `host h${i}`);
    const message =
      "it concerns 1 node; no node runs on host h0, host h1, host h2, host h3, host h4 and 4 more; see whether the names are right";
    const reach = { ...twoNodes, nodes: 1, without };
    const evaluation = evaluate(aDeclaredWindow(), { reach });
    expect(readyOf(evaluation)).toMatchObject({ status: "True", reason: "PartlyMatches", message });
    expect(evaluation.event).toEqual({ type: "Warning", reason: "PartlyMatches", note: message });
  });

  it("is warned about once, in words that fit into an event", () => {
    const without = Array.from({ length: 5 }, (_, i) => `host ${"x".repeat(250)}${i}`);
    const reach = { ...twoNodes, without };
    expect(evaluate(aDeclaredWindow(), { reach }).event?.note.length).toBeLessThan(1_000);
    const again = evaluate(written(aDeclaredWindow(), now, reach), { reach });
    expect(again).not.toHaveProperty("event");
  });

  it("stays as it was while it is not known", () => {
    const before = written(aDeclaredWindow());
    expect(evaluateWindow({ ...input(before), reach: undefined })).toMatchObject({
      change: "none",
    });
  });

  it("is left open before it was ever known", () => {
    const { status } = evaluateWindow({ ...input(aDeclaredWindow()), reach: undefined });
    expect(status).not.toHaveProperty("nodes");
    expect(status.conditions?.[0]).toMatchObject({ status: "True", reason: "Accepted" });
  });
});

describe("what is written", () => {
  it("is nothing where nothing changed, however much later", () => {
    const later = new Date("2026-11-30T00:00:00Z");
    expect(evaluate(written(aDeclaredWindow()), { at: later }).change).toBe("none");
  });

  it.each<[string, Partial<Parameters<typeof evaluate>[1]>, string]>([
    ["the count of nodes", { reach: { ...twoNodes, nodes: 3 } }, "count"],
    ["what is in vain", { reach: { ...twoNodes, without: ["cluster x"] } }, "state"],
    ["the beginning", { at: new Date("2026-12-01T02:00:00Z") }, "state"],
    ["the end", { at: new Date("2026-12-01T06:00:00Z") }, "state"],
  ])("follows %s", (_, change, expected) => {
    expect(evaluate(written(aDeclaredWindow()), change).change).toBe(expected);
  });

  it("keeps the time of the last transition until the status is another", () => {
    const later = new Date("2026-12-01T02:00:00Z");
    const before = written(aDeclaredWindow());
    expect(readyOf(evaluate(before, { at: later }))?.lastTransitionTime).toBe(
      "2026-11-22T12:00:00Z",
    );
    const flawed = { ...before, ...aRecurringWindow("0 2 31 2 *"), status: before.status };
    expect(readyOf(evaluate(flawed, { at: later }))?.lastTransitionTime).toBe(
      "2026-12-01T02:00:00Z",
    );
  });
});

describe("the nodes that are concerned", () => {
  const bindings = [
    bound("worker-1", "ESXi-A.example.com", "GPU"),
    bound("worker-2", "esxi-a.example.com", "GPU"),
    bound("worker-3", "esxi-b.example.com", "GPU"),
    bound("worker-4", "esxi-c.example.com", ""),
    { kind: "unbound", node: "worker-5", reason: "NoHost", message: "" } as const,
  ];
  const places = nodesByPlace(bindings);

  it.each<[string, Parameters<typeof reachOf>[0], string[], Reach]>([
    ["of a host", { hosts: ["esxi-a.example.com"], clusters: [] }, [], twoNodes],
    ["of a cluster", { hosts: [], clusters: ["gpu"] }, [], { ...twoNodes, nodes: 3 }],
    [
      "of a host and its cluster, each once",
      { hosts: ["esxi-a.example.com"], clusters: ["gpu"] },
      [],
      { ...twoNodes, nodes: 3 },
    ],
    [
      "that are selected, with or without a machine, or on a host",
      { hosts: ["esxi-a.example.com"], clusters: [], nodeSelector: {} },
      ["worker-1", "worker-5"],
      { ...twoNodes, nodes: 3 },
    ],
    [
      "of nothing that there is",
      { hosts: ["x"], clusters: ["y"], nodeSelector: {} },
      [],
      { nodes: 0, without: ["host x", "cluster y"], selectsNone: true },
    ],
  ])("are counted: those %s", (_, targets, selected, reach) => {
    expect(reachOf(targets, new Set(selected), places)).toEqual(reach);
  });
});
