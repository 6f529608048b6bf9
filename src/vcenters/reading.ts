/** What there is to say about one vCenter at a moment: for conditions, `/readyz` and metrics. */

import type { Freshness } from "../selection/model.ts";

export interface VcenterReading extends Partial<Freshness> {
  /** Its name in our configuration. */
  readonly name: string;
  /** What is wrong with it now, for the user; undefined when nothing is. */
  readonly problem?: string;
  /** Read under another name already: what it would tell is known. */
  readonly isRefused: boolean;
  /** Its clock minus ours. */
  readonly clockSkewSeconds?: number;
}
