/** Finds what in a pod's own node selector and affinity shuts out every node that its job needs. */

import type { Expression } from "../api/injected.ts";
import type { NodeSelectorRequirement, NodeSelectorTerm, Pod } from "../api/pod.ts";
import { quote } from "../api/quote.ts";
import { isEmptyTerm, requiredTerms } from "./required-affinity.ts";

/** Warnings for the user; the pod may still be created, as labels and minds change. */
export function contradictions(pod: Pod, wanted: readonly Expression[]): readonly string[] {
  return [...inSelector(pod, wanted), ...inAffinity(pod, wanted)];
}

function inSelector({ spec }: Pod, wanted: readonly Expression[]): string[] {
  return wanted.flatMap((expression) => {
    const { key, operator, values } = expression;
    const asked = spec.nodeSelector?.[key];
    if (asked === undefined || satisfies(asked, expression)) return [];
    const needs = operator === "In" ? quote(values[0]) : `more than ${values[0]}`;
    return [`nodeSelector has ${key}: ${quote(asked)}, the job needs ${needs}`];
  });
}

function satisfies(value: string, { operator, values }: Expression): boolean {
  return operator === "In" ? value === values[0] : Number(value) > Number(values[0]);
}

function inAffinity({ spec }: Pod, wanted: readonly Expression[]): string[] {
  const terms = requiredTerms(spec.affinity?.nodeAffinity);
  if (terms === undefined) return [];
  const asking = terms.filter((term) => !isEmptyTerm(term));
  if (asking.length === 0) {
    return ["each term of the required node affinity is empty: no node can ever match"];
  }
  const shutOut = wanted.find((expression) => asking.every((term) => excludes(term, expression)));
  if (shutOut === undefined) return [];
  const { key, operator, values } = shutOut;
  return [`the required node affinity shuts out ${key} ${operator} ${values[0]}`];
}

function excludes(term: NodeSelectorTerm | null, wanted: Expression): boolean {
  return (term?.matchExpressions ?? []).some(
    (asked) => asked.key === wanted.key && areDisjoint(asked, wanted),
  );
}

/** Whether no value satisfies both. */
function areDisjoint(asked: NodeSelectorRequirement, wanted: Expression): boolean {
  const values = asked.values ?? [];
  const [value] = wanted.values;
  switch (asked.operator) {
    case "DoesNotExist":
      return true;
    case "In":
      return !values.some((each) => satisfies(each, wanted));
    case "NotIn":
      return wanted.operator === "In" && values.includes(value);
    case "Lt":
      // Both bounds are left out: between 5 and 6 there is no whole number.
      return wanted.operator === "Gt" && Number(values[0]) <= Number(value) + 1;
    default:
      return false;
  }
}
