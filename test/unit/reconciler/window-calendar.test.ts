import { beforeEach, describe, expect, it } from "vitest";
import { WindowCalendar } from "../../../src/reconciler/window-calendar.ts";
import type { MaintenanceHorizon } from "../../../src/selection/model.ts";
import { aDeclaredWindow } from "../../support/declared-windows.ts";

const now = new Date("2026-11-22T12:00:00Z");
const host = "esxi-a.example.com";

let calendar: WindowCalendar;

beforeEach(() => {
  calendar = new WindowCalendar();
});

function set(name: string, spec: object = {}, metadata: object = {}): boolean {
  return calendar.setWindow(aDeclaredWindow({ metadata: { name, uid: name, ...metadata }, spec }));
}

function starts(horizon: MaintenanceHorizon | undefined): string[] | undefined {
  return horizon?.windows.map(({ startsAt }) => new Date(startsAt).toISOString().slice(0, 13));
}

describe("what is declared", () => {
  it("is nothing at first", () => {
    const { byHost, byCluster, byNode } = calendar.current(now);
    expect([byHost.size, byCluster.size, byNode.size]).toEqual([0, 0, 0]);
  });

  it("stands under each host, cluster and selected node, all that are named", () => {
    calendar.setNode("worker-1", { rack: "7" });
    calendar.setNode("worker-2", { rack: "8" });
    set("patch", {
      hosts: ["ESXi-A.example.com", "esxi-b.example.com"],
      clusters: ["GPU"],
      nodeSelector: { matchLabels: { rack: "7" } },
    });
    const { byHost, byCluster, byNode } = calendar.current(now);
    expect([...byHost.keys()]).toEqual(["esxi-a.example.com", "esxi-b.example.com"]);
    expect([...byCluster.keys()]).toEqual(["gpu"]);
    expect([...byNode.keys()]).toEqual(["worker-1"]);
    expect(starts(byNode.get("worker-1"))).toEqual(["2026-12-01T02"]);
  });

  it("by two objects for the same host is both", () => {
    set("one");
    set("two", { start: "2026-11-25T02:00:00Z" });
    expect(starts(calendar.current(now).byHost.get(host))).toEqual([
      "2026-11-25T02",
      "2026-12-01T02",
    ]);
  });

  it("for a host that the same object names twice is counted once", () => {
    set("one", { hosts: [host, host.toUpperCase()] });
    expect(starts(calendar.current(now).byHost.get(host))).toEqual(["2026-12-01T02"]);
  });

  it("without anybody knowing when is unknown, and names object, field, finding and wish", () => {
    set("typo", { start: undefined, schedule: "0 25 * * *", clusters: ["GPU"] });
    const { byHost, byCluster } = calendar.current(now);
    const unknown = {
      kind: "unknown",
      why: expect.stringMatching(
        /^MaintenanceWindow typo: spec\.schedule is "0 25 \* \* \*" \(.*hour: 25\), wanted are five/,
      ),
      windows: [],
    };
    expect([byHost.get(host), byCluster.get("gpu")]).toEqual([unknown, unknown]);
  });

  it("by a good object beside a flawed one is known, and that there may be more", () => {
    set("good");
    set("never", { start: undefined, schedule: "0 2 30 2 *" });
    const horizon = calendar.current(now).byHost.get(host);
    expect(horizon).toMatchObject({ kind: "unknown", why: expect.stringContaining("never comes") });
    expect(starts(horizon)).toEqual(["2026-12-01T02"]);
  });

  it("goes with its object", () => {
    set("one");
    calendar.current(now);
    calendar.deleteWindow("one");
    expect(calendar.current(now).byHost.size).toBe(0);
    expect(calendar.outlook("one", now)).toMatchObject({ kind: "known", windows: [] });
  });
});

describe("the same object", () => {
  it("is handed out until something changes", () => {
    set("one");
    const before = calendar.current(now);
    expect(calendar.current(new Date(now.getTime() + 60_000))).toBe(before);
  });

  it("also when an object's status was written", () => {
    set("one");
    const before = calendar.current(now);
    expect(set("one", {}, { resourceVersion: "2" })).toBe(false);
    expect(calendar.current(now)).toBe(before);
  });

  it("also when a change of spec declares the same", () => {
    set("one");
    const before = calendar.current(now);
    expect(set("one", { duration: "240m" }, { generation: 2 })).toBe(true);
    expect(calendar.current(now)).toBe(before);
  });

  it("also when a node's labels change that nobody asks for", () => {
    set("one", { nodeSelector: { matchLabels: { rack: "7" } } });
    calendar.setNode("worker-1", { rack: "7" });
    const before = calendar.current(now);
    expect(calendar.setNode("worker-1", { rack: "7", "example.com/x": "1" })).toBe(false);
    expect(calendar.current(now)).toBe(before);
  });

  it("stands for a host whose maintenance stays, whatever comes for others", () => {
    set("one");
    const before = calendar.current(now).byHost.get(host);
    set("two", { hosts: ["esxi-b.example.com"] });
    expect(calendar.current(now).byHost.get(host)).toBe(before);
  });

  it("is another one once a maintenance is over", () => {
    set("one");
    const before = calendar.current(now);
    const last = new Date("2026-12-01T05:59:59.999Z");
    expect(calendar.current(last)).toBe(before);
    expect(starts(calendar.current(new Date("2026-12-01T06:00:00Z")).byHost.get(host))).toEqual([]);
  });

  it("is another one when an object of the same name was made anew", () => {
    set("one");
    const before = calendar.current(now);
    expect(set("one", { duration: "5h" }, { uid: "another" })).toBe(true);
    expect(calendar.current(now)).not.toBe(before);
  });
});

