import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bindNodes, nothingDeclared } from "../../../src/selection/bind.ts";
import type {
  DeclaredMaintenance,
  Host,
  Inventory,
  MaintenanceHorizon,
  NodeIdentity,
  VirtualMachine,
} from "../../../src/selection/model.ts";
import { type Bound, rebind } from "../../../src/selection/rebind.ts";
import { aHost, aMachine, aNode, anInventory, aWindow } from "../../support/builders.ts";

const uuidOf = (n: number) => `00000000-0000-0000-0000-${String(n).padStart(12, "0")}`;
const instanceUuidOf = (n: number) => uuidOf(n + 100);
const pathOf = (n: number) => `/DC0/vm/node-${n}`;
const horizonAt = (startsAt: number): MaintenanceHorizon => ({
  kind: "known",
  windows: [aWindow({ startsAt, endsAt: startsAt + 1 })],
});

function world(count: number) {
  const hosts = [0, 1, 2].map((i) => aHost({ id: `h${i}`, name: `esxi-${i}`, cluster: `c${i}` }));
  const machines = Array.from({ length: count }, (_, i) =>
    aMachine({
      id: `vm-${i}`,
      name: `node-${i}`,
      biosUuid: uuidOf(i),
      instanceUuid: instanceUuidOf(i),
      inventoryPath: pathOf(i),
      hostId: `h${i % 3}`,
    }),
  );
  const nodes = machines.map(({ name }, i) => aNode({ name, systemUuid: uuidOf(i) }));
  return { hosts, machines, nodes };
}

function bound(
  nodes: readonly NodeIdentity[],
  inventory: Inventory,
  declared: DeclaredMaintenance = nothingDeclared,
): Bound {
  return { nodes, inventory, declared, bindings: bindNodes(nodes, inventory, declared) };
}

const index = fc.nat(5);
const uuid = fc.nat(6).map(uuidOf);
const name = fc.nat(7).map((n) => `node-${n}`);
/** What need not bind anew: else nearly everything would. */
function often<T>(model: { [Key in keyof T]: fc.Arbitrary<T[Key]> }) {
  return { weight: 8, arbitrary: fc.record(model) };
}
const machineChange: fc.Arbitrary<Partial<VirtualMachine>> = fc.oneof(
  often({ cpuDemandMhz: fc.nat(9) }),
  often({ hostId: fc.constantFrom("h0", "h1", "h2") }),
  fc.record({ power: fc.constantFrom("poweredOn", "poweredOff", "suspended") }),
  fc.record({ hostId: fc.constantFrom("h0", "gone") }),
  fc.record({ biosUuid: fc.oneof(fc.constant(""), uuid) }),
  fc.record({
    unreadable: fc.subarray([
      "runtime.powerState",
      "name",
      "guest.hostName",
      "config.hardware.device",
    ]),
  }),
  fc.record({ instanceUuid: fc.nat(6).map(instanceUuidOf) }),
  fc.record({ inventoryPath: fc.nat(6).map(pathOf) }),
  fc.record({ name }),
  fc.record({
    guestHostName: fc.oneof(
      name,
      name.map((text) => `${text}.example.com`),
    ),
  }),
);
const nodeChange: fc.Arbitrary<Partial<NodeIdentity>> = fc.oneof(
  often({ ready: fc.boolean() }),
  fc.record({ systemUuid: fc.oneof(fc.constant(""), uuid) }),
  fc.record({ providerId: uuid.map((text) => `vsphere://${text}`) }),
  fc.record({ csiNodeId: uuid }),
  fc.record({
    vmOverride: fc.oneof(uuid, fc.nat(6).map(instanceUuidOf), fc.nat(6).map(pathOf)),
  }),
  fc.record({ name }),
);
const hostChange: fc.Arbitrary<Partial<Host>> = fc.oneof(
  often({ maintenance: fc.constantFrom("none", "in", "entering") }),
  often({ horizon: fc.nat(9).map(horizonAt) }),
  fc.record({ name: fc.constantFrom("esxi-0", "ESXI-1") }),
  fc.record({ cluster: fc.constantFrom("c0", "C1") }),
  fc.record({ id: fc.constantFrom("h0", "h1", "h9") }),
);
const horizons = (key: fc.Arbitrary<string>) =>
  fc
    .array(fc.tuple(key, fc.nat(9).map(horizonAt)), { maxLength: 2 })
    .map((entries) => new Map(entries));
const declarations: fc.Arbitrary<DeclaredMaintenance> = fc.record({
  byHost: horizons(fc.constantFrom("esxi-0", "esxi-1")),
  byCluster: horizons(fc.constantFrom("c0", "c1")),
  byNode: horizons(name),
});
const unread = fc.subarray(["west", "north"]);

function changed<T>(list: readonly T[], changes: readonly (readonly [number, Partial<T>])[]): T[] {
  const copy = [...list];
  for (const [i, change] of changes) {
    const item = copy[i % copy.length];
    if (item !== undefined) copy[i % copy.length] = { ...item, ...change };
  }
  return copy;
}

