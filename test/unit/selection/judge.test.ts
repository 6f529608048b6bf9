import { describe, expect, it } from "vitest";
import type {
  Audience,
  Candidate,
  Fitting,
  Gpu,
  GpuNeeds,
  Rejected,
  Requirement,
  SelectionPolicy,
} from "../../../src/selection/model.ts";
import { shortlist, withEnoughHours } from "../../../src/selection/rank.ts";
import {
  aCandidate,
  aGpu,
  aHost,
  aHostUntil,
  aMachine,
  aNode,
  aPolicy,
  aWindow,
  freshVcenters,
  hoursFromNow,
  now,
} from "../../support/builders.ts";

const cpuJob: Requirement = { gpu: false, hours: 1 };
const gpuJob: Requirement = { gpu: true, hours: 1 };

/** What becomes of one candidate, all checks together. */
function verdict(
  candidate: Partial<Candidate>,
  requirement: Requirement = cpuJob,
  policy: Partial<SelectionPolicy> = {},
  audience: Audience = "advice",
): Fitting | Rejected | undefined {
  const binding = { kind: "bound", candidate: aCandidate(candidate) } as const;
  const terms = {
    ...requirement,
    audience,
    policy: { ...aPolicy, ...policy },
    vcenters: freshVcenters,
  };
  const list = shortlist([binding], terms, now);
  const { fitting, rejected } = withEnoughHours(list, requirement.hours);
  return fitting[0] ?? rejected[0];
}

function reason(...args: Parameters<typeof verdict>): string | undefined {
  const result = verdict(...args);
  if (result === undefined || "reason" in result) return result?.reason;
  return `fits for ${result.hoursAvailable} h`;
}

const taint = (key: string, effect: string) => ({ node: aNode({ taints: [{ key, effect }] }) });
const a100: Gpu = { ...aGpu, model: "NVIDIA A100 80GB PCIe", memoryMib: 40_960 };
const l40s: Gpu = { ...aGpu, model: "NVIDIA L40S", memoryMib: 24_576 };
const gpuMachine = aMachine({ gpus: [aGpu] });

