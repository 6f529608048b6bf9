import { describe, expect, it } from "vitest";
import { labelKeys } from "../../../src/api/names.ts";
import type { MarksPatch, NodeMarks, Texts } from "../../../src/api/node-marks.ts";
import { NodeLabeller } from "../../../src/reconciler/node-labeller.ts";
import { bindNodes } from "../../../src/selection/bind.ts";
import type { Host } from "../../../src/selection/model.ts";
import type { Bindings } from "../../../src/selection/select.ts";
import { aGpu, aHost, aMachine, aNode, anInventory, aPolicy, now } from "../../support/builders.ts";

const hardMaxAgeMs = 900_000;
const bare: NodeMarks = { labels: {}, annotations: {} };

/** A labeller whose nodes live in memory; what it enqueues is worked on at once, unless `isBusy`. */
function aLabeller(nodes: readonly string[] = ["worker-1"]) {
  const marks = new Map(nodes.map((name) => [name, bare]));
  const queued: string[] = [];
  const patches: { node: string; patch: MarksPatch }[] = [];
  let known: Bindings | undefined;
  let time = now;
  let failing: Error | undefined;
  let joins = 0;
  const labeller = new NodeLabeller({
    bindings: () => {
      joins += 1;
      return known;
    },
    getMarks: (node) => marks.get(node),
    listNodes: () => [...marks.keys()],
    enqueue: (node, { urgent }) => void queued.push(urgent ? `${node}!` : node),
    write: async (node, patch) => {
      if (failing !== undefined) throw failing;
      patches.push({ node, patch });
    },
    now: () => time,
    hardMaxAgeMs,
    policy: aPolicy,
  });
  return {
    labeller,
    joined: () => joins,
    marks,
    queued,
    patches,
    /** The informer hears of what was written. */
    echo: () => {
      for (const { node, patch } of patches.splice(0)) {
        marks.set(node, apply(marks.get(node) ?? bare, patch));
      }
    },
    setHost: (host: Partial<Host>, takenAt = now, demandMhz: Record<string, number> = {}) => {
      const machines = nodes.map((name, i) =>
        aMachine({ id: `vc/vm-${i}`, name, gpus: [aGpu], cpuDemandMhz: demandMhz[name] ?? 100 }),
      );
      const inventory = anInventory([aHost(host)], machines, takenAt);
      known = {
        bindings: bindNodes(
          nodes.map((name) => aNode({ name })),
          withUuids(inventory),
        ),
        vcenters: inventory.vcenters,
      };
    },
    unbind: (reason: "NoVirtualMachine" | "Ambiguous") => {
      const node = "worker-1";
      known = { bindings: [{ kind: "unbound", node, reason, message: "" }], vcenters: new Map() };
    },
    passTime: (ms: number) => {
      time = new Date(time.getTime() + ms);
    },
    fail: (error: Error | undefined) => {
      failing = error;
    },
    label: (key: keyof typeof labelKeys) => marks.get("worker-1")?.labels[labelKeys[key]],
    work: async () => {
      await labeller.sweep();
      const work = queued.splice(0);
      for (const entry of work) await labeller.reconcile(entry.replace("!", ""));
      return work;
    },
  };
}

/** Machines are found by name here. */
function withUuids<T extends { virtualMachines: readonly object[] }>(inventory: T): T {
  const virtualMachines = inventory.virtualMachines.map((vm) => ({ ...vm, biosUuid: "" }));
  return { ...inventory, virtualMachines };
}

function apply(marks: NodeMarks, { labels = {}, annotations = {} }: MarksPatch): NodeMarks {
  return {
    labels: merge(marks.labels, labels),
    annotations: merge(marks.annotations, annotations),
  };
}

function merge(before: Texts, change: Readonly<Record<string, string | null>>): Texts {
  const after: Record<string, string> = {};
  for (const [key, value] of Object.entries({ ...before, ...change })) {
    if (value !== null) after[key] = value;
  }
  return after;
}

