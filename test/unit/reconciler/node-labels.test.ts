import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { farFuture, labelKeys } from "../../../src/api/names.ts";
import { type NodeMarks, nodeAnnotationKeys } from "../../../src/api/node-marks.ts";
import { changeOf, closed, marksFor } from "../../../src/reconciler/node-labels.ts";
import type {
  Candidate,
  NodeBinding,
  Reason,
  VirtualMachine,
} from "../../../src/selection/model.ts";
import {
  aCandidate,
  aGpu,
  aHost,
  aHostUntil,
  aMachine,
  aPolicy,
  aWindow,
  hoursFromNow,
  now,
} from "../../support/builders.ts";

function bound(overrides: Partial<Candidate> = {}): NodeBinding {
  return { kind: "bound", candidate: aCandidate(overrides) };
}

function labelsOf(binding: NodeBinding, at = now, isStale = false) {
  const { labels } = marksFor(binding, { now: at, isStale, policy: aPolicy });
  return {
    gpu: labels[labelKeys.gpu],
    host: labels[labelKeys.esxiHost],
    until: labels[labelKeys.availableUntil],
  };
}

const windows = (...list: ReturnType<typeof aWindow>[]) =>
  aHost({ horizon: { kind: "known", windows: list } });

const marks = (name: string) =>
  marksFor(bound({ host: aHost({ name }) }), { now, isStale: false, policy: aPolicy });

function marksOf(virtualMachine: Partial<VirtualMachine>, host = aHost()): NodeMarks {
  const binding = bound({ virtualMachine: aMachine(virtualMachine), host });
  return marksFor(binding, { now, isStale: false, policy: aPolicy });
}

const unbound = (reason: Reason): NodeBinding => ({
  kind: "unbound",
  node: "worker-1",
  reason,
  message: "",
});

const epochHours = now.getTime() / 3_600_000;

describe("the label available-until", () => {
  it.each<[string, Partial<Candidate>, number | string]>([
    ["no window is known", {}, farFuture],
    ["a window starts on the hour", { host: aHostUntil(40) }, epochHours + 40],
    ["a window starts just before the hour", { host: aHostUntil(39.999) }, epochHours + 39],
    ["a window starts just after the hour", { host: aHostUntil(40.001) }, epochHours + 40],
    ["a window starts within this hour", { host: aHostUntil(0.5) }, epochHours],
    ["a window starts now", { host: aHostUntil(0) }, 0],
    ["a window runs, its end unknown", { host: aHostUntil(-1) }, 0],
    [
      "a window runs",
      { host: windows(aWindow({ startsAt: hoursFromNow(-1), endsAt: hoursFromNow(1) })) },
      0,
    ],
    [
      "a window is over",
      { host: windows(aWindow({ startsAt: hoursFromNow(-2), endsAt: hoursFromNow(-1) })) },
      farFuture,
    ],
    [
      "a window is over and another comes",
      {
        host: windows(
          aWindow({ startsAt: hoursFromNow(-2), endsAt: hoursFromNow(-1) }),
          aWindow({ startsAt: hoursFromNow(7) }),
        ),
      },
      epochHours + 7,
    ],
    ["a window is further away than anybody counts", { host: aHostUntil(1e8) }, farFuture],
    [
      "the next maintenance is unknown",
      { host: aHost({ horizon: { kind: "unknown", why: "", windows: [] } }) },
      0,
    ],
    ["the host is in maintenance", { host: aHost({ maintenance: "in" }) }, 0],
    ["the host enters maintenance", { host: aHost({ maintenance: "entering" }) }, 0],
    ["the host is in quarantine", { host: aHost({ inQuarantine: true }) }, 0],
    ["the host is disconnected", { host: aHost({ connection: "disconnected" }) }, 0],
    ["the host does not respond", { host: aHost({ connection: "notResponding" }) }, 0],
    ["the host is not readable", { host: aHost({ unreadable: ["name"] }) }, 0],
    ["the machine is not readable", { virtualMachine: aMachine({ unreadable: ["config"] }) }, 0],
    ["the machine is off", { virtualMachine: aMachine({ power: "poweredOff" }) }, 0],
    ["the machine is suspended", { virtualMachine: aMachine({ power: "suspended" }) }, 0],
  ])("when %s", (_when, candidate, until) => {
    expect(labelsOf(bound(candidate)).until).toBe(String(until));
  });

  it("is 0 once the inventory is too old, and the other labels stay", () => {
    const binding = bound({ host: aHostUntil(40), virtualMachine: aMachine({ gpus: [aGpu] }) });
    expect(labelsOf(binding, now, true)).toEqual({
      gpu: "true",
      host: "esxi-a.example.com",
      until: "0",
    });
  });

  it("does not change while the clock runs towards the window", () => {
    const binding = bound({ host: aHostUntil(40) });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 * 3_600_000 - 1 }), (elapsedMs) => {
        const later = new Date(now.getTime() + elapsedMs);
        expect(labelsOf(binding, later)).toEqual(labelsOf(binding));
      }),
    );
  });
});

describe("the label gpu", () => {
  it("tells whether the machine holds one", () => {
    expect(labelsOf(bound()).gpu).toBe("false");
    expect(labelsOf(bound({ virtualMachine: aMachine({ gpus: [aGpu] }) })).gpu).toBe("true");
  });

  it("is absent while the machine's devices cannot be read", () => {
    expect(labelsOf(bound({ virtualMachine: aMachine({ unreadable: ["devices"] }) })).gpu).toBe(
      undefined,
    );
  });
});

