/** What the extender tells about itself; main.ts turns it into metrics. */

import type { Reason } from "../selection/model.ts";

export type Verb = "filter" | "prioritize";

/**
 * What became of a call:
 * - `answered`: the nodes were judged.
 * - `passed`: the pod has no annotation of ours, so every node stays as good as it was.
 * - `refused`: the pod's annotations, or the GPUInfo that they name, are no use.
 * - `unavailable`: selection has no answer, so that the pod is tried again later.
 * - `fullNodes`: the scheduler sent Nodes instead of NodeNames.
 * - `malformed`: the request cannot be read.
 * - `failed`: a fault of ours.
 */
export type Outcome =
  | "answered"
  | "passed"
  | "refused"
  | "unavailable"
  | "fullNodes"
  | "malformed"
  | "failed";

export interface Call {
  readonly verb: Verb;
  readonly outcome: Outcome;
  /** HTTP status. */
  readonly code: number;
  /** From the request's headers to the last byte handed over. */
  readonly seconds: number;
  /** How many names were asked about, duplicates included. */
  readonly namesIn: number;
  /** How many nodes were let through (filter) or given a score (prioritize). */
  readonly namesOut: number;
  /** How many nodes were rejected, by Reason; empty for prioritize. */
  readonly rejected: ReadonlyMap<Reason, number>;
  /** The inventory was older than it should be. */
  readonly stale: boolean;
}

export interface ExtenderObserver {
  /** A call to one of the verbs was answered, well or badly. */
  called(call: Call): void;
}