describe("the node labeller", () => {
  it("labels every node once, and writes nothing more while nothing changes", async () => {
    const { setHost, work, echo, marks } = aLabeller(["worker-1", "worker-2"]);
    setHost({});
    expect(await work()).toEqual(["worker-1!", "worker-2!"]);
    echo();
    expect(marks.get("worker-2")?.labels).toEqual({
      [labelKeys.gpu]: "true",
      [labelKeys.gpuCount]: "1",
      [labelKeys.esxiHost]: "esxi-a.example.com",
      [labelKeys.availableUntil]: "9999999",
    });
    expect(await work()).toEqual([]);
  });

  it("does not write again what the informer has not shown yet", async () => {
    const { setHost, work, patches } = aLabeller();
    setHost({});
    await work();
    await work();
    expect(patches).toHaveLength(1);
  });

  it("puts nodes that open or close before the others", async () => {
    const { setHost, work, echo } = aLabeller();
    setHost({});
    await work();
    echo();
    setHost({ maintenance: "in" });
    expect(await work()).toEqual(["worker-1!"]);
    echo();
    setHost({ maintenance: "in", name: "esxi-b.example.com" });
    expect(await work()).toEqual(["worker-1"]);
  });

  it("opens the least busy node first: it wakes the pods that wait, and gets them", async () => {
    const { setHost, work } = aLabeller(["busy", "idle", "usual"]);
    setHost({}, now, { busy: 900, idle: 10, usual: 200 });
    expect(await work()).toEqual(["idle!", "usual!", "busy!"]);
  });

  it("heals a label that somebody has overwritten, even back to what it was before", async () => {
    const { setHost, work, echo, marks, labeller, queued } = aLabeller();
    setHost({});
    await work();
    echo();
    marks.set("worker-1", { ...bare });
    labeller.check("worker-1");
    expect(queued).toEqual(["worker-1!"]);
  });

  it("heals a label that was removed before we heard of our own write", async () => {
    const { setHost, work, marks, patches } = aLabeller();
    setHost({});
    await work();
    marks.set("worker-1", { ...bare });
    await work();
    expect(patches).toHaveLength(2);
  });

  it.each(["NoVirtualMachine", "Ambiguous"] as const)(
    "takes its labels away from a node that becomes %s",
    async (reason) => {
      const { setHost, unbind, work, echo, marks } = aLabeller();
      setHost({ name: "rack 7" });
      await work();
      echo();
      unbind(reason);
      expect(await work()).toEqual(["worker-1!"]);
      echo();
      expect(marks.get("worker-1")).toEqual(bare);
    },
  );

  it("leaves nodes as they are before vCenter was read", async () => {
    const { work, marks } = aLabeller();
    marks.set("worker-1", { labels: { [labelKeys.availableUntil]: "500" }, annotations: {} });
    expect(await work()).toEqual([]);
  });

  it("closes labelled nodes, and no others, when vCenter stays unread for too long", async () => {
    const { work, echo, marks, passTime } = aLabeller(["worker-1", "worker-2"]);
    marks.set("worker-1", {
      labels: { [labelKeys.gpu]: "true", [labelKeys.availableUntil]: "500" },
      annotations: {},
    });
    passTime(hardMaxAgeMs + 1);
    expect(await work()).toEqual(["worker-1!"]);
    echo();
    expect(marks.get("worker-1")?.labels).toEqual({
      [labelKeys.gpu]: "true",
      [labelKeys.availableUntil]: "0",
    });
    expect(await work()).toEqual([]);
  });

  it("closes nodes when the inventory grows too old, and opens them when vCenter is back", async () => {
    const { setHost, work, echo, label, passTime } = aLabeller();
    setHost({});
    await work();
    echo();
    passTime(hardMaxAgeMs);
    expect(await work()).toEqual([]);
    passTime(1);
    await work();
    echo();
    expect(label("availableUntil")).toBe("0");
    setHost({}, new Date(now.getTime() + hardMaxAgeMs));
    await work();
    echo();
    expect(label("availableUntil")).toBe("9999999");
  });

  it("lets a refused write reach the queue, and writes again when that asks for it", async () => {
    const { setHost, labeller, fail, patches } = aLabeller();
    setHost({});
    await labeller.sweep();
    fail(new Error("no answer"));
    await expect(labeller.reconcile("worker-1")).rejects.toThrow("no answer");
    fail(undefined);
    await labeller.reconcile("worker-1");
    expect(patches).toHaveLength(1);
  });

  it("has nothing to do for a node that is gone or not bound yet", async () => {
    const { setHost, labeller, marks, patches } = aLabeller();
    setHost({});
    await labeller.sweep();
    marks.set("new", bare);
    marks.delete("worker-1");
    await labeller.reconcile("worker-1");
    await labeller.reconcile("new");
    expect(patches).toEqual([]);
  });

  it("does nothing by what it knew when it last led", async () => {
    const { setHost, work, echo, labeller, queued, passTime, marks } = aLabeller();
    setHost({});
    await work();
    echo();
    passTime(60_001);
    marks.set("worker-1", { ...bare });
    labeller.check("worker-1");
    expect(queued).toEqual([]);
    expect(await work()).toEqual(["worker-1!"]);
  });

  it("joins nodes and machines once for all nodes, however many change", async () => {
    const { setHost, labeller, joined } = aLabeller(["worker-1", "worker-2", "worker-3"]);
    setHost({});
    await labeller.sweep();
    for (const node of ["worker-1", "worker-2", "worker-3"]) {
      labeller.check(node);
      await labeller.reconcile(node);
    }
    expect(joined()).toBe(1);
  });

  it("lets other work happen while it looks at 5,000 nodes", async () => {
    const { setHost, labeller, queued } = aLabeller(
      Array.from({ length: 5_000 }, (_, i) => `worker-${i}`),
    );
    setHost({});
    let turns = 0;
    const count = () => {
      turns += 1;
      if (queued.length < 5_000) setImmediate(count);
    };
    setImmediate(count);
    await labeller.sweep();
    expect(queued).toHaveLength(5_000);
    expect(turns).toBeGreaterThanOrEqual(19);
  });

  it("looks once more when it is asked to while it looks", async () => {
    const names = Array.from({ length: 600 }, (_, i) => `worker-${i}`);
    const { setHost, labeller, queued } = aLabeller(names);
    setHost({});
    const sweeping = labeller.sweep();
    await labeller.sweep();
    await sweeping;
    expect(queued).toHaveLength(1_200);
  });
});
