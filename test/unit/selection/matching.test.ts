import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bindNodes } from "../../../src/selection/bind.ts";
import {
  type Confidence,
  type NodeBinding,
  type NodeIdentity,
  reasons,
  type VirtualMachine,
} from "../../../src/selection/model.ts";
import type { ManagedObject, PropertyBag } from "../../../src/vsphere/decode.ts";
import { mapIdentity } from "../../../src/vsphere/mapping.ts";
import { aHost, aMachine, aNode, anInventory } from "../../support/builders.ts";
import { aBag, reference, text, typed } from "../vsphere/values.ts";
import { type Trap, traps, turned, uuidOf, type WireMachine } from "./matching-traps.ts";

const vcenters = ["east", "west"] as const;

/** Maps machines as their vCenter tells them; the n-th of each has the object id `vm-n`. */
function reader() {
  const counts = { east: 0, west: 0 };
  return ({
    vcenter = "east",
    name = `machine ${counts[vcenter]} of ${vcenter}`,
    uuid = uuidOf(`${vcenter} ${counts[vcenter]}`),
    instanceUuid = uuidOf(`instance ${vcenter} ${counts[vcenter]}`),
    guest = "",
    power = "poweredOn",
    folder = "/DC0/vm",
    refused = [],
  }: WireMachine): VirtualMachine => {
    counts[vcenter] += 1;
    const values = {
      name: text(name),
      "config.uuid": text(uuid),
      "config.instanceUuid": text(instanceUuid),
      "guest.hostName": text(guest),
      "runtime.powerState": typed("VirtualMachinePowerState", power),
      "runtime.host": reference("HostSystem", "host-1"),
    };
    const object = { type: "VirtualMachine", id: `vm-${counts[vcenter]}` };
    return mapIdentity(vcenter, aBagWithout(refused, object, values), folder);
  };
}

function aBagWithout(
  refused: readonly string[],
  object: ManagedObject,
  values: Readonly<Record<string, unknown>>,
): PropertyBag {
  const shown = Object.entries(values).filter(([path]) => !refused.includes(path));
  const faults = refused.map((path) => [path, "NoPermission"]);
  return aBag(object, Object.fromEntries(shown), Object.fromEntries(faults));
}

interface World {
  readonly machines: readonly VirtualMachine[];
  readonly nodes: readonly NodeIdentity[];
  /** Of each node. */
  readonly expected: readonly string[];
  /** The sentence that each node's trap has. */
  readonly whys: readonly string[];
}

const size = 1_000;

/** All traps, and as many plain machines as make it a thousand, three of seven of them nodes. */
function theWorld(): World {
  const read = reader();
  const parts = traps.map((trap) => trapped(trap, read));
  const count = parts.flatMap(({ machines }) => machines).length;
  const plain = Array.from({ length: size - count }, (_, i) => ordinary(i, read));
  const all = [...parts, ...plain];
  return {
    machines: all.flatMap(({ machines }) => machines),
    nodes: all.flatMap(({ nodes }) => nodes),
    expected: all.flatMap(({ expected }) => expected),
    whys: all.flatMap(({ whys }) => whys),
  };
}

function trapped(trap: Trap, read: (wire: WireMachine) => VirtualMachine): World {
  const ids = new Map<string, string>();
  const machines = Object.entries(trap.machines).map(([letter, wire]) => {
    const machine = read(wire);
    ids.set(letter, machine.id);
    return machine;
  });
  const expected = trap.expected.map((answer) =>
    answer.replace(/^([a-z])(?= by )/, (letter) => ids.get(letter) ?? "no such machine"),
  );
  const nodes = trap.nodes.map((node) => aNode(node));
  return { machines, nodes, expected, whys: nodes.map(() => trap.why) };
}

const plainKeys: readonly ((uuid: string) => Partial<NodeIdentity>)[] = [
  (uuid) => ({ providerId: `vsphere://${uuid}` }),
  (uuid) => ({ systemUuid: uuid }),
  (uuid) => ({ systemUuid: turned(uuid) }),
  (uuid) => ({ csiNodeId: uuid }),
  () => ({}),
];

function ordinary(i: number, read: (wire: WireMachine) => VirtualMachine): World {
  const name = `plain-${i}`;
  const uuid = uuidOf(name);
  const machine = read({ vcenter: vcenters[i % 2] ?? "east", name, uuid });
  const keys = i % 7 > 2 ? undefined : plainKeys[i % plainKeys.length]?.(uuid);
  if (keys === undefined) return { machines: [machine], nodes: [], expected: [], whys: [] };
  const confidence = Object.keys(keys).length === 0 ? "name" : "id";
  return {
    machines: [machine],
    nodes: [aNode({ name, ...keys })],
    expected: [`${machine.id} by ${confidence}`],
    whys: ["It is plain."],
  };
}

