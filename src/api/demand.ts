/** Reads from a pod's annotations what its job needs of a node. */

import type { Requirement } from "../selection/model.ts";
import { acceptedHours, maxHours, parseHours } from "./des-acc-time.ts";
import { gpuNeedsKeys, readGpuNeeds } from "./gpu-needs.ts";
import { type GpuRequest, gpuRequestOf } from "./gpu-request.ts";
import type { GpuInfoSpec } from "./gpuinfo.ts";
import { group } from "./group.ts";
import { annotationKeys } from "./names.ts";
import type { Pod } from "./pod.ts";
import { quote } from "./quote.ts";
import { requirementFromSpec, requirementOf } from "./requirement.ts";

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
  /** All needs are taken from the GPUInfo of that name in the pod's namespace. */
  | { readonly kind: "reference"; readonly name: string; readonly warnings: readonly string[] };

export type ResolvedDemand = Exclude<Demand, { kind: "reference" }>;

const prefix = `${group}/`;
const known: ReadonlySet<string> = new Set(Object.values(annotationKeys));
/** The needs themselves: any of them is enough. */
const needsKeys = [annotationKeys.desAccTime, annotationKeys.gpuRequired, ...gpuNeedsKeys] as const;
const acceptedNames = needsKeys.map((key) => key.slice(prefix.length)).join(", ");

export function readDemand(pod: Pod): Demand {
  const annotations = pod.metadata.annotations ?? {};
  const unknown = Object.keys(annotations).filter(
    (key) => key.startsWith(prefix) && !known.has(key),
  );
  if (unknown.length > 0) return refused(describeUnknown(unknown));
  const needs = needsKeys.filter((key) => key in annotations);
  const reference = annotations[annotationKeys.gpuInfo];
  if (reference !== undefined) return readReference(reference, needs);
  return needs.length === 0 ? { kind: "none" } : readNeeds(pod, annotations);
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

function readReference(name: string, beside: readonly string[]): Demand {
  if (beside.length > 0) {
    return refused(
      `${annotationKeys.gpuInfo} stands beside ${beside.join(", ")}; ` +
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

function readNeeds(pod: Pod, annotations: Annotations): Demand {
  const warnings: string[] = [];
  const request = gpuRequestOf(pod);
  const hours = readHours(pod, annotations, warnings);
  const kind = readGpuNeeds(annotations);
  const gpu = readGpu(annotations, request);
  const problems = [...hours.problems, ...gpu.problems, ...kind.problems];
  if (hours.value === undefined || gpu.value === undefined || problems.length > 0)
    return refused(problems.join("; "));
  const isSaid = [annotationKeys.gpuRequired, ...gpuNeedsKeys].some((key) => key in annotations);
  warnings.push(...(isSaid ? warnAboutGpu(gpu.value, request) : warnAboutClaim(request)));
  const requirement = requirementOf(gpu.value, hours.value, kind.needs);
  return { kind: "needs", requirement, warnings };
}

type Annotations = Readonly<Record<string, string>>;

/** `value` is undefined where there are problems. */
interface Read<Value> {
  readonly value: Value | undefined;
  readonly problems: readonly string[];
}

function readHours(pod: Pod, annotations: Annotations, warnings: string[]): Read<number> {
  const text = annotations[annotationKeys.desAccTime];
  const value = text === undefined ? defaultHours(pod, warnings) : parseHours(text);
  if (value !== undefined) return { value, problems: [] };
  return {
    value,
    problems: [
      `${annotationKeys.desAccTime}: found ${quote(text ?? "")}; accepted are ${acceptedHours}`,
    ],
  };
}

/** Whoever says which GPU wants one. */
function readGpu(annotations: Annotations, request: GpuRequest): Read<boolean> {
  const text = annotations[annotationKeys.gpuRequired];
  const kind = gpuNeedsKeys.filter((key) => key in annotations);
  switch (text) {
    case undefined:
      return { value: kind.length > 0 || request.kind !== "none", problems: [] };
    case "true":
      return { value: true, problems: [] };
    case "false":
      return { value: false, problems: problemsWithout(kind, request) };
    default: {
      const problem = `${annotationKeys.gpuRequired}: found ${quote(text)}; accepted are "true" and "false"`;
      return { value: undefined, problems: [problem] };
    }
  }
}

/** What else on the pod says that it needs a GPU, though its annotation says that it needs none. */
function problemsWithout(kind: readonly string[], request: GpuRequest): readonly string[] {
  const found = `${annotationKeys.gpuRequired}: found "false"`;
  const problems: string[] = [];
  if (request.kind === "resource") {
    problems.push(
      `${found}, but the pod asks for ${quote(request.name)}; accepted is "true", or no such request`,
    );
  }
  if (kind.length > 0) {
    problems.push(
      `${found} beside ${kind.join(", ")}; accepted is "true", or gpu-required left out`,
    );
  }
  return problems;
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
  return `unknown annotation ${quote(first)}${others}; known are ${acceptedNames} and gpuinfo`;
}

function refused(message: string): { kind: "refused"; message: string } {
  return { kind: "refused", message };
}
