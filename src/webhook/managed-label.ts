/** Labels the pods that are ours, so that only these are watched. */

import { labelKeys } from "../api/names.ts";
import type { Pod } from "../api/pod.ts";

const yes = "true";

export function withLabel(pod: Pod): Pod {
  if (hasLabel(pod)) return pod;
  return withLabels(pod, { ...pod.metadata.labels, [labelKeys.managed]: yes });
}

export function withoutLabel(pod: Pod): Pod {
  const { [labelKeys.managed]: value, ...labels } = pod.metadata.labels ?? {};
  return value === yes ? withLabels(pod, labels) : pod;
}

export function hasLabel({ metadata }: Pod): boolean {
  return metadata.labels?.[labelKeys.managed] === yes;
}

function withLabels(pod: Pod, labels: Record<string, string>): Pod {
  return { ...pod, metadata: { ...pod.metadata, labels } };
}
