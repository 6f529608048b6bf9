/** Reads from a pod's annotations what its job needs of a node. */

import type { Requirement } from "../selection/model.ts";
import { acceptedHours, maxHours, parseHours } from "./des-acc-time.ts";
import { type GpuRequest, gpuRequestOf } from "./gpu-request.ts";
import type { GpuInfoSpec } from "./gpuinfo.ts";
import { group } from "./group.ts";
import { annotationKeys } from "./names.ts";
import type { Pod } from "./pod.ts";
import { quote } from "./quote.ts";
import { requirementFromSpec } from "./requirement.ts";

export type Demand =
  /** No annotation of ours: the pod is none of our business. */
  | { readonly kind: "none" }
  /** `message` names the annotation, what was found and what is accepted. */
  | { readonly kind: "refused"; readonly message: string }
  | {
      readonly kind: "needs";
      readonly requirement: Requirement;
      /** Short sentences for the user about what is odd, though accepted. */
      readonly warnings: readonly string[];
    }
  /** Hours and GPU are taken from the GPUInfo of that name in the pod's namespace. */
  | { readonly kind: "reference"; readonly name: string; readonly warnings: readonly string[] };

export type ResolvedDemand = Exclude<Demand, { kind: "reference" }>;

const prefix = `${group}/`;
const known: ReadonlySet<string> = new Set(Object.values(annotationKeys));
const accepted = [annotationKeys.desAccTime, annotationKeys.gpuRequired, annotationKeys.gpuInfo];

export function readDemand(pod: Pod): Demand {
  const annotations = pod.metadata.annotations ?? {};
  const unknown = Object.keys(annotations).filter(
    (key) => key.startsWith(prefix) && !known.has(key),
  );
  if (unknown.length > 0) return refused(describeUnknown(unknown));
  const hours = annotations[annotationKeys.desAccTime];
  const gpu = annotations[annotationKeys.gpuRequired];
  const reference = annotations[annotationKeys.gpuInfo];
  if (reference !== undefined) return readReference(reference, hours ?? gpu);
  if (hours === undefined && gpu === undefined) return { kind: "none" };
  return readNeeds(pod, hours, gpu);
}

/**
 * A reference resolved by `specOf`.
 * @returns the demand; refused where that GPUInfo is absent
 */
export function resolveDemand(
  pod: Pod,
  namespace: string,
  specOf: (namespace: string, name: string) => GpuInfoSpec | undefined,
): ResolvedDemand {
  const demand = readDemand(pod);
  if (demand.kind !== "reference") return demand;
  return demandFromSpec(pod, namespace, demand.name, specOf(namespace, demand.name));
}

/** The demand of a pod that refers to this GPUInfo; refused where there is none (`spec` undefined). */
export function demandFromSpec(
  pod: Pod,
  namespace: string,
  name: string,
  spec: GpuInfoSpec | undefined,
): ResolvedDemand {
  if (spec === undefined) {
    return refused(
      `${annotationKeys.gpuInfo}: there is no GPUInfo ${quote(name)} in namespace ${quote(namespace)}; ` +
        `kubectl get gpuinfoes -n ${namespace} lists those that there are`,
    );
  }
  const requirement = requirementFromSpec(spec);
  const request = gpuRequestOf(pod);
  if (request.kind === "resource" && !requirement.gpu) {
    return refused(
      `${annotationKeys.gpuInfo}: GPUInfo ${quote(name)} has gpuRequired: false, but the pod asks for ${quote(request.name)}; ` +
        "refer to one with gpuRequired: true, or take the request out",
    );
  }
  return { kind: "needs", requirement, warnings: warnAboutGpu(requirement.gpu, request) };
}

function readReference(name: string, beside: string | undefined): Demand {
  if (beside !== undefined) {
    return refused(
      `${annotationKeys.gpuInfo} stands beside ${annotationKeys.desAccTime} or ${annotationKeys.gpuRequired}; ` +
        "give either the reference or the needs themselves",
    );
  }
  if (!isObjectName(name)) {
    return refused(
      `${annotationKeys.gpuInfo}: found ${quote(name)}; accepted is the name of a GPUInfo in the pod's namespace ` +
        "(lower case letters, digits, - and .)",
    );
  }
  return { kind: "reference", name, warnings: [] };
}

/** RFC 1123 subdomain, as Kubernetes names objects. */
function isObjectName(name: string): boolean {
  return (
    name.length <= 253 &&
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name)
  );
}

function readNeeds(pod: Pod, hoursText: string | undefined, gpuText: string | undefined): Demand {
  const problems: string[] = [];
  const warnings: string[] = [];
  const request = gpuRequestOf(pod);
  const hours = hoursText === undefined ? defaultHours(pod, warnings) : parseHours(hoursText);
  if (hours === undefined) {
    problems.push(
      `${annotationKeys.desAccTime}: found ${quote(hoursText ?? "")}; accepted are ${acceptedHours}`,
    );
  }
  const gpu = gpuText === undefined ? request.kind !== "none" : parseBoolean(gpuText);
  if (gpu === undefined) {
    problems.push(
      `${annotationKeys.gpuRequired}: found ${quote(gpuText ?? "")}; accepted are "true" and "false"`,
    );
  }
  if (gpu === false && request.kind === "resource") {
    problems.push(
      `${annotationKeys.gpuRequired}: found "false", but the pod asks for ${quote(request.name)}; accepted is "true", or no such request`,
    );
  }
  if (hours === undefined || gpu === undefined || problems.length > 0)
    return refused(problems.join("; "));
  if (gpuText === undefined) warnings.push(...warnAboutClaim(request));
  else warnings.push(...warnAboutGpu(gpu, request));
  return { kind: "needs", requirement: { gpu, hours }, warnings };
}

function parseBoolean(text: string): boolean | undefined {
  return text === "true" || text === "false" ? text === "true" : undefined;
}

function defaultHours({ spec }: Pod, warnings: string[]): number {
  const hours = Math.max(1, Math.ceil((spec.activeDeadlineSeconds ?? 0) / 3600));
  if (hours <= maxHours) return hours;
  warnings.push(`activeDeadlineSeconds is more than a year: ${maxHours} hours are asked for`);
  return maxHours;
}

function warnAboutGpu(gpu: boolean, request: GpuRequest): string[] {
  if (!gpu || request.kind !== "none") return [];
  return ["a GPU node is asked for, but no container asks for a GPU such as nvidia.com/gpu"];
}

/** Only the claim and its class tell the device, and most are for GPUs. */
function warnAboutClaim(request: GpuRequest): string[] {
  if (request.kind !== "claim") return [];
  return [
    "a GPU is assumed, as the pod has resource claims; gpu-required: true or false settles it",
  ];
}

function describeUnknown(keys: readonly string[]): string {
  const [first = "", ...more] = keys.toSorted();
  const others = more.length === 0 ? "" : ` and ${more.length} more`;
  return `unknown annotation ${quote(first)}${others}; known are ${accepted.join(", ")}`;
}

function refused(message: string): { kind: "refused"; message: string } {
  return { kind: "refused", message };
}
