import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { nodeAnnotationKeys } from "../../../src/api/node-marks.ts";
import { Nudger } from "../../../src/reconciler/nudger.ts";
import type { Wait } from "../../../src/reconciler/pending-pods.ts";
import { aFitting, aNode, now } from "../../support/builders.ts";

beforeEach(() => {
  vi.useFakeTimers({ now });
});
afterEach(() => {
  vi.useRealTimers();
});

function waitFor(hours: number, ...names: readonly string[]): Wait {
  const requirement = { gpu: true, hours };
  const fitting = names.map((name) =>
    aFitting({ node: aNode({ name }) }, { hoursAvailable: 8760 }),
  );
  return { requirement, fitting };
}

function aNudger() {
  const touched: string[] = [];
  let leading = true;
  let failing = false;
  const nudger = new Nudger({
    write: async (node, { annotations }) => {
      touched.push(`${node} ${annotations?.[nodeAnnotationKeys.changed]}`);
      if (failing) throw new Error("no answer");
    },
    isLeading: () => leading,
    now: () => new Date(),
    log: pino({ level: "silent" }),
  });
  return {
    nudger,
    lead: (is: boolean) => {
      leading = is;
    },
    fail: () => {
      failing = true;
    },
    /** @returns the nodes that are touched while so many seconds pass */
    pass: async (seconds: number) => {
      await vi.advanceTimersByTimeAsync(seconds * 1000);
      return touched.splice(0);
    },
  };
}

describe("the nudger", () => {
  it("touches a node that begins to suit a few times, with growing gaps", async () => {
    const { nudger, pass } = aNudger();
    nudger.look([waitFor(100)]);
    expect(await pass(60)).toEqual([]);
    nudger.look([waitFor(100, "worker-1")]);
    expect(await pass(600)).toEqual([
      "worker-1 2026-11-22T12:01:01.000Z",
      "worker-1 2026-11-22T12:01:05.000Z",
      "worker-1 2026-11-22T12:01:15.000Z",
      "worker-1 2026-11-22T12:01:45.000Z",
    ]);
  });

  it("touches one for pods that wait although it suits already: they may have been refused by a replica that knew less", async () => {
    const { nudger, pass } = aNudger();
    nudger.look([waitFor(100, "worker-1")]);
    expect(await pass(2)).toHaveLength(1);
  });

  it("lets nodes be while none begins to suit", async () => {
    const { nudger, pass } = aNudger();
    nudger.look([waitFor(100, "worker-1", "worker-2")]);
    await pass(600);
    nudger.look([waitFor(100, "worker-2", "worker-1")]);
    nudger.look([waitFor(100, "worker-1")]);
    expect(await pass(600)).toEqual([]);
  });

  it("stops once nobody waits", async () => {
    const { nudger, pass } = aNudger();
    nudger.look([waitFor(100, "worker-1")]);
    expect(await pass(2)).toHaveLength(1);
    nudger.look([]);
    expect(await pass(600)).toEqual([]);
  });

  it("touches another node when the one that began to suit no longer does", async () => {
    const { nudger, pass } = aNudger();
    nudger.look([waitFor(100)]);
    nudger.look([waitFor(100, "worker-1")]);
    nudger.look([waitFor(100, "worker-2")]);
    expect((await pass(2))[0]).toMatch(/^worker-2 /);
  });

  it("touches one node for all who wait, since that wakes all of them", async () => {
    const { nudger, pass } = aNudger();
    nudger.look([waitFor(100, "worker-1"), waitFor(7, "worker-2"), waitFor(8, "worker-3")]);
    expect(await pass(2)).toHaveLength(1);
  });

  it("is not put off for ever by a node that flaps", async () => {
    const { nudger, pass } = aNudger();
    const touched: string[] = [];
    for (let i = 0; i < 10; i++) {
      nudger.look([waitFor(100)]);
      nudger.look([waitFor(100, "worker-1")]);
      touched.push(...(await pass(0.5)));
    }
    expect(touched.length).toBeGreaterThanOrEqual(2);
  });

  it("tries again after a write that failed", async () => {
    const { nudger, pass, fail } = aNudger();
    fail();
    nudger.look([waitFor(100, "worker-1")]);
    expect(await pass(6)).toHaveLength(2);
  });

  it("does nothing where it does not lead, or was stopped", async () => {
    const { nudger, pass, lead } = aNudger();
    lead(false);
    nudger.look([waitFor(100, "worker-1")]);
    expect(await pass(60)).toEqual([]);
    lead(true);
    nudger.look([waitFor(100, "worker-2")]);
    nudger.stop();
    expect(await pass(60)).toEqual([]);
  });
});
