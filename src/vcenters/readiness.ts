/** Says on /readyz how each vCenter is doing, and whether what is known of them is enough to be of use. */

import type { ReadinessCheck } from "../health.ts";
import { isOlder } from "../selection/age.ts";
import { onlyVcenter } from "../selection/vcenter-name.ts";
import type { VcenterReading } from "./reading.ts";

export interface VcenterChecksOptions {
  readonly readings: () => readonly VcenterReading[];
  /** What was said longer ago is no answer any more. */
  readonly hardMaxAgeMs: number;
  /** There is an inventory to answer from. */
  readonly canAnswer: () => boolean;
  /** We are of use although not one vCenter is. */
  readonly isTolerated: () => boolean;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** One line per vCenter: its trouble is shown from the start, and counts only while no vCenter is fresh enough. */
export function vcenterChecks(options: VcenterChecksOptions): readonly ReadinessCheck[] {
  const { readings, canAnswer, isTolerated } = options;
  const isUseful = () => canAnswer() && readings().some((reading) => isFresh(reading, options));
  return readings().map(({ name }, i) => ({
    name: name === onlyVcenter ? name : `vcenter/${name}`,
    problem: () => problemOf(readings()[i], options),
    isTolerated: () => isUseful() || isTolerated(),
  }));
}

function problemOf(
  reading: VcenterReading | undefined,
  options: VcenterChecksOptions,
): string | undefined {
  const { takenAt, problem } = reading ?? {};
  if (reading === undefined || takenAt === undefined) return problem ?? "not read yet";
  if (problem === undefined && isFresh(reading, options)) return undefined;
  const seconds = Math.round((options.now() - takenAt.getTime()) / 1_000);
  return `last read ${seconds} s ago; ${problem ?? "no answer since"}`;
}

function isFresh(
  { takenAt }: VcenterReading,
  { hardMaxAgeMs, now }: Pick<VcenterChecksOptions, "hardMaxAgeMs" | "now">,
): boolean {
  return takenAt !== undefined && !isOlder(takenAt, now(), hardMaxAgeMs);
}
