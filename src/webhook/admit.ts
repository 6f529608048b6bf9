/** Decides about one admission request: leave the pod alone, refuse it, or change it. */

import type { Logger } from "pino";
import { z } from "zod";
import { demandFromSpec, type ResolvedDemand, readDemand } from "../api/demand.ts";
import type { GpuInfoSpec } from "../api/gpuinfo.ts";
import { annotationKeys } from "../api/names.ts";
import { Pod } from "../api/pod.ts";
import { quote } from "../api/quote.ts";
import type { SelectNodes } from "../selection/model.ts";
import type { Admissions } from "./admissions.ts";
import { inject, withoutInjected } from "./injection.ts";
import type { Placement } from "./mode.ts";
import type { ReviewResult } from "./observer.ts";
import { podPatch } from "./pod-patch.ts";
import { choosePreference } from "./preference.ts";
import type { AdmissionRequest, Answer } from "./review.ts";

export interface AdmitOptions extends Placement {
  readonly selectNodes: SelectNodes;
  /** Undefined where there is no such GPUInfo; rejects where nobody could tell. */
  readonly getGpuInfoSpec: (namespace: string, name: string) => Promise<GpuInfoSpec | undefined>;
  readonly admissions: Admissions;
  readonly now: () => Date;
  readonly log: Logger;
}

export interface Admission {
  readonly answer: Answer;
  readonly result: ReviewResult;
}

const PodRequest = z.object({ object: Pod });

/** @throws z.ZodError where the object is no pod */
export async function admit(request: AdmissionRequest, options: AdmitOptions): Promise<Admission> {
  if (!isNewPod(request)) return untouched;
  const { object: pod } = PodRequest.parse(request);
  if (pod.spec.nodeName) return untouched;
  const namespace = request.namespace || pod.metadata.namespace || "";
  const demand = await demandOf(pod, namespace, options);
  switch (demand.kind) {
    case "none":
      return forget(pod, options);
    case "unreadable":
      return { answer: unavailable(demand.name), result: "error" };
    case "refused":
      return { answer: refuse(demand.message), result: "refused" };
    case "needs":
      return place(pod, demand, { ...request, namespace }, options);
  }
}

function isNewPod({ operation, resource, subResource }: AdmissionRequest): boolean {
  return (
    operation === "CREATE" && resource.group === "" && resource.resource === "pods" && !subResource
  );
}

type Unreadable = { readonly kind: "unreadable"; readonly name: string };

async function demandOf(
  pod: Pod,
  namespace: string,
  { getGpuInfoSpec, log }: AdmitOptions,
): Promise<ResolvedDemand | Unreadable> {
  const demand = readDemand(pod);
  if (demand.kind !== "reference") return demand;
  const { name } = demand;
  try {
    return demandFromSpec(pod, namespace, name, await getGpuInfoSpec(namespace, name));
  } catch (error) {
    log.error({ err: error, namespace, gpuInfo: name }, "cannot read the GPUInfo that a pod names");
    return { kind: "unreadable", name };
  }
}

/** A copy of a pod of ours that no longer asks for anything: nothing of ours stays on it. */
function forget(pod: Pod, options: AdmitOptions): Admission {
  const operations = podPatch(pod, withoutInjected(pod, options));
  if (operations.length === 0) return untouched;
  return { answer: { allowed: true, operations, warnings: [] }, result: "allowed" };
}

function place(
  pod: Pod,
  { requirement, warnings }: Extract<ResolvedDemand, { kind: "needs" }>,
  { namespace, dryRun }: AdmissionRequest,
  options: AdmitOptions,
): Admission {
  const now = options.now();
  const injected = inject(pod, requirement, now, options, () =>
    choosePreference(requirement, options),
  );
  const { name, generateName } = pod.metadata;
  if (!dryRun) {
    const identity = { namespace, name: name ?? "", generateName: generateName ?? "" };
    options.admissions.admitted(pod, { ...identity, preferredNode: injected.chosenNode }, now);
  }
  return {
    answer: {
      allowed: true,
      operations: podPatch(pod, injected.pod),
      warnings: [...warnings, ...injected.warnings],
    },
    result: "allowed",
  };
}

const untouched: Admission = {
  answer: { allowed: true, operations: [], warnings: [] },
  result: "untouched",
};

function refuse(message: string): Answer {
  return { allowed: false, code: 400, reason: "BadRequest", message };
}

function unavailable(name: string): Answer {
  return {
    allowed: false,
    code: 503,
    reason: "ServiceUnavailable",
    message:
      `${annotationKeys.gpuInfo}: GPUInfo ${quote(name)} cannot be read at the moment; try again, ` +
      "and if it stays so look for it in gpuinfo's log",
  };
}
