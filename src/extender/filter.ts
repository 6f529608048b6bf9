/** Answers the verb filter: which of these nodes fit, and why the rest do not. */

import { type Reason, reasons } from "../selection/model.ts";
import { messages } from "./messages.ts";
import { fits, type Prepared } from "./prepared.ts";

/** An answer's JSON, and what is counted about it. */
export interface Filtered {
  readonly json: string;
  readonly fitting: number;
  readonly rejected: ReadonlyMap<Reason, number>;
}

/** What follows a rejected node's name, by verdict. */
const endings = messages.map((message) => `:${JSON.stringify(message)}`);
const unknownNode = 0;

/** Every name comes back once, among those that fit or among the rejected. */
export function filter({ nodes, verdicts }: Prepared, names: readonly string[]): Filtered {
  const { numbers, strangers } = nodes.ask(names);
  const counts = reasons.map(() => 0);
  let fitting = "";
  let rejected = "";
  let fittingCount = 0;
  for (const number of numbers) {
    const verdict = verdicts[number] ?? unknownNode;
    if (verdict === fits) {
      fitting += `,${nodes.json[number]}`;
      fittingCount += 1;
    } else {
      rejected += `,${nodes.json[number]}${endings[verdict]}`;
      counts[verdict] = (counts[verdict] ?? 0) + 1;
    }
  }
  for (const name of strangers) rejected += `,${JSON.stringify(name)}${endings[unknownNode]}`;
  counts[unknownNode] = (counts[unknownNode] ?? 0) + strangers.size;
  return {
    json: result(`[${fitting.slice(1)}]`, `{${rejected.slice(1)}}`),
    fitting: fittingCount,
    rejected: byReason(counts),
  };
}

/** For a pod that asks nothing of us. */
export function passAll(names: readonly string[]): string {
  return result(JSON.stringify([...new Set(names)]), "{}");
}

/** The scheduler tries the pod again later, and shows the text in an event. */
export function refuse(message: string): string {
  return JSON.stringify({
    Nodes: null,
    NodeNames: null,
    FailedNodes: null,
    FailedAndUnresolvableNodes: null,
    Error: message,
  });
}

/**
 * An ExtenderFilterResult of JSON. Evicting pods cures neither a missing GPU nor a maintenance window: so nothing is
 * ever in FailedNodes, where preemption would look for victims.
 */
function result(nodeNames: string, rejected: string): string {
  return `{"Nodes":null,"NodeNames":${nodeNames},"FailedNodes":{},"FailedAndUnresolvableNodes":${rejected},"Error":""}`;
}

function byReason(counts: readonly number[]): ReadonlyMap<Reason, number> {
  const found = new Map<Reason, number>();
  for (const [index, reason] of reasons.entries()) {
    const count = counts[index] ?? 0;
    if (count > 0) found.set(reason, count);
  }
  return found;
}
