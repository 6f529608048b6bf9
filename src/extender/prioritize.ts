/** Answers the verb prioritize: a score for each of these nodes, and 10 for exactly one. */

import type { Fitting } from "../selection/model.ts";
import { bestScore, type Prepared } from "./prepared.ts";

/** What follows a host's name, by score. */
const endings = Array.from({ length: bestScore + 1 }, (_, score) => `,"Score":${score}}`);

/**
 * A HostPriorityList with every name once.
 * When none of them fits all get 0 and none 10; it cannot matter, since filter has removed such nodes before.
 * @param fitting best first: the first one asked about is the best
 */
export function prioritize(
  { nodes, scores }: Prepared,
  fitting: readonly Fitting[],
  names: readonly string[],
): string {
  const { numbers, strangers } = nodes.ask(names);
  const best = firstAsked({ nodes }, fitting);
  let list = "";
  for (const number of numbers) {
    const score = number === best ? bestScore : (scores[number] ?? 0);
    list += `,{"Host":${nodes.json[number]}${endings[score]}`;
  }
  for (const name of strangers) list += `,{"Host":${JSON.stringify(name)}${endings[0]}`;
  return `[${list.slice(1)}]`;
}

/** For a pod that asks nothing of us: every node is as good as another. */
export function scoreAllEqual(names: readonly string[]): string {
  return JSON.stringify([...new Set(names)].map((Host) => ({ Host, Score: 0 })));
}

function firstAsked(
  { nodes }: Pick<Prepared, "nodes">,
  fitting: readonly Fitting[],
): number | undefined {
  for (const { node } of fitting) {
    const number = nodes.asked(node.name);
    if (number !== undefined) return number;
  }
  return undefined;
}
