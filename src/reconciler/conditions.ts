/** Spells conditions as Kubernetes wants them: a transition time changes only with the status. */

import type { Condition } from "../api/condition.ts";

/** What a condition says now. */
export type Statement = Pick<Condition, "type" | "status" | "reason" | "message">;

/** Kubernetes keeps whole seconds. */
export function timestamp(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}

/** @param before the conditions as they were last written */
export function conditionOf(
  statement: Statement,
  before: readonly Condition[] = [],
  observedGeneration: number,
  now: Date,
): Condition {
  const last = before.find(({ type }) => type === statement.type);
  const isSame = last?.status === statement.status;
  return {
    ...statement,
    lastTransitionTime: isSame ? last.lastTransitionTime : timestamp(now),
    observedGeneration,
  };
}
