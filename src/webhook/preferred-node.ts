/** Adds to a pod's node affinity the wish for one node, and takes it out again. */

import type { NodeAffinity, PreferredSchedulingTerm } from "../api/pod.ts";

const preferred = "preferredDuringSchedulingIgnoredDuringExecution";

/** The most that a preferred term may weigh. */
const weight = 100;

type MaybeAffinity = NodeAffinity | null | undefined;

export function preferNode(affinity: MaybeAffinity, node: string): NodeAffinity {
  const term = {
    weight,
    preference: { matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] },
  };
  return { ...affinity, [preferred]: [...(affinity?.[preferred] ?? []), term] };
}

export function prefersNode(affinity: MaybeAffinity, node: string): boolean {
  return indexOf(affinity, node) >= 0;
}

export function unpreferNode(affinity: MaybeAffinity, node: string): MaybeAffinity {
  const index = indexOf(affinity, node);
  if (index < 0) return affinity;
  const { [preferred]: terms, ...rest } = affinity ?? {};
  const left = (terms ?? []).toSpliced(index, 1);
  return left.length === 0 ? rest : { ...rest, [preferred]: left };
}

/** The last one: ours was appended. */
function indexOf(affinity: MaybeAffinity, node: string): number {
  return (affinity?.[preferred] ?? []).findLastIndex((term) => isWishFor(term, node));
}

function isWishFor(term: PreferredSchedulingTerm | null, node: string): boolean {
  const { matchFields, matchExpressions } = term?.preference ?? {};
  const [field, ...more] = matchFields ?? [];
  return (
    term?.weight === weight &&
    (matchExpressions ?? []).length === 0 &&
    more.length === 0 &&
    field?.key === "metadata.name" &&
    field.operator === "In" &&
    field.values?.length === 1 &&
    field.values[0] === node
  );
}
