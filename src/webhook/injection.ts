/** Turns a pod with needs into one that finds its node, and a pod that we changed back into what it was. */

import { isSameKind } from "../api/gpu-needs.ts";
import {
  type Expression,
  type InjectionRecord,
  recordNeeds,
  recordOf,
  requirementIn,
  writeRecord,
} from "../api/injected.ts";
import { annotationKeys } from "../api/names.ts";
import type { NodeAffinity, Pod } from "../api/pod.ts";
import type { Requirement } from "../selection/model.ts";
import { contradictions } from "./contradictions.ts";
import { hasLabel, withLabel, withoutLabel } from "./managed-label.ts";
import { hasMarker, withMarker, withoutMarker } from "./marker.ts";
import type { Placement } from "./mode.ts";
import { nodeExpressions } from "./node-expressions.ts";
import type { Preference } from "./preference.ts";
import { preferNode, prefersNode, unpreferNode } from "./preferred-node.ts";
import { requireOnNode, unrequireOnNode } from "./required-affinity.ts";
import { warnAboutScheduler, withoutScheduler, withScheduler } from "./scheduler-name.ts";

/** So long after we changed a pod, being shown it again is the same admission: another webhook changed it after us. */
const sameAdmissionMs = 60_000;

export interface Injected {
  readonly pod: Pod;
  readonly warnings: readonly string[];
  /** The node that was chosen just now; absent where none was, or where an earlier choice stays. */
  readonly chosenNode?: string;
}

/**
 * @param choose asked only where no earlier choice stays
 * @returns a pod that holds every constraint of its needs, whatever record it came with
 */
export function inject(
  pod: Pod,
  requirement: Requirement,
  now: Date,
  placement: Placement,
  choose: () => Preference,
): Injected {
  const found = recordOf(pod);
  const earlier = found && isSameAdmission(found, requirement, now, placement) ? found : undefined;
  const own = earlier === undefined ? withoutInjected(pod, placement) : pod;
  const at = earlier === undefined ? now : new Date(earlier.at);
  const wanted = nodeExpressions(requirement, at, placement);
  const preference = earlier === undefined ? choose() : preferenceIn(earlier);
  const { affinity, added } = steer(own, wanted, preference, earlier);
  const placed = withLabel(
    withMarker(withScheduler(withAffinity(own, affinity), placement), placement),
  );
  const record: InjectionRecord = {
    at: earlier?.at ?? now.toISOString(),
    ...recordNeeds(requirement),
    required: [...added],
    ...(preference.node !== undefined && { preferredNode: preference.node }),
    ...schedulerIn(own, placed, earlier),
    ...((earlier?.marker || !hasMarker(own)) && hasMarker(placed) && { marker: true }),
    ...((earlier?.label || !hasLabel(own)) && { label: true }),
  };
  const chosen = earlier === undefined ? preference.node : undefined;
  return {
    pod: withRecord(placed, writeRecord(record)),
    warnings: [
      ...contradictions(own, wanted),
      ...warnAboutScheduler(placed, placement),
      ...preference.warnings,
    ],
    ...(chosen !== undefined && { chosenNode: chosen }),
  };
}

/** The pod without what its record lists; the very same pod where it has no record of ours. */
export function withoutInjected(pod: Pod, placement: Placement): Pod {
  const record = recordOf(pod);
  if (record === undefined) return pod;
  const { required, preferredNode, schedulerName, marker, label } = record;
  const affinity = unrequireOnNode(pod.spec.affinity?.nodeAffinity, required);
  let own = withAffinity(
    pod,
    preferredNode === undefined ? affinity : unpreferNode(affinity, preferredNode),
  );
  own = withoutScheduler(own, schedulerName, placement);
  if (marker) own = withoutMarker(own);
  if (label) own = withoutLabel(own);
  return withoutRecord(own);
}

/** The record comes from the pod, so anybody may have written it: only its time is believed, and that within a minute. */
function isSameAdmission(
  record: InjectionRecord,
  requirement: Requirement,
  now: Date,
  placement: Placement,
): boolean {
  const at = new Date(record.at);
  if (!isSameRequirement(requirementIn(record), requirement)) return false;
  if (Math.abs(now.getTime() - at.getTime()) > sameAdmissionMs) return false;
  const wanted = nodeExpressions(requirement, at, placement).map((each) => JSON.stringify(each));
  return record.required.every((each) => wanted.includes(JSON.stringify(each)));
}

function isSameRequirement(a: Requirement, b: Requirement): boolean {
  return a.gpu === b.gpu && a.hours === b.hours && isSameKind(a.gpuNeeds, b.gpuNeeds);
}

function preferenceIn({ preferredNode }: InjectionRecord): Preference {
  return { ...(preferredNode !== undefined && { node: preferredNode }), warnings: [] };
}

function steer(
  { spec }: Pod,
  wanted: readonly Expression[],
  { node }: Preference,
  earlier: InjectionRecord | undefined,
): { affinity: NodeAffinity; added: readonly Expression[] } {
  const before = spec.affinity?.nodeAffinity;
  const { affinity, added } = requireOnNode(before, wanted, earlier?.required);
  const isThere = node === undefined || (earlier !== undefined && prefersNode(affinity, node));
  return { affinity: isThere ? affinity : preferNode(affinity, node), added };
}

/** What we put there now, or had put there before. */
function schedulerIn(
  own: Pod,
  placed: Pod,
  earlier: InjectionRecord | undefined,
): Pick<InjectionRecord, "schedulerName"> {
  const { schedulerName } = placed.spec;
  if (!schedulerName) return {};
  const isOurs =
    own.spec.schedulerName !== schedulerName || earlier?.schedulerName === schedulerName;
  return isOurs ? { schedulerName } : {};
}

function withAffinity(pod: Pod, nodeAffinity: NodeAffinity | null | undefined): Pod {
  if (nodeAffinity === pod.spec.affinity?.nodeAffinity) return pod;
  return { ...pod, spec: { ...pod.spec, affinity: { ...pod.spec.affinity, nodeAffinity } } };
}

function withRecord(pod: Pod, text: string): Pod {
  return withAnnotations(pod, { ...pod.metadata.annotations, [annotationKeys.injected]: text });
}

function withoutRecord(pod: Pod): Pod {
  const { [annotationKeys.injected]: _, ...annotations } = pod.metadata.annotations ?? {};
  return withAnnotations(pod, annotations);
}

function withAnnotations(pod: Pod, annotations: Record<string, string>): Pod {
  return { ...pod, metadata: { ...pod.metadata, annotations } };
}