/** What a round of news changes of a world. */
const news = fc.record({
  machines: fc.array(fc.tuple(index, machineChange), { maxLength: 2 }),
  nodes: fc.array(fc.tuple(index, nodeChange), { maxLength: 2 }),
  hosts: fc.array(fc.tuple(index, hostChange), { maxLength: 2 }),
  lessOne: fc.nat(9).map((n) => n === 0),
  /** Undefined: as it was. */
  declared: fc.option(declarations, { nil: undefined }),
  unread: fc.option(unread, { nil: undefined, freq: 4 }),
});

describe("rebind", () => {
  it("gives what binding anew gives, or leaves it to that, however often", () => {
    let incremental = 0;
    fc.assert(
      fc.property(fc.array(news, { minLength: 1, maxLength: 4 }), (rounds) => {
        const start = world(6);
        let { hosts, machines, nodes } = start;
        let before = bound(nodes, anInventory(hosts, machines));
        for (const round of rounds) {
          hosts = changed(hosts, round.hosts);
          machines = changed(machines, round.machines);
          nodes = changed(nodes, round.nodes).slice(round.lessOne ? 1 : 0);
          const inventory = {
            ...anInventory(hosts, machines),
            unread: round.unread ?? before.inventory.unread,
          };
          const declared = round.declared ?? before.declared;
          const anew = bindNodes(nodes, inventory, declared);
          const bindings = rebind(before, nodes, inventory, declared);
          if (bindings !== undefined) incremental += 1;
          expect(bindings ?? anew).toEqual(anew);
          before = { nodes, inventory, declared, bindings: bindings ?? anew };
        }
      }),
      { numRuns: 2_000 },
    );
    expect(incremental).toBeGreaterThan(500);
  });

  it("keeps every binding that nothing happened to, and binds no node anew for a number that changed", () => {
    const { hosts, machines, nodes } = world(6);
    const before = bound(nodes, anInventory(hosts, machines));
    const next = anInventory(hosts, changed(machines, [[2, { cpuDemandMhz: 7 }]]));
    const bindings = rebind(before, changed(nodes, [[4, { ready: false }]]), next, nothingDeclared);
    expect(bindings?.map((binding, i) => binding === before.bindings[i])).toEqual([
      true,
      true,
      false,
      true,
      false,
      true,
    ]);
  });

  it("follows a machine that moved, and binds no other anew", () => {
    const { hosts, machines, nodes } = world(6);
    const before = bound(nodes, anInventory(hosts, machines));
    const next = anInventory(hosts, changed(machines, [[0, { hostId: "h2" }]]));
    const bindings = rebind(before, nodes, next, nothingDeclared);
    expect(bindings?.[0]).toMatchObject({ candidate: { host: { id: "h2" } } });
    expect(bindings?.slice(1)).toEqual(before.bindings.slice(1));
  });

  it.each<[string, Partial<VirtualMachine>]>([
    ["a machine moved to a host that is not shown", { hostId: "gone" }],
    ["a machine was switched off", { power: "poweredOff" }],
    ["a machine's name may not be read any more", { unreadable: ["name"] }],
    ["what a guest calls itself may not be read any more", { unreadable: ["guest.hostName"] }],
    ["a machine got another uuid", { biosUuid: uuidOf(5) }],
    ["a machine got another instance uuid", { instanceUuid: uuidOf(5) }],
    ["a machine was put into another folder", { inventoryPath: "/DC0/vm/ml/node-0" }],
  ])("leaves it to binding anew when %s", (_, change) => {
    const { hosts, machines, nodes } = world(6);
    const before = bound(nodes, anInventory(hosts, machines));
    const next = anInventory(hosts, changed(machines, [[0, change]]));
    expect(rebind(before, nodes, next, nothingDeclared)).toBe(undefined);
  });

  it("leaves it to binding anew when it may not be read any more whether a machine is off", () => {
    const { hosts, machines, nodes } = world(6);
    const off = changed(machines, [[0, { power: "poweredOff" }]]);
    const before = bound(nodes, anInventory(hosts, off));
    const next = anInventory(hosts, changed(off, [[0, { unreadable: ["runtime.powerState"] }]]));
    expect(rebind(before, nodes, next, nothingDeclared)).toBe(undefined);
  });

  it("binds nothing anew because devices were read", () => {
    const { hosts, machines, nodes } = world(6);
    const hidden = changed(machines, [[0, { unreadable: ["config.hardware.device"] }]]);
    const before = bound(nodes, anInventory(hosts, hidden));
    const bindings = rebind(before, nodes, anInventory(hosts, machines), nothingDeclared);
    expect(bindings?.[0]).toMatchObject({ candidate: { virtualMachine: { unreadable: [] } } });
  });

  it.each<[string, Partial<NodeIdentity>]>([
    ["a node got an annotation", { vmOverride: uuidOf(5) }],
    ["a node got a CSINode", { csiNodeId: uuidOf(5) }],
  ])("leaves it to binding anew when %s", (_, change) => {
    const { hosts, machines, nodes } = world(6);
    const before = bound(nodes, anInventory(hosts, machines));
    const next = changed(nodes, [[0, change]]);
    expect(rebind(before, next, before.inventory, nothingDeclared)).toBe(undefined);
  });
});
