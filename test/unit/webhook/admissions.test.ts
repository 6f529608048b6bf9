import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Pod } from "../../../src/api/pod.ts";
import type { SelectNodes } from "../../../src/selection/model.ts";
import { Admissions } from "../../../src/webhook/admissions.ts";
import { admit } from "../../../src/webhook/admit.ts";
import { admitOptions, aFitting, aRawPod, aRequest } from "../../support/admission.ts";
import { now } from "../../support/builders.ts";
import { applyPatch } from "../../support/json-patch.ts";

function aPod(milli = 500): Pod {
  const containers = [{ resources: { requests: { cpu: `${milli}m` } } }];
  return Pod.parse({ metadata: {}, spec: { containers } });
}

function after(seconds: number): Date {
  return new Date(now.getTime() + seconds * 1000);
}

const named = { namespace: "ml", name: "train-1", preferredNode: "worker-1" };
const generated = { namespace: "ml", generateName: "train-", preferredNode: "worker-1" };

function expected(admissions: Admissions, at = now): unknown {
  return Object.fromEntries(admissions.expectedMilliCpu(at));
}

describe("admissions", () => {
  it("add up by node", () => {
    const admissions = new Admissions();
    admissions.admitted(aPod(500), named, now);
    admissions.admitted(aPod(250), generated, now);
    admissions.admitted(aPod(100), { ...generated, preferredNode: "worker-2" }, now);
    expect(expected(admissions)).toEqual({ "worker-1": 750, "worker-2": 100 });
  });

  it("without a preferred node do not count", () => {
    const admissions = new Admissions();
    admissions.admitted(aPod(), { namespace: "ml", name: "train-1" }, now);
    expect(expected(admissions)).toEqual({});
  });

  it("count for a minute", () => {
    const admissions = new Admissions();
    admissions.admitted(aPod(), named, now);
    expect(expected(admissions, after(59.9))).toEqual({ "worker-1": 500 });
    expect(expected(admissions, after(60))).toEqual({});
  });

  it.each([
    ["of that name", named, named],
    [
      "of that endless name, of which no more is kept than is valid",
      { ...named, name: "x".repeat(9999) },
      { ...named, name: "x".repeat(253) },
    ],
    ["by the name that it was given later", generated, { ...generated, name: "train-x7k2p" }],
  ])("are forgotten once the pod %s is bound", (_what, admitted, bound) => {
    const admissions = new Admissions();
    admissions.admitted(aPod(), admitted, now);
    admissions.podSeen(bound);
    expect(expected(admissions)).toEqual({});
  });

  it.each([
    ["another name", { ...named, name: "train-2" }],
    ["another namespace", { ...named, namespace: "web" }],
    ["another preferred node", { ...named, preferredNode: "worker-2" }],
    ["no preferred node", { namespace: "ml", name: "train-1" }],
    ["no name", { namespace: "ml", preferredNode: "worker-1" }],
  ])("stay when a pod with %s is bound", (_what, bound) => {
    const admissions = new Admissions();
    admissions.admitted(aPod(), named, now);
    admissions.podSeen(bound);
    expect(expected(admissions)).toEqual({ "worker-1": 500 });
  });

  it("of the same name are forgotten one by one", () => {
    const admissions = new Admissions();
    admissions.admitted(aPod(100), generated, now);
    admissions.admitted(aPod(200), generated, now);
    admissions.podSeen({ ...generated, name: "train-a" });
    expect(expected(admissions)).toEqual({ "worker-1": 200 });
    admissions.podSeen({ ...generated, name: "train-b" });
    admissions.podSeen({ ...generated, name: "train-c" });
    expect(expected(admissions)).toEqual({});
  });

  it("give the same map as long as nothing changes, and never change one that they gave", () => {
    const admissions = new Admissions();
    admissions.admitted(aPod(), named, now);
    const first = admissions.expectedMilliCpu(now);
    expect(admissions.expectedMilliCpu(after(1))).toBe(first);
    admissions.admitted(aPod(), generated, now);
    expect(admissions.expectedMilliCpu(after(1))).not.toBe(first);
    expect([...first]).toEqual([["worker-1", 500]]);
  });

  it("are kept up to a number, the youngest", () => {
    const admissions = new Admissions({ most: 3 });
    for (let second = 0; second < 10; second += 1) {
      const preferredNode = `worker-${second}`;
      admissions.admitted(aPod(), { ...named, preferredNode }, after(second));
    }
    expect(expected(admissions, after(10))).toEqual({
      "worker-7": 500,
      "worker-8": 500,
      "worker-9": 500,
    });
  });

  it("are, after any sequence of events, the pods of the last minute that are not bound", () => {
    const node = fc.constantFrom("worker-1", "worker-2");
    const name = fc.constantFrom("a", "b");
    const admission = fc.record({ kind: fc.constant("admitted"), name, node, milli: fc.nat(2000) });
    const binding = fc.record({ kind: fc.constant("bound"), name, node, milli: fc.constant(0) });
    const events = fc.array(fc.tuple(fc.nat(40), fc.oneof(admission, binding)), { maxLength: 30 });
    fc.assert(
      fc.property(events, (sequence) => {
        const admissions = new Admissions();
        let model: { name: string; node: string; milli: number; at: number }[] = [];
        let time = 0;
        for (const [seconds, event] of sequence) {
          time += seconds;
          // Whoever counts asks often: what is too old is gone by then.
          admissions.expectedMilliCpu(after(time));
          model = model.filter(({ at }) => at > time - 60);
          const identity = { namespace: "ml", name: event.name, preferredNode: event.node };
          if (event.kind === "admitted") {
            admissions.admitted(aPod(event.milli), identity, after(time));
            model.push({ ...event, at: time });
          } else {
            admissions.podSeen(identity);
            const index = model.findIndex(
              (each) => each.name === event.name && each.node === event.node,
            );
            if (index >= 0) model.splice(index, 1);
          }
          const sums: Record<string, number> = {};
          for (const each of model) sums[each.node] = (sums[each.node] ?? 0) + each.milli;
          expect(expected(admissions, after(time))).toEqual(sums);
        }
      }),
    );
  });
});

