/** The condition on a pod whose host will not stay up for the hours that were asked for. */

import { group } from "./group.ts";

/** Its type in `status.conditions` of a pod: another's prefix would be another's condition. */
export const placementAtRisk = `${group}/PlacementAtRisk`;

/** What the condition says. A pod that was never at risk has none. */
export interface RiskCondition {
  /** True while a maintenance of the host cuts into the hours; False once it does not any more. */
  readonly status: "True" | "False";
  /** One CamelCase word. */
  readonly reason: string;
  readonly message: string;
  /** When `status` became what it is; RFC 3339, whole seconds. */
  readonly lastTransitionTime: string;
}