describe("a node", () => {
  beforeEach(() => set("one", { hosts: undefined, nodeSelector: { matchLabels: { rack: "7" } } }));

  it("that comes to be selected is told, and so is one that no longer is", () => {
    expect(calendar.setNode("worker-1", {})).toBe(false);
    expect(calendar.setNode("worker-1", { rack: "7" })).toBe(true);
    expect(calendar.current(now).byNode.size).toBe(1);
    expect(calendar.setNode("worker-1", { rack: "8" })).toBe(true);
    expect(calendar.current(now).byNode.size).toBe(0);
  });

  it("that is gone is not declared for", () => {
    calendar.setNode("worker-1", { rack: "7" });
    expect(calendar.deleteNode("worker-1")).toBe(true);
    expect(calendar.current(now).byNode.size).toBe(0);
  });

  it("is not declared for when the object no longer has a selector", () => {
    calendar.setNode("worker-1", { rack: "7" });
    set("one", {}, { generation: 2 });
    expect(calendar.current(now).byNode.size).toBe(0);
  });
});

it("counts the objects by what they are", () => {
  set("active", { start: "2026-11-22T11:00:00Z" });
  set("upcoming");
  set("over", { start: "2026-11-21T11:00:00Z" });
  set("flawed", { start: undefined, schedule: "0 2 31 2 *" });
  expect(calendar.counts(now)).toEqual({ active: 1, upcoming: 1, over: 1, flawed: 1 });
});

function labels(i: number): Record<string, string> {
  return { rack: String(i % 100), name: `worker-${i}`, zone: "a" };
}

it("costs little with 5,000 nodes and 100 objects, also while nodes report", () => {
  for (let i = 0; i < 100; i++) {
    const nodeSelector = i % 2 === 0 ? {} : { matchLabels: { rack: String(i) } };
    set(`w${i}`, { nodeSelector, start: undefined, schedule: `${i % 60} 2 * * 6#1` });
  }
  for (let i = 0; i < 5_000; i++) calendar.setNode(`worker-${i}`, labels(i));
  calendar.current(now);
  const startedAt = performance.now();
  for (let i = 0; i < 5_000; i++) calendar.setNode(`worker-${i}`, labels(i));
  for (let i = 0; i < 1_000; i++) calendar.current(now);
  // Some 10 ms on a quiet machine; done anew each time it would be minutes.
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

function setMany(count: number, specOf: (i: number) => object): void {
  for (let i = 0; i < count; i++)
    set(`w${i}`, { hosts: [`h${i}`], start: undefined, ...specOf(i) });
}

/** How often it takes until all is known; what is not must be unknown each time. */
function callsUntilKnown(at: Date): number {
  for (let calls = 1; ; calls++) {
    const horizons = [...calendar.current(at).byHost.values()];
    const known = horizons.filter(({ kind }) => kind === "known");
    expect(known.every(({ windows }) => windows.length > 0)).toBe(true);
    if (known.length === horizons.length) return calls;
    expect(calendar.isBehind(at)).toBe(true);
  }
}

describe("many objects at once", () => {
  const minuteMs = 60_000;

  it("are looked at a little at a time, and unknown until then", () => {
    setMany(1_000, (i) => ({ schedule: `${i % 60} ${Math.floor(i / 60)} * * 6` }));
    const { byHost } = calendar.current(now);
    const unread = { kind: "unknown", why: "MaintenanceWindow w999 is not read yet", windows: [] };
    expect(byHost.get("h999")).toEqual(unread);
    expect(callsUntilKnown(now)).toBeGreaterThan(1);
    expect(calendar.isBehind(now)).toBe(false);
    expect(calendar.counts(now)).toMatchObject({ flawed: 0 });
  });

  it("are looked at once where they share a schedule", () => {
    setMany(1_000, () => ({ schedule: "0 2 * * 6", timeZone: "Europe/Berlin" }));
    expect(callsUntilKnown(now)).toBe(1);
  });

  it("are looked at ahead of time: when one is over, the next is known already", () => {
    setMany(10, () => ({ schedule: "0 2 * * *", duration: "1h" }));
    let at = new Date("2026-11-22T02:30:00Z");
    for (let day = 0; day < 10; day++) {
      calendar.current(at);
      expect(calendar.isBehind(at)).toBe(false);
      at = new Date(Date.parse("2026-11-22T03:00:00Z") + day * 24 * 60 * minuteMs);
      const [horizon] = calendar.current(at).byHost.values();
      expect(horizon?.windows[0]?.startsAt).toBe(at.getTime() + 23 * 60 * minuteMs);
    }
  });

  it("that never stop keep the time when they began", () => {
    setMany(1, () => ({ schedule: "*/5 * * * *", duration: "5m" }));
    const began = calendar.outlook("w0", now);
    for (let minutes = 0; minutes < 600; minutes += 30) {
      const outlook = calendar.outlook("w0", new Date(now.getTime() + minutes * minuteMs));
      calendar.current(new Date(now.getTime() + minutes * minuteMs));
      expect([began, outlook]).toMatchObject(
        [0, 1].map(() => ({
          windows: [{ startsAt: began.kind === "known" && began.windows[0]?.startsAt }],
        })),
      );
    }
  });

  it("whose object is gone or another are no longer looked at", () => {
    set("one", { start: undefined, schedule: "0 2 * * 6" });
    set("two", { start: undefined, schedule: "0 2 * * 6" });
    calendar.deleteWindow("one");
    set("two", { start: undefined, schedule: "0 3 * * 6" }, { generation: 2 });
    expect(starts(calendar.current(now).byHost.get(host))?.[0]).toBe("2026-11-28T03");
  });
});