describe("fifty pods at once", () => {
  const nodes = Array.from({ length: 10 }, (_, index) => `worker-${index}`);
  const spec = { containers: [{ resources: { requests: { cpu: "1" } } }] };

  async function admitFifty(dryRun: boolean): Promise<Admissions> {
    const admissions = new Admissions();
    /** Least expected CPU first, as selection ranks nodes that are equally idle. */
    const selectNodes: SelectNodes = (requirement) => {
      const milli = admissions.expectedMilliCpu(now);
      const fitting = nodes
        .toSorted((a, b) => (milli.get(a) ?? 0) - (milli.get(b) ?? 0) || (a < b ? -1 : 1))
        .map(aFitting);
      return { kind: "ranked", ranking: { requirement, takenAt: now, fitting, rejected: [] } };
    };
    const options = admitOptions({ selectNodes, admissions });
    for (let count = 0; count < 50; count += 1) {
      await admit(aRequest({ object: aRawPod({ spec }), dryRun }), options);
    }
    return admissions;
  }

  it("are spread evenly over nodes that are equally idle", async () => {
    const admissions = await admitFifty(false);
    expect(expected(admissions)).toEqual(Object.fromEntries(nodes.map((name) => [name, 5000])));
  });

  it("leave no trace when they are dry runs", async () => {
    expect(expected(await admitFifty(true))).toEqual({});
  });

  it("count once each, though they are shown again within the same admission", async () => {
    const options = admitOptions();
    const { answer } = await admit(aRequest(), options);
    const object = applyPatch(aRawPod(), answer.allowed ? answer.operations : []);
    await admit(aRequest({ uid: "another", object }), options);
    expect(expected(options.admissions)).toEqual({ "worker-7": 100 });
  });
});
