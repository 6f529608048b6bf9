import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FleetFile, Machine } from "../../../hack/dump/fleet-file.ts";
import { overrideAnnotation, redactFleet } from "../../../hack/dump/redact.ts";
import { canonicalPath } from "../../../src/selection/machine-index.ts";

type Node = NonNullable<Machine["kubernetesNode"]>;

const aMachine = (overrides: Partial<Machine> = {}): Machine => ({
  name: "secret-vm",
  power: "poweredOn",
  cpuDemandMhz: 0,
  guestMemoryMib: 0,
  gpus: [],
  ...overrides,
});

const aFleet = (machines: readonly Machine[]): FleetFile => ({
  instanceUuid: "9cb7b11d-4c8c-5865-82d7-95efd19d8148",
  apiVersion: "8.0.3.0",
  globalAttributes: [],
  datacenters: [
    {
      name: "secret-dc",
      folder: "secret-folder",
      scheduledTasks: [],
      clusters: [
        {
          name: "secret-cluster",
          scheduledTasks: [],
          runningTasks: [],
          hosts: [
            {
              name: "secret-host.corp.example.org",
              gpus: [],
              pciDevices: [],
              scheduledTasks: [
                { name: "secret-task", action: "RebootHost_Task", at: "in 1h", enabled: true },
              ],
              runningTasks: [],
              virtualMachines: machines,
            },
          ],
        },
      ],
    },
  ],
});

const machinesOf = ({ datacenters }: FleetFile) =>
  datacenters[0]?.clusters[0]?.hosts[0]?.virtualMachines ?? [];

function redactNode(node: Partial<Node>, machine: Partial<Machine> = {}) {
  const kubernetesNode = { name: "secret-node", ...node };
  const [redacted] = machinesOf(
    redactFleet(aFleet([aMachine({ ...machine, kubernetesNode })])).fleet,
  );
  if (redacted?.kubernetesNode === undefined) throw new Error("the node is gone");
  return { machine: redacted, node: redacted.kubernetesNode };
}

