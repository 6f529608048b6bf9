/** Takes from a pod that gpuinfo manages what placement needs to know. */

import { cpuRequestMilli } from "../api/cpu-request.ts";
import { group } from "../api/group.ts";
import { recordOf } from "../api/injected.ts";
import { labelKeys } from "../api/names.ts";
import { placementAtRisk, type RiskCondition } from "../api/placement-at-risk.ts";
import { Pod } from "../api/pod.ts";
import { at, listAt, textAt } from "./json.ts";
import type { Selector } from "./list-watch.ts";

/** The pods that the webhook has labelled: no others are ever watched. */
export const managedPods: Selector = { labelSelector: `${labelKeys.managed}=true` };

export interface ManagedPod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly generateName?: string;
  readonly createdAt: Date;
  /** The node it is bound to. */
  readonly nodeName?: string;
  /** When it was bound; whole seconds, by the API server's clock. */
  readonly boundAt?: Date;
  /** `status.startTime`: when its node took it on. */
  readonly startedAt?: Date;
  /** The condition that the leader has written; absent on a pod that was never at risk. */
  readonly atRisk?: RiskCondition;
  /** `status.phase`; empty when unset. */
  readonly phase: string;
  /** Its deletion has begun. */
  readonly deleting: boolean;
  /** What it requests, as kube-scheduler sums it: thousandths of a core. */
  readonly cpuMilli: number;
  /** kube-scheduler has tried, and found no node. */
  readonly unschedulable: boolean;
  /** The node that the webhook preferred for it. */
  readonly preferredNode?: string;
  /** For reading its demand: of labels and annotations, only the annotations under our prefix. */
  readonly pod: Pod;
}

/**
 * @param object a v1 Pod as the API server sends it
 * @throws Error when it has no name, namespace or uid
 */
export function readPod(object: unknown): ManagedPod {
  const pod = parsePod(object);
  const conditions = listAt(object, "status", "conditions");
  const scheduled = conditions.find(isPodScheduled);
  const nodeName = textAt(object, "spec", "nodeName") || undefined;
  const boundAt = nodeName === undefined ? undefined : boundTime(scheduled);
  const startedAt = timeOf(textAt(object, "status", "startTime"));
  const atRisk = readRisk(conditions.find(isPlacementAtRisk));
  const generateName = textAt(object, "metadata", "generateName") || undefined;
  const preferredNode = recordOf(pod)?.preferredNode;
  return {
    uid: identity(object, "uid"),
    namespace: identity(object, "namespace"),
    name: identity(object, "name"),
    ...(generateName !== undefined && { generateName }),
    createdAt: timeOf(textAt(object, "metadata", "creationTimestamp")) ?? new Date(0),
    ...(nodeName !== undefined && { nodeName }),
    ...(boundAt !== undefined && { boundAt }),
    ...(startedAt !== undefined && { startedAt }),
    ...(atRisk !== undefined && { atRisk }),
    phase: textAt(object, "status", "phase") ?? "",
    deleting: textAt(object, "metadata", "deletionTimestamp") !== undefined,
    cpuMilli: cpuRequestMilli(pod),
    unschedulable: nodeName === undefined && isUnschedulable(scheduled),
    ...(preferredNode !== undefined && { preferredNode }),
    pod,
  };
}

function identity(object: unknown, field: "uid" | "namespace" | "name"): string {
  const text = textAt(object, "metadata", field);
  if (text === undefined || text === "") throw new Error(`a Pod without metadata.${field}`);
  return text;
}

/**
 * Of a pod in a shape that we do not know, the annotations still say what it needs. Those of others are not kept:
 * a pod may have 256 KiB of them.
 */
function parsePod(object: unknown): Pod {
  const { spec } = Pod.safeParse(object).data ?? { spec: {} };
  return { metadata: { annotations: ours(at(object, "metadata", "annotations")) }, spec };
}

function ours(map: unknown): Record<string, string> {
  const entries = Object.entries(map ?? {});
  return Object.fromEntries(
    entries.filter(([key, value]) => key.startsWith(`${group}/`) && typeof value === "string"),
  );
}

function isPodScheduled(condition: unknown): boolean {
  return textAt(condition, "type") === "PodScheduled";
}

function isPlacementAtRisk(condition: unknown): boolean {
  return textAt(condition, "type") === placementAtRisk;
}

/** `Unknown` is not ours, and says nothing. */
function readRisk(condition: unknown): RiskCondition | undefined {
  const status = textAt(condition, "status");
  if (status !== "True" && status !== "False") return undefined;
  return {
    status,
    reason: textAt(condition, "reason") ?? "",
    message: textAt(condition, "message") ?? "",
    lastTransitionTime: textAt(condition, "lastTransitionTime") ?? "",
  };
}

function boundTime(scheduled: unknown): Date | undefined {
  if (textAt(scheduled, "status") !== "True") return undefined;
  return timeOf(textAt(scheduled, "lastTransitionTime"));
}

function timeOf(text: string | undefined): Date | undefined {
  const time = new Date(text ?? "");
  return Number.isNaN(time.getTime()) ? undefined : time;
}

function isUnschedulable(scheduled: unknown): boolean {
  return textAt(scheduled, "status") === "False" && textAt(scheduled, "reason") === "Unschedulable";
}
