import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type {
  Host,
  Inventory,
  NodeIdentity,
  Question,
  Ranking,
  Requirement,
  VirtualMachine,
} from "../../../src/selection/model.ts";
import { createSelector, type Facts } from "../../../src/selection/select.ts";
import {
  aGpu,
  aHost,
  aHostUntil,
  aMachine,
  aNode,
  anInventory,
  now,
  selectionSettings,
} from "../../support/builders.ts";

interface World {
  readonly expectedMilliCpu?: ReadonlyMap<string, number>;
  readonly nodes: readonly NodeIdentity[];
  readonly inventory: Inventory;
}

const hosts = fc
  .array(
    fc.record({
      hours: fc.option(fc.integer({ min: -10, max: 500 }), { nil: undefined }),
      maintenance: fc.constantFrom("none", "none", "none", "in", "entering"),
      connection: fc.constantFrom("connected", "connected", "connected", "notResponding"),
      inQuarantine: fc.constantFrom(false, false, false, true),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((specs) =>
    specs.map(({ hours, ...rest }, i): Host => {
      const overrides = { id: `host-${i}`, name: `esxi-${i}`, ...rest } as const;
      return hours === undefined ? aHost(overrides) : aHostUntil(hours, overrides);
    }),
  );

const uuidOf = (n: number) => `00000000-0000-0000-0000-${n.toString().padStart(12, "0")}`;

const machines = fc
  .array(
    fc.record({
      // A narrow range, so that duplicates of uuid and name happen.
      uuid: fc.integer({ min: 0, max: 25 }).map(uuidOf),
      name: fc.integer({ min: 0, max: 25 }).map((n) => `node-${n}`),
      host: fc.integer({ min: 0, max: 7 }),
      cpuDemandMhz: fc.integer({ min: 0, max: 3 }),
      gpu: fc.boolean(),
      power: fc.constantFrom("poweredOn", "poweredOn", "poweredOff"),
    }),
    { maxLength: 30 },
  )
  .map((specs) =>
    specs.map(
      ({ uuid, name, host, cpuDemandMhz, gpu, power }, i): VirtualMachine =>
        aMachine({
          id: `vm-${i}`,
          name,
          biosUuid: uuid,
          hostId: `host-${host}`,
          cpuDemandMhz,
          power,
          gpus: gpu ? [aGpu] : [],
        }),
    ),
  );

const nodes = fc
  .uniqueArray(
    fc.record({
      name: fc.integer({ min: 0, max: 25 }).map((n) => `node-${n}`),
      systemUuid: fc.oneof(fc.constant(""), fc.integer({ min: 0, max: 25 }).map(uuidOf)),
      ready: fc.constantFrom(true, true, true, false),
    }),
    { selector: ({ name }) => name, maxLength: 26 },
  )
  .map((specs) => specs.map((spec) => aNode(spec)));

const worlds: fc.Arbitrary<World> = fc
  .tuple(hosts, machines, nodes)
  .map(([h, m, n]) => ({ nodes: n, inventory: anInventory(h, m) }));

const requirements: fc.Arbitrary<Requirement> = fc.record({
  gpu: fc.boolean(),
  hours: fc.integer({ min: 1, max: 600 }),
});

function ask(world: World, requirement: Requirement, question: Question = {}): Ranking {
  const facts = (): Facts => ({ ...world, now });
  const settings = selectionSettings;
  const selection = createSelector(facts, settings).selectNodes(requirement, question);
  if (selection.kind !== "ranked") throw new Error(selection.message);
  return selection.ranking;
}

const asMap = (milli: Record<string, number>) => new Map(Object.entries(milli));
const fittingNames = ({ fitting }: Ranking) => fitting.map(({ node }) => node.name);
const rejectedNames = ({ rejected }: Ranking) => rejected.map(({ node }) => node);

describe("selection", () => {
  it("puts every node into exactly one of the two lists", () => {
    fc.assert(
      fc.property(worlds, requirements, (world, requirement) => {
        const ranking = ask(world, requirement);
        const all = [...fittingNames(ranking), ...rejectedNames(ranking)];
        expect(all.toSorted()).toEqual(world.nodes.map(({ name }) => name).toSorted());
      }),
    );
  });

  it("answers the same whatever the order in which things were read", () => {
    fc.assert(
      fc.property(worlds, requirements, (world, requirement) => {
        const { hosts: byId, virtualMachines } = world.inventory;
        const reversed: World = {
          nodes: world.nodes.toReversed(),
          inventory: anInventory([...byId.values()].toReversed(), virtualMachines.toReversed()),
        };
        const [a, b] = [ask(world, requirement), ask(reversed, requirement)];
        expect(fittingNames(b)).toEqual(fittingNames(a));
        expect(b.rejected.map(({ node, reason }) => [node, reason])).toEqual(
          a.rejected.map(({ node, reason }) => [node, reason]),
        );
      }),
    );
  });

  it("never admits a node because more hours are asked for", () => {
    fc.assert(
      fc.property(worlds, requirements, fc.nat(200), (world, requirement, more) => {
        const longer = { ...requirement, hours: requirement.hours + more };
        const before = new Set(fittingNames(ask(world, requirement)));
        expect(fittingNames(ask(world, longer)).filter((name) => !before.has(name))).toEqual([]);
      }),
    );
  });

  it("never gives one virtual machine to two nodes", () => {
    fc.assert(
      fc.property(worlds, requirements, (world, requirement) => {
        const ids = ask(world, requirement).fitting.map(({ virtualMachine }) => virtualMachine.id);
        expect(new Set(ids).size).toBe(ids.length);
      }),
    );
  });

  it("leaves to kube-scheduler what it judges itself, and nothing else", () => {
    const kubernetes = new Set(["NodeNotReady", "NodeUnschedulable", "NodeTainted"]);
    fc.assert(
      fc.property(worlds, requirements, (world, requirement) => {
        const ready = { ...world, nodes: world.nodes.map((node) => ({ ...node, ready: true })) };
        const forPod = ask(world, requirement, { audience: "pod" });
        const expected = ask(ready, requirement);
        expect(fittingNames(forPod)).toEqual(fittingNames(expected));
        expect(forPod.rejected).toEqual(expected.rejected);
        expect(forPod.rejected.filter(({ reason }) => kubernetes.has(reason))).toEqual([]);
      }),
    );
  });

  it("orders by demand and expected CPU together, the asker's own aside, and rejects the same nodes", () => {
    const node = fc.integer({ min: 0, max: 25 }).map((n) => `node-${n}`);
    const milliCpu = fc.integer({ min: 0, max: 4 });
    const own = fc.option(fc.record({ node, milliCpu }), { nil: undefined });
    const loads = fc.dictionary(node, milliCpu);
    fc.assert(
      fc.property(worlds, requirements, loads, own, (world, requirement, load, asker) => {
        const plain = ask(world, requirement);
        const question = asker === undefined ? {} : { own: asker };
        const loaded = ask({ ...world, expectedMilliCpu: asMap(load) }, requirement, question);
        const milli = (name: string) =>
          Math.max(0, (load[name] ?? 0) - (asker?.node === name ? asker.milliCpu : 0));
        const mhz = ({ node: { name }, virtualMachine, host }: Ranking["fitting"][number]) =>
          virtualMachine.cpuDemandMhz + (milli(name) * host.cpuMhz) / 1_000;
        expect(loaded.fitting.map(mhz)).toEqual(loaded.fitting.map(mhz).toSorted((x, y) => x - y));
        expect(fittingNames(loaded).toSorted()).toEqual(fittingNames(plain).toSorted());
        expect(loaded.rejected).toEqual(plain.rejected);
      }),
    );
  });

  it("gives after many changes of the expected CPU the order that it gives at once", () => {
    const node = fc.integer({ min: 0, max: 25 }).map((n) => `node-${n}`);
    const loads = fc.array(fc.dictionary(node, fc.integer({ min: 0, max: 4 })), { maxLength: 6 });
    fc.assert(
      fc.property(worlds, requirements, loads, (world, requirement, changes) => {
        let expectedMilliCpu: ReadonlyMap<string, number> = new Map();
        const settings = selectionSettings;
        const { selectNodes } = createSelector(
          () => ({ ...world, expectedMilliCpu, now }),
          settings,
        );
        for (const change of changes) {
          expectedMilliCpu = asMap(change);
          const selection = selectNodes(requirement);
          const anew = ask({ ...world, expectedMilliCpu }, requirement);
          expect(selection).toEqual({ kind: "ranked", ranking: anew });
        }
      }),
    );
  });

  it("puts first a fitting node with the least CPU demand", () => {
    fc.assert(
      fc.property(worlds, requirements, (world, requirement) => {
        const demands = ask(world, requirement).fitting.map((f) => f.virtualMachine.cpuDemandMhz);
        expect(demands).toEqual(demands.toSorted((a, b) => a - b));
      }),
    );
  });
});
