import { describe, expect, it } from "vitest";
import { nodeOverride } from "../../../src/api/names.ts";
import { bindNodes, machinesOfInterest } from "../../../src/selection/bind.ts";
import { overrideAnnotation } from "../../../src/selection/match-messages.ts";
import type { NodeBinding, NodeIdentity, VirtualMachine } from "../../../src/selection/model.ts";
import { aHost, aMachine, aNode, anInventory } from "../../support/builders.ts";

const uuid = "422e4956-ad22-1139-6d72-59cc8f26bc90";
const swapped = "56492e42-22ad-3911-6d72-59cc8f26bc90";
const other = "11111111-2222-3333-4444-555555555555";

/** "bound VM-id confidence" or the Reason, for each node. */
function bindingsOf(nodes: NodeIdentity[], machines: VirtualMachine[]): string[] {
  return bindNodes(nodes, anInventory([aHost()], machines)).map(answerOf);
}

function answerOf(binding: NodeBinding | undefined): string {
  if (binding?.kind !== "bound") return binding?.reason ?? "none";
  return `${binding.candidate.virtualMachine.id} by ${binding.candidate.confidence}`;
}

describe("bindNodes", () => {
  it.each<[string, Partial<NodeIdentity>, string]>([
    ["providerID", { name: "n", providerId: `vsphere://${uuid}` }, "vc/vm-1 by id"],
    [
      "providerID in upper case",
      { name: "n", providerId: `vsphere://${uuid.toUpperCase()}` },
      "vc/vm-1 by id",
    ],
    ["systemUUID as it is", { name: "n", systemUuid: uuid }, "vc/vm-1 by id"],
    ["systemUUID in upper case", { name: "n", systemUuid: uuid.toUpperCase() }, "vc/vm-1 by id"],
    ["systemUUID in the other byte order", { name: "n", systemUuid: swapped }, "vc/vm-1 by id"],
    ["the machine's name", { name: "worker-1" }, "vc/vm-1 by name"],
    ["the machine's name in another case", { name: "WORKER-1" }, "vc/vm-1 by name"],
    ["the guest's host name", { name: "guest-1.example.com" }, "vc/vm-1 by name"],
    [
      "a stale providerID, then systemUUID",
      { name: "n", providerId: `vsphere://${other}`, systemUuid: uuid },
      "vc/vm-1 by id",
    ],
    [
      "another cloud's providerID, then the name",
      { name: "worker-1", providerId: "aws:///us-east-1/i-0" },
      "vc/vm-1 by name",
    ],
    ["a providerID that is no uuid", { name: "n", providerId: "vsphere://" }, "NoVirtualMachine"],
    ["nothing at all", { name: "n" }, "NoVirtualMachine"],
    ["an empty systemUUID and no name", { name: "", systemUuid: "" }, "NoVirtualMachine"],
  ])("finds the virtual machine by %s", (_, node, expected) => {
    const machine = aMachine({ biosUuid: uuid, guestHostName: "guest-1.example.com" });
    expect(bindingsOf([aNode(node)], [machine])).toEqual([expected]);
  });

  it("prefers providerID to systemUUID when they name different machines", () => {
    const machines = [aMachine({ biosUuid: uuid }), aMachine({ id: "vc/vm-2", biosUuid: other })];
    const node = aNode({ providerId: `vsphere://${other}`, systemUuid: uuid });
    expect(bindingsOf([node], machines)).toEqual(["vc/vm-2 by id"]);
  });

  it("calls two machines with the node's uuid Ambiguous, names both, and says what to do", () => {
    const machines = [
      aMachine({ inventoryPath: "/DC0/vm/worker-1" }),
      aMachine({ id: "vc/vm-2", name: "restored" }),
    ];
    const node = aNode({ name: "n", systemUuid: uuid });
    expect(bindNodes([node], anInventory([aHost()], machines))[0]).toMatchObject({
      reason: "Ambiguous",
      message:
        `2 virtual machines match systemUUID ${uuid}: /DC0/vm/worker-1 (vc/vm-1), restored (vc/vm-2); ` +
        "give the copy a uuid of its own, or write the right one's inventory path or instance uuid " +
        "into the node's annotation topology.corinternal.com/vm",
    });
  });

  it("names a few of many machines", () => {
    const machines = Array.from({ length: 7 }, (_, i) => aMachine({ id: `vc/vm-${i}`, name: "x" }));
    const node = aNode({ name: "n", systemUuid: uuid });
    expect(bindNodes([node], anInventory([aHost()], machines))[0]).toMatchObject({
      message: expect.stringContaining("x (vc/vm-4) and 2 more; give the copy"),
    });
  });

  it("calls it Ambiguous when both byte orders hit, each another machine", () => {
    const machines = [aMachine({ biosUuid: uuid }), aMachine({ id: "vc/vm-2", biosUuid: swapped })];
    expect(bindingsOf([aNode({ name: "n", systemUuid: uuid })], machines)).toEqual(["Ambiguous"]);
  });

  it("calls two nodes for one machine Ambiguous, both of them", () => {
    const nodes = [
      aNode({ name: "a", systemUuid: uuid }),
      aNode({ name: "b", systemUuid: swapped }),
    ];
    expect(bindingsOf(nodes, [aMachine()])).toEqual(["Ambiguous", "Ambiguous"]);
  });

  it("calls two running machines with the node's name Ambiguous", () => {
    const machines = [aMachine(), aMachine({ id: "vc/vm-2", biosUuid: other })];
    expect(bindingsOf([aNode()], machines)).toEqual(["Ambiguous"]);
  });

  it("does not match a machine that is off by its name alone", () => {
    expect(bindingsOf([aNode()], [aMachine({ power: "poweredOff" })])).toEqual([
      "NoVirtualMachine",
    ]);
  });

  it("counts a machine once whose name and guest host name are both the node's", () => {
    expect(bindingsOf([aNode()], [aMachine({ guestHostName: "Worker-1" })])).toEqual([
      "vc/vm-1 by name",
    ]);
  });

  it.each<[string, Partial<VirtualMachine>, string]>([
    ["off and on no host", { power: "poweredOff" }, "VirtualMachineOff"],
    ["on, but on no host", { power: "poweredOn" }, "NoHost"],
  ])("rejects a machine that is %s", (_, overrides, reason) => {
    const { hostId: _hostId, ...machine } = aMachine(overrides);
    expect(bindingsOf([aNode({ systemUuid: uuid })], [machine])).toEqual([reason]);
  });

  it("rejects a machine on a host that vCenter does not show", () => {
    const machine = aMachine({ hostId: "vc/host-9" });
    expect(bindingsOf([aNode({ systemUuid: uuid })], [machine])).toEqual(["NoHost"]);
  });

  it("says what it looked for, and that some uuids could not be read", () => {
    const machines = [aMachine({ name: "other", biosUuid: "" })];
    const node = aNode({ providerId: `vsphere://${uuid}`, systemUuid: other, csiNodeId: uuid });
    expect(bindNodes([node], anInventory([aHost()], machines))[0]).toMatchObject({
      reason: "NoVirtualMachine",
      message:
        `no virtual machine has providerID vsphere://${uuid} or systemUUID ${other} or ` +
        `CSINode id ${uuid} or name worker-1; ` +
        "the uuid of 1 virtual machines could not be read (privilege System.Read missing?)",
    });
  });

  it("says that a machine has the name, but another uuid", () => {
    const node = aNode({ systemUuid: other });
    expect(bindNodes([node], anInventory([aHost()], [aMachine()]))[0]).toMatchObject({
      reason: "NoVirtualMachine",
      message:
        `no virtual machine has systemUUID ${other} or name worker-1; ` +
        "worker-1 (vc/vm-1) has the name, but another uuid: if it is the node all the same, " +
        "write the right one's inventory path or instance uuid into the node's annotation topology.corinternal.com/vm",
    });
  });

  it("says what an annotation wants that no machine is, and cuts it where it is a book", () => {
    const path = `/DC0/vm/${"x".repeat(1_000)}`;
    const node = aNode({ vmOverride: path, systemUuid: uuid });
    expect(bindNodes([node], anInventory([aHost()], [aMachine()]))[0]).toMatchObject({
      reason: "NoVirtualMachine",
      message:
        `the annotation topology.corinternal.com/vm is "${path.slice(0, 200)}…", and no virtual machine ` +
        "has that inventory path: correct it, or remove it; " +
        "the path of 1 virtual machines is not known (in a vApp, or a folder may not be read?)",
    });
  });

  it("says that no annotation is a name", () => {
    const node = aNode({ vmOverride: "worker-1" });
    expect(bindNodes([node], anInventory([aHost()], [aMachine()]))[0]).toMatchObject({
      reason: "NoVirtualMachine",
      message:
        'the annotation topology.corinternal.com/vm is "worker-1", which is neither a uuid nor ' +
        "an inventory path such as /DC0/vm/worker-7: correct it, or remove it",
    });
  });

  it("says whose a machine is that two nodes claim", () => {
    const nodes = [
      aNode({ name: "a", systemUuid: uuid }),
      aNode({ name: "b", vmOverride: uuid }),
      aNode({ name: "c", providerId: `vsphere://${other}` }),
      aNode({ name: "d", systemUuid: other }),
    ];
    const machines = [aMachine(), aMachine({ id: "vc/vm-2", name: "w2", biosUuid: other })];
    expect(bindNodes(nodes, anInventory([aHost()], machines))).toMatchObject([
      {
        reason: "Ambiguous",
        message: expect.stringMatching(
          /^the virtual machine worker-1 \(vc\/vm-1\) has this node's uuid, but b has a better claim; /,
        ),
      },
      { kind: "bound" },
      { message: expect.stringMatching(/^2 nodes match the virtual machine w2 .*: c, d; /) },
      { reason: "Ambiguous" },
    ]);
  });

  it("does not call a node's machine missing while a vCenter has not been read", () => {
    const inventory = { ...anInventory([aHost()], []), unread: ["west", "east"] };
    expect(bindNodes([aNode({ vmOverride: other })], inventory)[0]).toMatchObject({
      reason: "InventoryNotReady",
      message: expect.stringMatching(
        / no virtual machine has that uuid: .*; not read yet: vCenter west, vCenter east$/,
      ),
    });
  });

  describe("while a vCenter has not been read", () => {
    const off = { power: "poweredOff" } as const;

    it.each<[string, Partial<NodeIdentity>, readonly VirtualMachine[], string]>([
      ["its name", {}, [aMachine()], "InventoryNotReady"],
      ["its name, which several have", {}, [aMachine(), aMachine()], "InventoryNotReady"],
      [
        "a copy that runs and has another name",
        { name: "n", systemUuid: uuid },
        [aMachine(), aMachine({ ...off, id: "vc/vm-2" })],
        "InventoryNotReady",
      ],
      [
        "a copy that runs and has its name",
        { systemUuid: uuid },
        [aMachine(), aMachine({ ...off, id: "vc/vm-2" })],
        "vc/vm-1 by id",
      ],
      [
        "copies that nothing tells apart",
        { name: "n", systemUuid: uuid },
        [aMachine(), aMachine({ id: "vc/vm-2" })],
        "Ambiguous",
      ],
      [
        "its uuid, which no other machine has",
        { name: "n", systemUuid: uuid },
        [aMachine()],
        "vc/vm-1 by id",
      ],
      ["its annotation", { name: "n", vmOverride: uuid }, [aMachine()], "vc/vm-1 by override"],
    ])("takes a node that is found by %s for what it surely is", (_, node, some, expected) => {
      const inventory = { ...anInventory([aHost()], some), unread: ["west"] };
      const [binding] = bindNodes([aNode(node)], inventory);
      expect(answerOf(binding)).toBe(expected);
    });

    it("says what the name alone is worth, and what to do where the vCenter stays away", () => {
      const inventory = { ...anInventory([aHost()], [aMachine()]), unread: ["west"] };
      expect(bindNodes([aNode()], inventory)[0]).toMatchObject({
        message:
          "virtual machine worker-1 (vc/vm-1) matches name worker-1, and so may one of a vCenter that has not been read: " +
          "write the right one's inventory path or instance uuid into the node's annotation " +
          "topology.corinternal.com/vm, or wait; not read yet: vCenter west",
      });
    });
  });

  it("cuts a text between two characters, not in the middle of one", () => {
    const node = aNode({ vmOverride: `${"x".repeat(199)}😀` });
    const [binding] = bindNodes([node], anInventory([aHost()], []));
    expect(binding).toMatchObject({ message: expect.stringContaining("x\ufffd…") });
    expect(binding?.kind === "unbound" && binding.message.isWellFormed()).toBe(true);
  });

  it("tells people the same annotation that the API names", () => {
    expect(overrideAnnotation).toBe(nodeOverride);
  });
});

describe("machinesOfInterest", () => {
  it("holds the matched and the ambiguous machines and those passed over, and no others", () => {
    const machines = [
      aMachine({ id: "matched", biosUuid: uuid }),
      aMachine({ id: "twin-1", biosUuid: other, name: "x" }),
      aMachine({ id: "twin-2", biosUuid: other, name: "y" }),
      aMachine({ id: "switched-off-copy", biosUuid: uuid, name: "c", power: "poweredOff" }),
      aMachine({ id: "stranger", biosUuid: "", name: "z" }),
    ];
    const nodes = [
      aNode({ name: "a", systemUuid: uuid }),
      aNode({ name: "b", systemUuid: other }),
      aNode({ name: "bare-metal" }),
    ];
    const { machineIds, unmatchedNodes } = machinesOfInterest(nodes, machines);
    expect([...machineIds].toSorted()).toEqual([
      "matched",
      "switched-off-copy",
      "twin-1",
      "twin-2",
    ]);
    expect(unmatchedNodes).toEqual(["bare-metal"]);
  });
});
