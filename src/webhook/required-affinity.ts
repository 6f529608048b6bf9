/** Adds expressions to a pod's required node affinity, and takes them out again. */

import type { Expression } from "../api/injected.ts";
import type { NodeAffinity, NodeSelectorRequirement, NodeSelectorTerm } from "../api/pod.ts";

const required = "requiredDuringSchedulingIgnoredDuringExecution";

type MaybeAffinity = NodeAffinity | null | undefined;
type MaybeTerm = NodeSelectorTerm | null;

/** The ORed terms; undefined where node affinity requires nothing. */
export function requiredTerms(affinity: MaybeAffinity): readonly MaybeTerm[] | undefined {
  const selector = affinity?.[required];
  return selector === null || selector === undefined
    ? undefined
    : (selector.nodeSelectorTerms ?? []);
}

/** A term that asks for nothing matches nothing: with an expression in it, it would begin to match. */
export function isEmptyTerm(term: MaybeTerm): boolean {
  return [term?.matchExpressions, term?.matchFields].every((asked) => (asked ?? []).length === 0);
}

export interface Added {
  readonly affinity: NodeAffinity;
  /** What has to be taken out, from every term, to undo it. */
  readonly added: readonly Expression[];
}

/**
 * Adds each expression to every term that is not empty; to one new term where nothing is required yet.
 * An expression that all terms have already is left alone. One that only some have, of the user's own, is added to all,
 * so that taking one out of each undoes it exactly.
 * @param ours what was added to the pod before, and is still there
 */
export function requireOnNode(
  affinity: MaybeAffinity,
  wanted: readonly Expression[],
  ours: readonly Expression[] = [],
): Added {
  const terms = requiredTerms(affinity);
  if (terms === undefined) {
    const term = { matchExpressions: wanted.map(copy) };
    return { affinity: { ...affinity, [required]: { nodeSelectorTerms: [term] } }, added: wanted };
  }
  const added: Expression[] = [];
  let result = terms;
  for (const expression of wanted) {
    const isOurs = ours.some((other) => isSame(other, expression));
    const lacking = result.filter((term) => !isEmptyTerm(term) && !has(term, expression));
    if (isOurs || lacking.length > 0) added.push(expression);
    if (lacking.length === 0) continue;
    result = result.map((term) =>
      isEmptyTerm(term) || (isOurs && has(term, expression)) ? term : append(term, expression),
    );
  }
  return { affinity: result === terms ? { ...affinity } : withTerms(affinity, result), added };
}

/** Takes one occurrence of each expression out of every term. A term of which nothing is left was ours as a whole. */
export function unrequireOnNode(
  affinity: MaybeAffinity,
  listed: readonly Expression[],
): MaybeAffinity {
  const terms = requiredTerms(affinity);
  if (terms === undefined || terms.length === 0 || listed.length === 0) return affinity;
  const left = terms
    .map((term) => listed.reduce(takeOut, term))
    .filter((term, index) => !isEmptyTerm(term) || isEmptyTerm(terms[index] ?? null));
  if (left.length > 0) return withTerms(affinity, left);
  const { [required]: _, ...rest } = affinity ?? {};
  return rest;
}

function withTerms(affinity: MaybeAffinity, nodeSelectorTerms: readonly MaybeTerm[]): NodeAffinity {
  return {
    ...affinity,
    [required]: { ...affinity?.[required], nodeSelectorTerms: [...nodeSelectorTerms] },
  };
}

function append(term: MaybeTerm, expression: Expression): NodeSelectorTerm {
  return { ...term, matchExpressions: [...(term?.matchExpressions ?? []), copy(expression)] };
}

/** The last one: ours was appended. */
function takeOut(term: MaybeTerm, expression: Expression): MaybeTerm {
  const { matchExpressions, ...rest } = term ?? {};
  const index = (matchExpressions ?? []).findLastIndex((other) => isSame(other, expression));
  if (index < 0) return term;
  const left = (matchExpressions ?? []).toSpliced(index, 1);
  return left.length === 0 ? rest : { ...term, matchExpressions: left };
}

function has(term: MaybeTerm, expression: Expression): boolean {
  return (term?.matchExpressions ?? []).some((other) => isSame(other, expression));
}

function isSame(a: NodeSelectorRequirement, b: Expression): boolean {
  return (
    a.key === b.key &&
    a.operator === b.operator &&
    a.values?.length === 1 &&
    a.values[0] === b.values[0]
  );
}

function copy({ key, operator, values }: Expression): NodeSelectorRequirement {
  return { key, operator, values: [...values] };
}
