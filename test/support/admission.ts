/** Shows pods to the webhook as the API server does, and looks at what comes back. */

import { pino } from "pino";
import { z } from "zod";
import { annotationKeys } from "../../src/api/names.ts";
import type {
  Fitting,
  Rejected,
  Requirement,
  Selection,
  SelectNodes,
} from "../../src/selection/model.ts";
import { Admissions } from "../../src/webhook/admissions.ts";
import { type AdmitOptions, admit } from "../../src/webhook/admit.ts";
import type { AdmissionRequest, Answer } from "../../src/webhook/review.ts";
import { aFitting as aFittingCandidate, aNode, now } from "./builders.ts";
import { applyPatch } from "./json-patch.ts";

/** A pod as JSON: what a test changes in it, no schema has seen. */
const RawPod = z.looseObject({
  metadata: z.record(z.string(), z.unknown()),
  spec: z.record(z.string(), z.unknown()),
});
export type RawPod = z.infer<typeof RawPod>;

export const gpuFor100 = {
  [annotationKeys.desAccTime]: "100",
  [annotationKeys.gpuRequired]: "true",
} as const;

/** The same, and of a certain kind. */
export const l40sFor100 = {
  ...gpuFor100,
  [annotationKeys.gpuModel]: "NVIDIA L40S",
  [annotationKeys.gpuMemoryGib]: "44",
  [annotationKeys.gpuCount]: "2",
} as const;

export const cpuFor100 = { ...gpuFor100, [annotationKeys.gpuRequired]: "false" } as const;

/** Asks for a GPU for 100 hours. */
export function aRawPod({
  metadata = {},
  spec = {},
}: {
  metadata?: Record<string, unknown>;
  spec?: Record<string, unknown>;
} = {}): RawPod {
  return {
    metadata: { generateName: "train-", namespace: "ml", annotations: gpuFor100, ...metadata },
    spec: { containers: [{ name: "train", resources: {} }], ...spec },
  };
}

export function aRequest(overrides: Partial<AdmissionRequest> = {}): AdmissionRequest {
  return {
    uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
    resource: { group: "", resource: "pods" },
    namespace: "ml",
    operation: "CREATE",
    object: aRawPod(),
    ...overrides,
  };
}

export function aFitting(name: string): Fitting {
  return aFittingCandidate({ node: aNode({ name }) });
}

function aSelection(
  requirement: Requirement,
  fitting: readonly string[],
  rejected: readonly Rejected[] = [],
): Selection {
  const ranking = { requirement, takenAt: now, fitting: fitting.map(aFitting), rejected };
  return { kind: "ranked", ranking };
}

/** Always the same nodes, best first. */
export function selecting(
  fitting: readonly string[],
  rejected: readonly Rejected[] = [],
): SelectNodes {
  return (requirement) => aSelection(requirement, fitting, rejected);
}

export function admitOptions(overrides: Partial<AdmitOptions> = {}): AdmitOptions {
  return {
    mode: "scheduler",
    schedulerName: "gpuinfo-scheduler",
    extenderSchedulers: new Set(["default-scheduler"]),
    gpuPolicy: "exact",
    selectNodes: selecting(["worker-7"]),
    getGpuInfoSpec: async () => undefined,
    admissions: new Admissions(),
    now: () => now,
    log: pino({ level: "silent" }),
    ...overrides,
  };
}

export interface Shown {
  readonly answer: Answer;
  /** The pod as it would be stored. */
  readonly after: RawPod;
}

export async function show(pod: RawPod, overrides: Partial<AdmitOptions> = {}): Promise<Shown> {
  const { answer } = await admit(aRequest({ object: pod }), admitOptions(overrides));
  const after = answer.allowed ? applyPatch(pod, answer.operations) : pod;
  return { answer, after: RawPod.parse(after) };
}
