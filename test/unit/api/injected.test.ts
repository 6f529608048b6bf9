import { describe, expect, it } from "vitest";
import {
  type InjectionRecord,
  readRecord,
  recordNeeds,
  recordOf,
  requirementIn,
  writeRecord,
} from "../../../src/api/injected.ts";
import { annotationKeys } from "../../../src/api/names.ts";
import { Pod } from "../../../src/api/pod.ts";

const record: InjectionRecord = {
  at: "2026-11-22T12:00:00.000Z",
  gpu: true,
  hours: 100,
  required: [
    { key: "topology.corinternal.com/gpu", operator: "In", values: ["true"] },
    { key: "topology.corinternal.com/available-until", operator: "Gt", values: ["500000"] },
  ],
  preferredNode: "worker-7",
  schedulerName: "gpuinfo-scheduler",
  marker: true,
  label: true,
};

const ofAKind: InjectionRecord = {
  ...record,
  gpuModel: "NVIDIA L40S",
  gpuMemoryGib: 44,
  gpuCount: 2,
  required: [
    ...record.required,
    { key: "topology.corinternal.com/gpu-model", operator: "In", values: ["nvidia-l40s"] },
    { key: "topology.corinternal.com/gpu-memory-gib", operator: "Gt", values: ["43"] },
    { key: "topology.corinternal.com/gpu-count", operator: "Gt", values: ["1"] },
  ],
};

describe("a record", () => {
  it("is read as it was written", () => {
    expect(readRecord(writeRecord(record))).toEqual(record);
    expect(readRecord(writeRecord(ofAKind))).toEqual(ofAKind);
  });

  it("fits into what is read, however long a model is written", () => {
    const gpuModel = `${"\u{10ffff}".repeat(62)}x`;
    expect(readRecord(writeRecord({ ...ofAKind, gpuModel }))).toMatchObject({ gpuModel });
  });

  it.each([
    { gpu: true, hours: 100, gpuNeeds: { model: "NVIDIA L40S", memoryGib: 44, count: 2 } },
    { gpu: true, hours: 1, gpuNeeds: { count: 1 } },
    { gpu: true, hours: 8760 },
    { gpu: false, hours: 5 },
  ])("holds the needs %j", (needs) => {
    expect(requirementIn({ ...recordNeeds(needs), at: record.at, required: [] })).toEqual(needs);
  });

  it("holds no kind of GPU where it says that none is needed", () => {
    expect(requirementIn({ ...ofAKind, gpu: false })).toEqual({ gpu: false, hours: 100 });
  });

  it("is found on a pod", () => {
    const annotations = { [annotationKeys.injected]: writeRecord(record) };
    expect(recordOf(Pod.parse({ metadata: { annotations }, spec: {} }))).toEqual(record);
  });

  it.each([null, undefined, {}])("is not found among annotations that are %j", (annotations) => {
    expect(recordOf(Pod.parse({ metadata: { annotations }, spec: {} }))).toBeUndefined();
  });

  it.each([
    ["no text", ""],
    ["no JSON", "{"],
    ["null", "null"],
    ["a list", "[]"],
    ["nothing in it", "{}"],
    [
      "another's label",
      change({
        required: [{ key: "topology.kubernetes.io/zone", operator: "In", values: ["true"] }],
      }),
    ],
    [
      "another operator",
      change({
        required: [{ key: "topology.corinternal.com/gpu", operator: "NotIn", values: ["true"] }],
      }),
    ],
    [
      "two values",
      change({
        required: [
          { key: "topology.corinternal.com/gpu", operator: "In", values: ["true", "false"] },
        ],
      }),
    ],
    [
      "a bound that is no number",
      change({
        required: [
          { key: "topology.corinternal.com/available-until", operator: "Gt", values: ["soon"] },
        ],
      }),
    ],
    [
      "too many expressions",
      change({ required: Array.from({ length: 6 }, () => record.required[0]) }),
    ],
    ["a model that is none", change({ gpuModel: "-" })],
    ["an endless model", change({ gpuModel: "x".repeat(64) })],
    ["a fraction of GiB", change({ gpuMemoryGib: 1.5 })],
    ["no GPUs", change({ gpuCount: 0 })],
    ["another spelling of a model", change(asking("gpu-model", "In", "NVIDIA L40S"))],
    ["a model but by comparison", change(asking("gpu-model", "Gt", "4"))],
    ["one count alone", change(asking("gpu-count", "In", "2"))],
    ["a count below zero", change(asking("gpu-count", "Gt", "-1"))],
    ["endless GiB", change(asking("gpu-memory-gib", "Gt", "99999"))],
    ["a time that is none", change({ at: "yesterday" })],
    ["an endless name", change({ preferredNode: "x".repeat(254) })],
    ["endless text", writeRecord(record).padEnd(5000, " ")],
  ])("with %s is none", (_what, text) => {
    expect(readRecord(text)).toBeUndefined();
  });
});

function asking(name: string, operator: string, value: string): object {
  return { required: [{ key: `topology.corinternal.com/${name}`, operator, values: [value] }] };
}

function change(overrides: object): string {
  return JSON.stringify({ ...record, ...overrides });
}