describe("redacting a fleet", () => {
  it("replaces names by kind, and counts what it replaced", () => {
    const { fleet, replaced } = redactFleet(aFleet([aMachine()]));
    expect(fleet.datacenters[0]).toMatchObject({ name: "datacenter-001", folder: "folder-001" });
    expect(fleet.datacenters[0]?.clusters[0]?.hosts[0]).toMatchObject({
      name: "host-001.example.com",
      scheduledTasks: [{ name: "task-001", at: "in 1h" }],
    });
    expect(machinesOf(fleet)[0]?.name).toBe("vm-0001");
    expect(replaced.get("names of hosts")).toBe(1);
  });

  it("keeps a node's name the name of its machine or guest, short or long", () => {
    const { machine, node } = redactNode(
      { name: "worker-7" },
      { name: "Worker-7", guestHostName: "worker-7.corp.example.org" },
    );
    expect(node.name).toBe(machine.name);
    expect(machine.guestHostName).toBe(`${node.name}.example.com`);
  });

  it.each([
    ["vsphere", "vsphere://421e4592-c069-924d-ce20-7e7533fab926", /^vsphere:\/\/[0-9a-f-]{36}$/],
    [
      "in upper case",
      "VSPHERE://421E4592-C069-924D-CE20-7E7533FAB926",
      /^VSPHERE:\/\/[0-9A-F-]{36}$/,
    ],
    ["odd", "vsphere://secret", /^vsphere:\/\/not-a-uuid$/],
    ["another cloud's", "aws:///secret/i-0123", /^other:\/\/provider-001$/],
  ])("keeps the form of a providerID that is %s", (_, providerId, form) => {
    expect(redactNode({ providerId }).node.providerId).toMatch(form);
  });

  it.each([
    [
      "the path of its machine",
      "/secret-folder/secret-dc/vm/ml/secret-vm",
      "/folder-001/datacenter-001/vm/folder-002/vm-0001",
    ],
    [
      "the same, escaped in another way",
      "/secret-folder/secret-dc/vm/m%6c/secret-vm",
      "/nowhere/vm-1",
    ],
    ["a path of no machine", "/secret/path", "/nowhere/vm-1"],
    ["no path", "secret words", "not-a-uuid"],
  ])("follows an override that is %s", (_, override, redacted) => {
    const annotations = { [overrideAnnotation]: override };
    const { node } = redactNode({ annotations }, { folder: "ml" });
    expect(node.annotations).toEqual({ [overrideAnnotation]: redacted });
  });

  it("follows an override to a machine whose name is escaped", () => {
    const annotations = { [overrideAnnotation]: "/secret-folder/secret-dc/vm/x%2Fy/a%2fb%25" };
    const { node } = redactNode({ annotations }, { name: "a/b%", folder: "x%2fy" });
    expect(node.annotations?.[overrideAnnotation]).toBe(
      "/folder-001/datacenter-001/vm/folder-002/vm-0001",
    );
    expect(canonicalPath("/a%2Fb")).toBe("/a%2fb");
  });

  it("keeps of a node what decides about it, and nothing else", () => {
    const { node } = redactNode({
      taints: [
        { key: "nvidia.com/gpu", value: "secret", effect: "NoSchedule" },
        { key: "secret.example.org/team", value: "secret", effect: "NoExecute" },
        { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" },
      ],
      labels: { "nvidia.com/gpu.product": "NVIDIA-L40S", "secret.example.org/team": "secret" },
      allocatable: {
        cpu: "8",
        "nvidia.com/gpu": "1",
        "secret.example.org/thing": "1",
        memory: "32Gi",
        pods: "secret",
      },
    });
    expect(node.taints).toEqual([
      { key: "nvidia.com/gpu", effect: "NoSchedule" },
      { key: "taint-1.example.com/key", effect: "NoExecute" },
      { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" },
    ]);
    expect(node.labels).toEqual({ "nvidia.com/gpu.product": "NVIDIA-L40S" });
    expect(node.allocatable).toEqual({ cpu: "8", "nvidia.com/gpu": "1", memory: "32Gi" });
  });

  it("never lets a name, a uuid or free text of the original through", () => {
    const secret = fc
      .string({ unit: fc.constantFrom(...Array.from("abcXYZ019-._ /%é")), maxLength: 12 })
      .map((text) => `qz${text}`);
    const node = fc.record({
      name: secret,
      providerId: fc.oneof(
        secret,
        fc.uuid().map((id) => `vsphere://${id}`),
        fc.constant(null),
      ),
      systemUuid: fc.oneof(secret, fc.uuid(), fc.constant(null)),
      csiNodeId: fc.oneof(secret, fc.uuid(), fc.constant(null)),
      taints: fc.array(
        fc.record({ key: secret, value: secret, effect: fc.constant("NoSchedule") }),
      ),
      labels: fc.dictionary(secret, secret),
      annotations: fc.oneof(
        secret.map((text) => ({ [overrideAnnotation]: `/${text}` })),
        fc.dictionary(secret, secret),
      ),
      allocatable: fc.dictionary(secret, secret),
    });
    const machine = fc.record({
      name: secret,
      uuid: fc.uuid(),
      instanceUuid: fc.uuid(),
      guestHostName: secret,
      folder: secret.map((text) => text.replaceAll("/", "%2f")),
      vApp: secret,
      kubernetesNode: node,
    });
    fc.assert(
      fc.property(fc.array(machine, { maxLength: 4 }), (machines) => {
        const original = aFleet(machines.map((overrides) => aMachine(overrides)));
        const text = JSON.stringify(redactFleet(original).fleet).toLowerCase();
        expect(text).not.toMatch(/qz|secret/);
        const uuids = JSON.stringify(original).match(
          /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi,
        );
        for (const uuid of uuids ?? []) expect(text).not.toContain(uuid.toLowerCase());
      }),
    );
  });
});