describe("the labels about the kind of GPU", () => {
  const a100 = { ...aGpu, model: "NVIDIA A100 80GB PCIe", memoryMib: 40_960 };

  it("stand on the node, and the model as vCenter spells it in an annotation", () => {
    expect(marksOf({ gpus: [a100, a100] })).toEqual({
      labels: {
        [labelKeys.gpu]: "true",
        [labelKeys.gpuModel]: "nvidia-a100-80gb-pcie",
        [labelKeys.gpuMemoryGib]: "40",
        [labelKeys.gpuCount]: "2",
        [labelKeys.esxiHost]: "esxi-a.example.com",
        [labelKeys.availableUntil]: String(farFuture),
      },
      annotations: { [nodeAnnotationKeys.gpuModel]: "NVIDIA A100 80GB PCIe" },
    });
  });

  it("need no annotation where vCenter spells the model as the label does", () => {
    expect(marksOf({ gpus: [{ ...a100, model: "l4" }] }).annotations).toEqual({});
  });

  it("are absent without a GPU, and while the machine's devices cannot be read", () => {
    for (const machine of [{ gpus: [] }, { gpus: [a100], unreadable: ["devices"] }]) {
      const { labels, annotations } = marksOf(machine);
      expect(Object.keys(labels)).not.toContainEqual(expect.stringContaining("gpu-"));
      expect(annotations).toEqual({});
    }
  });

  it("keep the others when what vCenter says of one is of no use, and stay short", () => {
    const gpu = { ...a100, model: "显\ud800".repeat(100_000), memoryMib: Number.NaN };
    const { labels, annotations } = marksOf({ gpus: [gpu] });
    expect(labels).toEqual({
      [labelKeys.gpu]: "true",
      [labelKeys.gpuCount]: "1",
      [labelKeys.esxiHost]: "esxi-a.example.com",
      [labelKeys.availableUntil]: String(farFuture),
    });
    expect(annotations[nodeAnnotationKeys.gpuModel]).toHaveLength(1_024);
    expect(annotations[nodeAnnotationKeys.gpuModel]?.isWellFormed()).toBe(true);
  });

  it("stay while the host is of no use", () => {
    const { labels } = marksOf({ gpus: [a100] }, aHost({ maintenance: "in" }));
    expect(labels).toMatchObject({
      [labelKeys.gpuModel]: "nvidia-a100-80gb-pcie",
      [labelKeys.availableUntil]: "0",
    });
  });
});

describe("the label esxi-host", () => {
  it("is the host's name, without an annotation where that is a valid value", () => {
    expect(marks("esxi-a.example.com").annotations).toEqual({});
  });

  it.each(["rack 7 (left)", "主机", "x".repeat(80), "fe80::17"])(
    "of %j is made valid, and the annotation holds the name itself",
    (name) => {
      const { labels, annotations } = marks(name);
      expect(labels[labelKeys.esxiHost]).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/);
      expect(annotations).toEqual({ [nodeAnnotationKeys.esxiHost]: name });
    },
  );

  it("is absent without a name, and keeps the others from nothing", () => {
    expect(labelsOf(bound({ host: aHost({ name: "" }) }))).toEqual({
      gpu: "false",
      until: String(farFuture),
    });
  });

  it("has no half of a surrogate pair in its annotation, which the API server would replace", () => {
    expect(marks("a\ud800 b").annotations[nodeAnnotationKeys.esxiHost]).toBe("a\ufffd b");
  });
});

describe("a node without a machine", () => {
  it.each<Reason>(["NoVirtualMachine", "Ambiguous"])("carries no label when it is %s", (reason) => {
    expect(marksFor(unbound(reason), { now, isStale: false, policy: aPolicy })).toEqual({
      labels: {},
      annotations: {},
    });
  });

  it.each<Reason>(["VirtualMachineOff", "NoHost"])(
    "is offered to nobody when its machine has no host (%s)",
    (reason) => {
      expect(marksFor(unbound(reason), { now, isStale: false, policy: aPolicy }).labels).toEqual({
        [labelKeys.availableUntil]: "0",
      });
    },
  );
});

describe("what is written", () => {
  const open: NodeMarks = {
    labels: { [labelKeys.gpu]: "true", [labelKeys.availableUntil]: "500" },
    annotations: {},
  };

  it("is nothing when the node carries what it should", () => {
    expect(changeOf(open, { ...open })).toBeUndefined();
  });

  it("is only what differs, and null for what should not be there", () => {
    const wanted = {
      labels: { [labelKeys.gpu]: "true", [labelKeys.esxiHost]: "a" },
      annotations: { x: "y" },
    };
    expect(changeOf(open, wanted)?.patch).toEqual({
      labels: { [labelKeys.availableUntil]: null, [labelKeys.esxiHost]: "a" },
      annotations: { x: "y" },
    });
  });

  it.each([
    ["the node closes", closed(open), true],
    ["the GPU goes", { ...open, labels: { ...open.labels, [labelKeys.gpu]: "false" } }, true],
    [
      "its model becomes known",
      { ...open, labels: { ...open.labels, [labelKeys.gpuModel]: "l4" } },
      true,
    ],
    [
      "its memory becomes known",
      { ...open, labels: { ...open.labels, [labelKeys.gpuMemoryGib]: "24" } },
      true,
    ],
    [
      "the number of GPUs differs",
      { ...open, labels: { ...open.labels, [labelKeys.gpuCount]: "2" } },
      true,
    ],
    ["the node has no machine any more", { labels: {}, annotations: {} }, true],
    [
      "only the host differs",
      { ...open, labels: { ...open.labels, [labelKeys.esxiHost]: "b" } },
      false,
    ],
    ["only an annotation differs", { ...open, annotations: { a: "b" } }, false],
  ])("matters to jobs when %s: %s", (_what, wanted, matters) => {
    expect(changeOf(open, wanted)?.matters).toBe(matters);
  });
});
