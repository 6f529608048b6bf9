/** Answers the verb filter: which of these nodes fit, and why the rest do not. */

import { type Reason, reasons } from "../selection/model.ts";
import { append, asciiJson, item } from "./ascii-json.ts";
import { messages } from "./messages.ts";
import type { NodeNames } from "./node-names.ts";
import { fits, type Prepared } from "./prepared.ts";

/** An answer's JSON, in ASCII, and what is counted about it. */
export interface Filtered {
  readonly json: string;
  readonly fitting: number;
  readonly rejected: ReadonlyMap<Reason, number>;
}

const unknownNode = 0;
const texts = messages.map(asciiJson);

/** Every name comes back once, among those that fit or among the rejected. */
export function filter(prepared: Prepared, names: NodeNames): Filtered {
  const { nodes, verdicts, rejections } = prepared;
  const { numbers, strangers } = nodes.ask(names);
  const counts = Array<number>(fits + 1).fill(0);
  let fitting = "";
  let rejected = "";
  for (const number of numbers) {
    const verdict = verdicts[number] ?? unknownNode;
    counts[verdict] = (counts[verdict] ?? 0) + 1;
    if (verdict === fits) fitting = append(fitting, nodes.item(number));
    else {
      rejected = append(rejected, (rejections[number] ??= rejection(nodes.json(number), verdict)));
    }
  }
  for (const name of strangers) {
    rejected = append(rejected, rejection(asciiJson(name), unknownNode));
  }
  counts[unknownNode] = (counts[unknownNode] ?? 0) + strangers.size;
  return {
    json: result(fitting, rejected),
    fitting: counts[fits] ?? 0,
    rejected: byReason(counts),
  };
}

/** For a pod that asks nothing of us. */
export function passAll(names: NodeNames): string {
  return result([...new Set(names.all())].map(asciiJson).join(","), "");
}

/** The scheduler tries the pod again later, and shows the text in an event. */
export function refuse(message: string): string {
  return `{"Nodes":null,"NodeNames":null,"FailedNodes":null,"FailedAndUnresolvableNodes":null,"Error":${asciiJson(message)}}`;
}

/**
 * An ExtenderFilterResult. Evicting pods cures neither a missing GPU nor a maintenance window: so nothing is ever in
 * FailedNodes, where preemption would look for victims.
 */
function result(fitting: string, rejected: string): string {
  return `{"Nodes":null,"NodeNames":[${fitting}],"FailedNodes":{},"FailedAndUnresolvableNodes":{${rejected}},"Error":""}`;
}

function rejection(json: string, verdict: number): string {
  return item(json, ":", texts[verdict] ?? "");
}

function byReason(counts: readonly number[]): ReadonlyMap<Reason, number> {
  const found = new Map<Reason, number>();
  for (const [index, reason] of reasons.entries()) {
    const count = counts[index] ?? 0;
    if (count > 0) found.set(reason, count);
  }
  return found;
}
