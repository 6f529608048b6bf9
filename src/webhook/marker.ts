/** Adds to a pod the resource that makes a shared kube-scheduler call the extender, and takes it out again. */

import { markerResource } from "../api/names.ts";
import type { Container, Pod, Resources } from "../api/pod.ts";
import type { Placement } from "./mode.ts";
import { asksExtender } from "./scheduler-name.ts";

const one = "1";

/** On the first container, where the pod's scheduler has the extender. */
export function withMarker(pod: Pod, placement: Placement): Pod {
  if (placement.mode !== "extender" || !asksExtender(pod, placement)) return pod;
  const containers = pod.spec.containers ?? [];
  if (containers.some(isMarked)) return pod;
  return withContainers(
    pod,
    containers.map((container, index) => (index === 0 ? mark(container) : container)),
  );
}

export function withoutMarker(pod: Pod): Pod {
  const containers = pod.spec.containers ?? [];
  if (!containers.some(isMarked)) return pod;
  return withContainers(
    pod,
    containers.map((container) => (isMarked(container) ? unmark(container) : container)),
  );
}

export function hasMarker({ spec }: Pod): boolean {
  return (spec.containers ?? []).some(isMarked);
}

function withContainers(pod: Pod, containers: Container[]): Pod {
  return { ...pod, spec: { ...pod.spec, containers } };
}

/** Requests and limits of an extended resource must be equal. */
function isMarked({ resources }: Container): boolean {
  return [resources?.requests, resources?.limits].every(
    (list) => String(list?.[markerResource]) === one,
  );
}

function mark(container: Container): Container {
  const marked: Resources = {
    ...container.resources,
    requests: { ...container.resources?.requests, [markerResource]: one },
    limits: { ...container.resources?.limits, [markerResource]: one },
  };
  return { ...container, resources: marked };
}

function unmark(container: Container): Container {
  const { [markerResource]: _request, ...requests } = container.resources?.requests ?? {};
  const { [markerResource]: _limit, ...limits } = container.resources?.limits ?? {};
  return { ...container, resources: { ...container.resources, requests, limits } };
}
