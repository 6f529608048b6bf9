/** The JSON Patch that leads from one pod to another, in the places that we change. */

import { annotationKeys, labelKeys, markerResource } from "../api/names.ts";
import type { Container, Pod } from "../api/pod.ts";
import type { Operation } from "./review.ts";

/**
 * A patch that does not apply makes the API server refuse the pod, whatever the failure policy: so no operation is below
 * a parent that may be missing, and none tests anything.
 */
export function podPatch(before: Pod, after: Pod): readonly Operation[] {
  const { metadata, spec } = before;
  const containers = spec.containers ?? [];
  return [
    ...entry("/metadata/labels", labelKeys.managed, metadata.labels, after.metadata.labels),
    ...entry(
      "/metadata/annotations",
      annotationKeys.injected,
      metadata.annotations,
      after.metadata.annotations,
    ),
    ...member("/spec/schedulerName", spec.schedulerName, after.spec.schedulerName),
    ...nodeAffinity(before, after),
    ...containers.flatMap((container, index) =>
      marker(`/spec/containers/${index}/resources`, container, after.spec.containers?.[index]),
    ),
  ];
}

function nodeAffinity(before: Pod, after: Pod): Operation[] {
  const { affinity } = before.spec;
  const wanted = after.spec.affinity?.nodeAffinity;
  if (isAbsent(affinity)) {
    return isAbsent(wanted) ? [] : [add("/spec/affinity", { nodeAffinity: wanted })];
  }
  return member("/spec/affinity/nodeAffinity", affinity.nodeAffinity, wanted);
}

function marker(path: string, before: Container, after: Container | undefined): Operation[] {
  const { resources } = before;
  if (isAbsent(resources)) {
    return isAbsent(after?.resources) ? [] : [add(path, after.resources)];
  }
  return [
    ...entry(`${path}/requests`, markerResource, resources.requests, after?.resources?.requests),
    ...entry(`${path}/limits`, markerResource, resources.limits, after?.resources?.limits),
  ];
}

type Entries = Readonly<Record<string, unknown>> | null | undefined;

/** One entry of a map that may not be there itself. */
function entry(path: string, key: string, before: Entries, after: Entries): Operation[] {
  if (!isAbsent(before)) return member(`${path}/${escape(key)}`, before[key], after?.[key]);
  return isAbsent(after?.[key]) ? [] : [add(path, { [key]: after[key] })];
}

/** One member of an object that is there. */
function member(path: string, before: unknown, after: unknown): Operation[] {
  if (isAbsent(after)) return isAbsent(before) ? [] : [{ op: "remove", path }];
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [add(path, after)];
}

function add(path: string, value: unknown): Operation {
  return { op: "add", path, value };
}

/** RFC 6901: a slash in a key is no separator. Our keys have nothing else to escape. */
function escape(key: string): string {
  return key.replaceAll("/", "~1");
}

function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}
