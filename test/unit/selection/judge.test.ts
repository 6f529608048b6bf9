import { describe, expect, it } from "vitest";
import type {
  Audience,
  Candidate,
  Fitting,
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
  const terms = { gpu: requirement.gpu, audience, policy: { ...aPolicy, ...policy } };
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
      { host: aHost({ horizon: { kind: "unknown", why: "NoPermission" } }) },
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
