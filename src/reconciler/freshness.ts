/** Says in conditions how recent it is what the vCenters said, naming each that is too old. */

import { isOlder } from "../selection/age.ts";
import { vcenterNamed } from "../selection/vcenter-name.ts";
import { type Statement, timestamp } from "./conditions.ts";

/** What is known of one vCenter, whether or not it has answered yet. */
export interface VcenterState {
  /** Its name in our configuration. */
  readonly name: string;
  /** Until when its facts are known to be right; absent while it has not been read. */
  readonly takenAt?: Date;
  /** When its CPU and memory numbers were read. */
  readonly usageTakenAt?: Date;
  /** What is wrong with it now, for the user; absent when nothing is. */
  readonly problem?: string;
}

export interface FreshnessSettings {
  /** Facts that are older are called stale. */
  readonly softMaxAgeMs: number;
  /** CPU and memory numbers that are older are called stale. */
  readonly usageSoftMaxAgeMs: number;
}

export function freshness(
  vcenters: readonly VcenterState[],
  now: Date,
  settings: FreshnessSettings,
): readonly Statement[] {
  return [inventoryFresh(vcenters, now, settings), usageFresh(vcenters, now, settings)];
}

/** The same about both, where there is nothing to tell apart. */
export function notFresh(reason: string, message: string): readonly Statement[] {
  return ["InventoryFresh", "UsageFresh"].map((type) => ({
    type,
    status: "False",
    reason,
    message,
  }));
}

function inventoryFresh(
  vcenters: readonly VcenterState[],
  now: Date,
  { softMaxAgeMs }: FreshnessSettings,
): Statement {
  const type = "InventoryFresh";
  const stale = vcenters.flatMap(({ name, takenAt, problem }) =>
    takenAt !== undefined && isOlder(takenAt, now, softMaxAgeMs)
      ? `${vcenterNamed(name)} was last read at ${timestamp(takenAt)}; ${problem ?? "no answer since"}`
      : [],
  );
  const unread = vcenters.flatMap(({ name, takenAt, problem }) =>
    takenAt === undefined
      ? `${vcenterNamed(name)} has not been read yet; ${problem ?? "no answer so far"}`
      : [],
  );
  if (stale.length + unread.length === 0)
    return { type, status: "True", reason: "InventoryFresh", message: "vCenter answers" };
  const reason = stale.length > 0 ? "InventoryStale" : "InventoryNotReady";
  return { type, status: "False", reason, message: [...stale, ...unread].join("; ") };
}

function usageFresh(
  vcenters: readonly VcenterState[],
  now: Date,
  { usageSoftMaxAgeMs }: FreshnessSettings,
): Statement {
  const type = "UsageFresh";
  const stale = vcenters.flatMap(({ name, usageTakenAt }) =>
    usageTakenAt !== undefined && isOlder(usageTakenAt, now, usageSoftMaxAgeMs)
      ? `CPU and memory numbers of ${vcenterNamed(name)} were last read at ${timestamp(usageTakenAt)}`
      : [],
  );
  if (stale.length > 0)
    return { type, status: "False", reason: "UsageStale", message: stale.join("; ") };
  const message = "CPU and memory numbers are recent";
  return { type, status: "True", reason: "UsageFresh", message };
}