function answerOf(binding: NodeBinding | undefined): string {
  if (binding?.kind !== "bound") return binding?.reason ?? "none";
  const { virtualMachine, confidence } = binding.candidate;
  return `${virtualMachine.id} by ${confidence}`;
}

const hosts = vcenters.map((vcenter) => aHost({ id: `${vcenter}/host-1`, vcenter }));

describe(`${size} virtual machines, with ${traps.length} traps among them`, () => {
  const { machines, nodes, expected, whys } = theWorld();
  const bindings = bindNodes(nodes, anInventory(hosts, machines));

  it("are that many, and no trap is there twice", () => {
    expect(machines).toHaveLength(size);
    expect(traps.length).toBeGreaterThanOrEqual(50);
    expect(new Set(traps.map(({ why }) => why)).size).toBe(traps.length);
    expect(new Set(nodes.map(({ name }) => name)).size).toBe(nodes.length);
  });

  it.each(traps.map(({ why }) => why))("%s", (why) => {
    const answers = bindings.filter((_, i) => whys[i] === why).map(answerOf);
    expect(answers).toEqual(expected.filter((_, i) => whys[i] === why));
  });

  it("give every plain node its machine", () => {
    const plain = bindings.filter((_, i) => whys[i] === "It is plain.");
    expect(plain.length).toBeGreaterThan(300);
    expect(plain.map(answerOf)).toEqual(expected.slice(-plain.length));
  });

  it("give every other node a Reason, and a message that says what to do", () => {
    const unbound = bindings.filter((binding) => binding.kind === "unbound");
    expect(unbound.length).toBeGreaterThan(30);
    for (const { reason, message } of unbound) {
      expect(reasons).toContain(reason);
      expect(message).toMatch(/annotation|^no virtual machine has/);
    }
  });

  it("put every machine on a host of its own vCenter", () => {
    for (const { candidate } of bindings.filter((binding) => binding.kind === "bound")) {
      expect(candidate.virtualMachine.id).toMatch(new RegExp(`^${candidate.host.vcenter}/`));
    }
  });

  it("are matched the same in whatever order they come", () => {
    const backwards = bindNodes(nodes.toReversed(), anInventory(hosts, machines.toReversed()));
    expect(backwards.toReversed().map(answerOf)).toEqual(expected);
  });
});

const uuids = [1, 2, 3].flatMap((n) => [uuidOf(`fuzz ${n}`), turned(uuidOf(`fuzz ${n}`))]);
const names = ["w", "w.example.com", "w.example.org", "v", "v.example.com", "10", "10.0.0.7"];
const paths = ["/DC0/vm/w", "/DC0/vm/a%2fb", "/DC0/vm/100%25"];
const odd = fc.oneof(
  fc.constantFrom("", " ", "vsphere://", "/", "%", "%2F", "__proto__", "constructor", "\0"),
  fc.string({ unit: "binary" }),
);
const among = (...known: readonly string[]) =>
  fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: odd });

const machine: fc.Arbitrary<Partial<VirtualMachine>> = fc.record({
  name: among(...names),
  biosUuid: among("", ...uuids),
  instanceUuid: among("", ...uuids),
  guestHostName: among("", ...names),
  inventoryPath: among("", ...paths),
  power: fc.constantFrom("poweredOn", "poweredOn", "poweredOff", "suspended"),
});
const node: fc.Arbitrary<Partial<NodeIdentity>> = fc.record({
  name: among(...names),
  providerId: among("", "", ...uuids.map((uuid) => `vsphere://${uuid}`)),
  systemUuid: among("", "", ...uuids, ...uuids.map((uuid) => uuid.toUpperCase())),
  csiNodeId: among("", "", ...uuids),
  vmOverride: among("", "", "", "", ...uuids, ...paths, "/DC0/vm/a%2Fb", "/DC0/vm/100%"),
});

const lower = (...list: readonly string[]) => list.map((item) => item.trim().toLowerCase());
/** `%25` stays, so that no two escaped paths look alike. */
const asPath = (said: string) =>
  said
    .replaceAll(/%(?!2f|25|5c)/gi, "%25")
    .replaceAll("\\", "%5c")
    .replaceAll("%2F", "%2f");

/** Whether the node says of itself, by the key of that confidence, that it is this machine. */
const isNamed: Readonly<Record<Confidence, (by: NodeIdentity, vm: VirtualMachine) => boolean>> = {
  override: ({ vmOverride }, { biosUuid, instanceUuid, inventoryPath }) =>
    lower(biosUuid, instanceUuid).includes(vmOverride.trim().toLowerCase()) ||
    asPath(vmOverride) === asPath(inventoryPath),
  id: ({ providerId, systemUuid, csiNodeId }, { biosUuid }) =>
    lower(
      providerId.slice("vsphere://".length),
      systemUuid,
      turned(systemUuid),
      csiNodeId,
    ).includes(biosUuid),
  name: ({ name }, vm) =>
    lower(vm.name, vm.guestHostName).some((other) => {
      const own = name.toLowerCase();
      return other === own || other.startsWith(`${own}.`) || own.startsWith(`${other}.`);
    }),
};

