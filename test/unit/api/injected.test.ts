import { describe, expect, it } from "vitest";
import {
  type InjectionRecord,
  readRecord,
  recordOf,
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

describe("a record", () => {
  it("is read as it was written", () => {
    expect(readRecord(writeRecord(record))).toEqual(record);
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
      change({ required: Array.from({ length: 5 }, () => record.required[0]) }),
    ],
    ["a time that is none", change({ at: "yesterday" })],
    ["an endless name", change({ preferredNode: "x".repeat(254) })],
    ["endless text", writeRecord(record).padEnd(5000, " ")],
  ])("with %s is none", (_what, text) => {
    expect(readRecord(text)).toBeUndefined();
  });
});

function change(overrides: object): string {
  return JSON.stringify({ ...record, ...overrides });
}
