/** Finds the binding of a node by the node's name. */

import type { Candidate, NodeBinding } from "../selection/model.ts";

/** In the order in which they are given. */
export function bindingsByNode(bindings: readonly NodeBinding[]): ReadonlyMap<string, NodeBinding> {
  return new Map(bindings.map((binding) => [nodeOf(binding), binding]));
}

/** Of the nodes that are joined with a machine alone. */
export function candidatesByNode(bindings: readonly NodeBinding[]): ReadonlyMap<string, Candidate> {
  const candidates = bindings.flatMap((binding) =>
    binding.kind === "bound" ? [binding.candidate] : [],
  );
  return new Map(candidates.map((candidate) => [candidate.node.name, candidate]));
}

function nodeOf(binding: NodeBinding): string {
  return binding.kind === "bound" ? binding.candidate.node.name : binding.node;
}