/** What is wrong with a binding, whatever the others are. */
function faultOf(binding: NodeBinding): string | undefined {
  if (binding.kind === "unbound") {
    const isExplained = reasons.includes(binding.reason) && binding.message !== "";
    return isExplained ? undefined : "a node without a machine and without a Reason";
  }
  const { node: by, virtualMachine, confidence } = binding.candidate;
  return isNamed[confidence](by, virtualMachine) ? undefined : `not named by its ${confidence}`;
}

describe("whatever nodes and machines say of themselves", () => {
  it("nothing crashes, no machine is a node's that none of its keys names, and none is two nodes'", () => {
    let bound = 0;
    const few = { maxLength: 6 };
    fc.assert(
      fc.property(fc.array(node, few), fc.array(machine, few), (someNodes, someMachines) => {
        const nodes = someNodes.map((overrides) => aNode(overrides));
        const machines = someMachines.map((overrides, i) =>
          aMachine({ ...overrides, id: `vc/vm-${i}` }),
        );
        const bindings = bindNodes(nodes, anInventory([aHost()], machines));
        expect(bindings.map(faultOf)).toEqual(nodes.map(() => undefined));
        const owned = bindings.flatMap((binding) =>
          binding.kind === "bound" ? [binding.candidate.virtualMachine.id] : [],
        );
        expect(new Set(owned).size).toBe(owned.length);
        bound += owned.length;
      }),
      { numRuns: 2_000 },
    );
    expect(bound).toBeGreaterThan(500);
  });
});

const hidings: Readonly<Record<string, Partial<VirtualMachine>>> = {
  "runtime.powerState": { power: "poweredOff" },
  "config.uuid": { biosUuid: "" },
  "guest.hostName": { guestHostName: "" },
  name: { name: "" },
};
const copyNames = ["w", "w.example.com", "v"];
const copyUuid = fc.constantFrom(uuidOf("x"), turned(uuidOf("x")), uuidOf("y"));
const copy: fc.Arbitrary<Partial<VirtualMachine>> = fc.record({
  name: fc.constantFrom("", "vm 17", ...copyNames),
  guestHostName: fc.constantFrom("", "other", ...copyNames),
  biosUuid: copyUuid,
  power: fc.constantFrom("poweredOn", "poweredOn", "poweredOff", "suspended"),
});
const hidden = fc.constantFrom("", "", "", ...Object.keys(hidings));

/** What the machine looks like without the property. A uuid is hidden only where a name still leads to the machine, and it runs. */
function hide(vm: VirtualMachine, path: string): VirtualMachine {
  const isFoundByName = vm.guestHostName.startsWith("w") && vm.power === "poweredOn";
  if (path === "" || (path === "config.uuid" && !isFoundByName)) return vm;
  return { ...vm, ...hidings[path], unreadable: [path] };
}

/** Of the machines that can be read, as only those are placed on: which is whose. */
function readableMatches(nodes: readonly NodeIdentity[], machines: readonly VirtualMachine[]) {
  return bindNodes(nodes, anInventory([aHost()], machines)).flatMap((binding) => {
    if (binding.kind === "unbound" || binding.candidate.virtualMachine.unreadable.length > 0)
      return [];
    return [`${binding.candidate.node.name} is ${answerOf(binding)}`];
  });
}

describe("what vCenter does not show of copies", () => {
  it("gives no node a machine that it would not have otherwise", () => {
    let same = 0;
    let fewer = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(copy, hidden), { minLength: 1, maxLength: 5 }),
        fc.array(copyUuid, { minLength: 1, maxLength: 2 }),
        (copies, nodeUuids) => {
          const nodes = nodeUuids.map((systemUuid, i) =>
            aNode({ name: ["w", "w.example.com"][i] ?? "", systemUuid }),
          );
          const shown = copies.map(([overrides], i) =>
            aMachine({ ...overrides, id: `vc/vm-${i}` }),
          );
          const known = readableMatches(nodes, shown);
          const found = readableMatches(
            nodes,
            shown.map((vm, i) => hide(vm, copies[i]?.[1] ?? "")),
          );
          expect(known).toEqual(expect.arrayContaining(found));
          if (found.length < known.length) fewer += 1;
          else same += found.length;
        },
      ),
      { numRuns: 5_000 },
    );
    expect(fewer).toBeGreaterThan(100);
    expect(same).toBeGreaterThan(500);
  });
});
