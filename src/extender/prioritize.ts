/** Answers the verb prioritize: a score for each of these nodes, and 10 for exactly one. */

import type { Fitting } from "../selection/model.ts";
import { append, asciiJson, item } from "./ascii-json.ts";
import type { NodeNames } from "./node-names.ts";
import type { NodeTable } from "./node-table.ts";
import { bestScore, type Prepared } from "./prepared.ts";

/**
 * A HostPriorityList with every name once, in ASCII.
 * When none of them fits all get 0 and none 10; it cannot matter, since filter has removed such nodes before.
 * @param fitting best first: the first one asked about is the best
 */
export function prioritize(
  prepared: Prepared,
  fitting: readonly Fitting[],
  names: NodeNames,
): string {
  const { nodes, scores, priorities } = prepared;
  const { numbers, strangers } = nodes.ask(names);
  const best = firstAsked(nodes, fitting);
  let list = "";
  for (const number of numbers) {
    const next =
      number === best
        ? priority(nodes.json(number), bestScore)
        : (priorities[number] ??= priority(nodes.json(number), scores[number] ?? 0));
    list = append(list, next);
  }
  for (const name of strangers) list = append(list, priority(asciiJson(name), 0));
  return `[${list}]`;
}

/** For a pod that asks nothing of us: every node is as good as another. */
export function scoreAllEqual(names: NodeNames): string {
  let list = "";
  for (const name of new Set(names.all())) list = append(list, priority(asciiJson(name), 0));
  return `[${list}]`;
}

function priority(json: string, score: number): string {
  return item('{"Host":', json, ',"Score":', String(score), "}");
}

function firstAsked(nodes: NodeTable, fitting: readonly Fitting[]): number | undefined {
  for (const { node } of fitting) {
    const number = nodes.asked(node.name);
    if (number !== undefined) return number;
  }
  return undefined;
}
