import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bindNodes } from "../../../src/selection/bind.ts";
import type { Host, NodeIdentity, VirtualMachine } from "../../../src/selection/model.ts";
import { rebind } from "../../../src/selection/rebind.ts";
import { aHost, aMachine, aNode, anInventory } from "../../support/builders.ts";

const uuidOf = (n: number) => `00000000-0000-0000-0000-${String(n).padStart(12, "0")}`;

function world(count: number) {
  const hosts = [0, 1, 2].map((i) => aHost({ id: `h${i}`, name: `esxi-${i}` }));
  const machines = Array.from({ length: count }, (_, i) =>
    aMachine({ id: `vm-${i}`, name: `node-${i}`, biosUuid: uuidOf(i), hostId: `h${i % 3}` }),
  );
  const nodes = machines.map(({ name }, i) => aNode({ name, systemUuid: uuidOf(i) }));
  return { hosts, machines, nodes };
}

const index = fc.nat(5);
const machineChange: fc.Arbitrary<Partial<VirtualMachine>> = fc.oneof(
  fc.record({ cpuDemandMhz: fc.nat(9) }),
  fc.record({ power: fc.constantFrom("poweredOn", "poweredOff", "suspended") }),
  fc.record({ hostId: fc.constantFrom("h0", "h1", "gone") }),
  fc.record({ biosUuid: fc.nat(6).map(uuidOf) }),
  fc.record({ name: fc.nat(6).map((n) => `node-${n}`) }),
  fc.record({ guestHostName: fc.nat(6).map((n) => `node-${n}`) }),
);
const nodeChange: fc.Arbitrary<Partial<NodeIdentity>> = fc.oneof(
  fc.record({ ready: fc.boolean() }),
  fc.record({ systemUuid: fc.nat(6).map(uuidOf) }),
  fc.record({ name: fc.nat(7).map((n) => `node-${n}`) }),
);
const hostChange: fc.Arbitrary<Partial<Host>> = fc.oneof(
  fc.record({ maintenance: fc.constantFrom("none", "in", "entering") }),
  fc.record({ id: fc.constantFrom("h0", "h1", "h9") }),
);

function changed<T>(list: readonly T[], changes: readonly [number, Partial<T>][]): T[] {
  const copy = [...list];
  for (const [i, change] of changes) {
    const item = copy[i % copy.length];
    if (item !== undefined) copy[i % copy.length] = { ...item, ...change };
  }
  return copy;
}

describe("rebind", () => {
  it("gives what binding anew gives, or leaves it to that", () => {
    const few = { maxLength: 3 };
    fc.assert(
      fc.property(
        fc.array(fc.tuple(index, machineChange), few),
        fc.array(fc.tuple(index, nodeChange), few),
        fc.array(fc.tuple(index, hostChange), few),
        fc.boolean(),
        (machineChanges, nodeChanges, hostChanges, lessOne) => {
          const { hosts, machines, nodes } = world(6);
          const inventory = anInventory(hosts, machines);
          const before = { nodes, inventory, bindings: bindNodes(nodes, inventory) };
          const nextNodes = changed(nodes, nodeChanges).slice(lessOne ? 1 : 0);
          const next = anInventory(changed(hosts, hostChanges), changed(machines, machineChanges));
          const anew = bindNodes(nextNodes, next);
          expect(rebind(before, nextNodes, next) ?? anew).toEqual(anew);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("keeps every binding that nothing happened to, and binds no node anew for a number that changed", () => {
    const { hosts, machines, nodes } = world(6);
    const inventory = anInventory(hosts, machines);
    const before = { nodes, inventory, bindings: bindNodes(nodes, inventory) };
    const next = anInventory(hosts, changed(machines, [[2, { cpuDemandMhz: 7 }]]));
    const bindings = rebind(before, changed(nodes, [[4, { ready: false }]]), next);
    expect(bindings?.map((binding, i) => binding === before.bindings[i])).toEqual([
      true,
      true,
      false,
      true,
      false,
      true,
    ]);
  });

  it.each([
    ["a machine moved", { hostId: "h2" }],
    ["a machine was switched off", { power: "poweredOff" as const }],
    ["a machine got another uuid", { biosUuid: uuidOf(5) }],
  ])("leaves it to binding anew when %s", (_, change) => {
    const { hosts, machines, nodes } = world(6);
    const inventory = anInventory(hosts, machines);
    const before = { nodes, inventory, bindings: bindNodes(nodes, inventory) };
    expect(rebind(before, nodes, anInventory(hosts, changed(machines, [[0, change]])))).toBe(
      undefined,
    );
  });
});