describe("judge", () => {
  it.each<[string, Partial<Candidate>, string]>([
    ["nothing is wrong", {}, "fits for 8760 h"],
    ["the node is not ready", { node: aNode({ ready: false }) }, "NodeNotReady"],
    ["the node is cordoned", { node: aNode({ unschedulable: true }) }, "NodeUnschedulable"],
    ["the node has a NoSchedule taint", taint("dedicated", "NoSchedule"), "NodeTainted"],
    ["the node has a NoExecute taint", taint("dedicated", "NoExecute"), "NodeTainted"],
    ["the taint is only a preference", taint("dedicated", "PreferNoSchedule"), "fits for 8760 h"],
    ["the taint is a GPU vendor's", taint("nvidia.com/gpu", "NoSchedule"), "fits for 8760 h"],
    [
      "part of the machine cannot be read",
      { virtualMachine: aMachine({ unreadable: ["config"] }) },
      "NotReadable",
    ],
    [
      "part of the host cannot be read",
      { host: aHost({ unreadable: ["runtime"] }) },
      "NotReadable",
    ],
    [
      "the machine is off",
      { virtualMachine: aMachine({ power: "poweredOff" }) },
      "VirtualMachineOff",
    ],
    [
      "the machine is suspended",
      { virtualMachine: aMachine({ power: "suspended" }) },
      "VirtualMachineOff",
    ],
    [
      "the host is disconnected",
      { host: aHost({ connection: "disconnected" }) },
      "HostNotConnected",
    ],
    [
      "the host does not respond",
      { host: aHost({ connection: "notResponding" }) },
      "HostNotConnected",
    ],
    ["the host is in maintenance", { host: aHost({ maintenance: "in" }) }, "HostInMaintenance"],
    [
      "the host enters maintenance",
      { host: aHost({ maintenance: "entering" }) },
      "HostEnteringMaintenance",
    ],
    ["the host is in quarantine", { host: aHost({ inQuarantine: true }) }, "HostInQuarantine"],
    [
      "the horizon is unknown",
      { host: aHost({ horizon: { kind: "unknown", why: "NoPermission", windows: [] } }) },
      "MaintenanceUnknown",
    ],
  ])("when %s", (_, candidate, expected) => {
    expect(reason(candidate)).toBe(expected);
  });

  it.each<[string, Partial<Candidate>]>([
    ["is not ready", { node: aNode({ ready: false }) }],
    ["is cordoned", { node: aNode({ unschedulable: true }) }],
    ["has a taint", taint("dedicated", "NoSchedule")],
  ])("leaves it to kube-scheduler that a node %s", (_, candidate) => {
    expect(reason(candidate, cpuJob, {}, "pod")).toBe("fits for 8760 h");
    const off = { ...candidate, virtualMachine: aMachine({ power: "poweredOff" }) };
    expect(reason(off, cpuJob, {}, "pod")).toBe("VirtualMachineOff");
  });

  it.each<[string, Requirement, Partial<SelectionPolicy>, string, string]>([
    // requirement, policy, machine without GPU, machine with GPU
    ["a GPU job, exact", gpuJob, {}, "NoGpu", "fits for 8760 h"],
    ["a CPU job, exact", cpuJob, {}, "fits for 8760 h", "GpuNotWanted"],
    ["a GPU job, atLeast", gpuJob, { gpuPolicy: "atLeast" }, "NoGpu", "fits for 8760 h"],
    ["a CPU job, atLeast", cpuJob, { gpuPolicy: "atLeast" }, "fits for 8760 h", "fits for 8760 h"],
  ])("for %s", (_, requirement, policy, withoutGpu, withGpu) => {
    expect(reason({ virtualMachine: aMachine() }, requirement, policy)).toBe(withoutGpu);
    expect(reason({ virtualMachine: gpuMachine }, requirement, policy)).toBe(withGpu);
  });

  it.each<[string, Gpu[], GpuNeeds, string]>([
    [
      "the model asked for, in other letters",
      [a100],
      { model: "nvidia-a100-80GB-pcie" },
      "fits for 8760 h",
    ],
    ["another model", [a100], { model: "NVIDIA L40S" }, "GpuModelMismatch"],
    ["a part of the model's name", [a100], { model: "A100" }, "GpuModelMismatch"],
    ["the model beside another one", [a100, l40s], { model: "NVIDIA L40S" }, "GpuModelMismatch"],
    ["a model that vCenter does not tell", [aGpu], { model: "NVIDIA L40S" }, "GpuModelMismatch"],
    ["exactly the memory asked for", [a100], { memoryGib: 40 }, "fits for 8760 h"],
    ["too little memory in one of two", [a100, l40s], { memoryGib: 40 }, "GpuMemoryTooSmall"],
    ["memory that vCenter does not tell", [aGpu], { memoryGib: 1 }, "GpuMemoryTooSmall"],
    ["as many as asked for", [a100, l40s], { count: 2 }, "fits for 8760 h"],
    ["one less than asked for", [a100], { count: 2 }, "TooFewGpus"],
    ["no GPU at all", [], { model: "NVIDIA L40S", count: 8 }, "NoGpu"],
    [
      "everything wrong",
      [a100],
      { model: "NVIDIA L40S", memoryGib: 99, count: 8 },
      "GpuModelMismatch",
    ],
  ])(
    "for a job that is particular about its GPUs, of a machine with %s",
    (_, gpus, gpuNeeds, expected) => {
      const virtualMachine = aMachine({ gpus });
      expect(reason({ virtualMachine }, { gpu: true, hours: 1, gpuNeeds })).toBe(expected);
    },
  );

  it.each<[string, GpuNeeds, string]>([
    [
      "models",
      { model: "H100" },
      "virtual machine worker-1 has NVIDIA A100 80GB PCIe and NVIDIA L40S, of which a pod may get either; H100 asked for",
    ],
    [
      "memory",
      { memoryGib: 80 },
      "virtual machine worker-1 has a GPU with 24 GiB of memory, 80 GiB asked for",
    ],
    ["numbers", { count: 4 }, "virtual machine worker-1 has 2 GPUs, 4 asked for"],
  ])("names both %s, found and wanted", (_, gpuNeeds, message) => {
    const virtualMachine = aMachine({ gpus: [a100, l40s] });
    expect(verdict({ virtualMachine }, { gpu: true, hours: 1, gpuNeeds })).toMatchObject({
      message,
    });
  });

  it.each<[string, Partial<SelectionPolicy>, boolean, string]>([
    [
      "a window counts for a machine that stays on its host",
      { evacuation: "hard" },
      true,
      "TooFewHours",
    ],
    [
      "no window counts for a machine that vMotion takes away",
      { evacuation: "hard" },
      false,
      "fits for 8760 h",
    ],
    ["every window counts", { evacuation: "soft-counts" }, false, "TooFewHours"],
  ])("where %s", (_, policy, pinned, expected) => {
    const host = aHostUntil(40, { cluster: "gpu" });
    const candidate = { host, virtualMachine: aMachine({ pinned }) };
    expect(reason(candidate, { gpu: false, hours: 100 }, policy)).toBe(expected);
  });

  it.each<[string, Partial<SelectionPolicy>, boolean, string]>([
    ["rejects", {}, true, "MaintenanceUnknown"],
    [
      "assumes nothing beyond what is known",
      { unknownMaintenance: "assume-open" },
      true,
      "fits for 40 h",
    ],
    [
      "does not care of a machine that vMotion takes away",
      { evacuation: "hard" },
      false,
      "fits for 8760 h",
    ],
  ])("of unknown maintenance %s, as the site has set", (_, policy, pinned, expected) => {
    const windows = [aWindow({ startsAt: hoursFromNow(40) })];
    const horizon = { kind: "unknown", why: "NoPermission", windows } as const;
    const host = aHost({ horizon, cluster: "gpu" });
    const candidate = { host, virtualMachine: aMachine({ pinned }) };
    expect(reason(candidate, { gpu: false, hours: 1 }, policy)).toBe(expected);
  });

  it.each<[string, number, number, string]>([
    // hours until the window, hours asked for
    ["a window that is running", 0, 1, "TooFewHours"],
    ["a window that began", -1, 1, "TooFewHours"],
    ["a window in 59 minutes", 59 / 60, 1, "TooFewHours"],
    ["exactly the hours asked for", 100, 100, "fits for 100 h"],
    ["one hour less than asked for", 99, 100, "TooFewHours"],
    ["a minute less than asked for", 100 - 1 / 60, 100, "TooFewHours"],
    ["one hour more than asked for", 101, 100, "fits for 101 h"],
    ["a window in more than a year", 10_000, 8760, "fits for 10000 h"],
  ])("with %s", (_, hoursLeft, hours, expected) => {
    expect(reason({ host: aHostUntil(hoursLeft) }, { gpu: false, hours })).toBe(expected);
  });

  it("counts the window that comes next, and none that is over", () => {
    const windows = [
      aWindow({ startsAt: hoursFromNow(500) }),
      aWindow({ startsAt: hoursFromNow(200) }),
      aWindow({ startsAt: hoursFromNow(-10), endsAt: hoursFromNow(-4) }),
    ];
    const host = aHost({ horizon: { kind: "known", windows } });
    expect(reason({ host })).toBe("fits for 200 h");
  });

  it("says which window is too near, how near, and what was asked for", () => {
    expect(verdict({ host: aHostUntil(40) }, { gpu: false, hours: 100 })).toMatchObject({
      node: "worker-1",
      reason: "TooFewHours",
      message:
        'host esxi-a.example.com has maintenance ("monthly patches") in 40 h, 100 h asked for',
    });
  });

  it("names the taint that is in the way", () => {
    const node = aNode({ taints: [{ key: "team", value: "red", effect: "NoSchedule" }] });
    expect(verdict({ node })).toMatchObject({
      message: "node worker-1 has the taint team=red:NoSchedule",
    });
  });
});
