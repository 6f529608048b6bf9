import { describe, expect, it } from "vitest";
import type { Expression, InjectionRecord } from "../../../src/api/injected.ts";
import { labelKeys } from "../../../src/api/names.ts";
import { noNodeSuits, noRoom } from "../../../src/reconciler/waiting-note.ts";
import {
  type Fitting,
  type Gpu,
  type Ranking,
  type Reason,
  type Requirement,
  reasons,
} from "../../../src/selection/model.ts";
import {
  aFitting,
  aGpu,
  aMachine,
  aNode,
  aWindow,
  hoursFromNow,
  now,
} from "../../support/builders.ts";

const thisHour = Math.floor(now.getTime() / 3_600_000);
const l40s = { ...aGpu, model: "NVIDIA L40S", memoryMib: 46_068 };

function aRanking(requirement: Requirement, rest: Partial<Ranking> = {}): Ranking {
  return { requirement, takenAt: now, fitting: [], rejected: [], ...rest };
}

function rejecting(...found: readonly Reason[]): Ranking["rejected"] {
  return found.map((reason) => ({ node: reason, reason, message: "" }));
}

function holding(...gpus: readonly Gpu[]): Fitting {
  return aFitting({ node: aNode({ name: "worker-1" }), virtualMachine: aMachine({ gpus }) });
}

describe("why no node suits", () => {
  const needs = { model: "NVIDIA L40S", memoryGib: 44, count: 2 };

  it.each<[Reason, string]>([
    ["GpuModelMismatch", "with another GPU model (NVIDIA L40S asked)"],
    ["GpuMemoryTooSmall", "with too little GPU memory (44 GiB asked)"],
    ["TooFewGpus", "with too few GPUs (2 asked)"],
    ["TooFewHours", "with maintenance in 40 h (100 h asked)"],
    ["NoGpu", "without a GPU"],
    ["InventoryNotReady", "perhaps in a vCenter that was not read yet"],
    ["InventoryStale", "in a vCenter that has been silent for too long"],
  ])("%s is told with what was asked for", (reason, words) => {
    const requirement = { gpu: true, hours: 100, gpuNeeds: needs };
    const ranking = aRanking(requirement, { rejected: rejecting(reason) });
    expect(noNodeSuits(ranking, [40])).toBe(`0 of 1 nodes suit: 1 ${words} [${reason}]`);
  });

  it("has words for every Reason", () => {
    const ranking = aRanking({ gpu: true, hours: 100 }, { rejected: rejecting(...reasons) });
    expect(noNodeSuits(ranking, [])).not.toContain("undefined");
  });
});

describe("a pod that was admitted with other needs than it has now", () => {
  const requirement = { gpu: true, hours: 1 };

  function told(node: Fitting, record: Partial<InjectionRecord>): string {
    const admission = {
      at: "2026-11-22T10:00:00Z",
      gpu: true,
      hours: 100,
      required: [],
      ...record,
    };
    return noRoom(aRanking(requirement, { fitting: [node] }), [], admission);
  }

  const model: Expression = { key: labelKeys.gpuModel, operator: "In", values: ["nvidia-l40s"] };
  const memory: Expression = { key: labelKeys.gpuMemoryGib, operator: "Gt", values: ["43"] };
  const count: Expression = { key: labelKeys.gpuCount, operator: "Gt", values: ["1"] };
  const gpu: Expression = { key: labelKeys.gpu, operator: "In", values: ["true"] };
  const until: Expression = {
    key: labelKeys.availableUntil,
    operator: "Gt",
    values: [String(thisHour + 99)],
  };

  it.each<[string, Fitting, Expression[]]>([
    ["another model", holding({ ...l40s, model: "NVIDIA L4" }), [gpu, model]],
    ["an unknown model", holding(aGpu), [model]],
    ["less memory", holding({ ...l40s, memoryMib: 24_576 }), [memory]],
    ["unknown memory", holding(aGpu), [memory]],
    ["fewer GPUs", holding(l40s), [gpu, model, memory, count]],
    ["no GPU", holding(), [gpu]],
    [
      "too few hours",
      { ...holding(l40s), window: aWindow({ startsAt: hoursFromNow(99) }) },
      [gpu, until],
    ],
  ])("is told to be created anew where a node that suits now has %s", (_what, node, required) => {
    expect(told(node, { required })).toContain("; 1 of the suitable excluded by");
  });

  it.each<[string, Fitting, Expression[]]>([
    ["what was asked for", holding(l40s, l40s), [gpu, model, memory, count, until]],
    [
      "just enough hours",
      { ...holding(l40s), window: aWindow({ startsAt: hoursFromNow(100) }) },
      [until],
    ],
  ])("is not told so where it has %s", (_what, node, required) => {
    expect(told(node, { required })).not.toContain("excluded");
  });

  it("is told what was asked for then", () => {
    const kind = { gpuModel: "NVIDIA L40S", gpuMemoryGib: 44, gpuCount: 2 };
    expect(told(holding(), { ...kind, required: [gpu] })).toContain(
      "when the pod was created at 2026-11-22T10:00:00Z " +
        "(100 h with a GPU: NVIDIA L40S, 44 GiB each, 2 of them): recreate it",
    );
  });
});
