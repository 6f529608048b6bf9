/** Says whether the host of a running pod stays up for the hours that were promised to it. Pure. */

import { millisecondsInAnHour } from "../selection/hours.ts";
import type {
  Candidate,
  Host,
  MaintenanceWindow,
  SelectionPolicy,
  WindowSource,
} from "../selection/model.ts";
import { canBeTakenAway, horizonThatCounts } from "../selection/windows.ts";
import { timestamp } from "./conditions.ts";
import { plainText } from "./plain-text.ts";

/** Hours that a pod was promised, and when they end. Times are ms since the Unix epoch. */
export interface Promised {
  readonly hours: number;
  /** When the pod started. */
  readonly startsAt: number;
}

/**
 * - `MaintenanceWindow`: one begins before the hours are over, or runs
 * - `HostEnteringMaintenance`, `HostInMaintenance`: it happens now, and the machine is not trusted to be moved away
 * - `HostInQuarantine`: Proactive HA found it degraded, and may take it down next
 * - `Safe`: nothing of that kind is known any more
 * - `HoursServed`: the hours are over
 */
export type RiskReason =
  | "MaintenanceWindow"
  | "HostEnteringMaintenance"
  | "HostInMaintenance"
  | "HostInQuarantine"
  | "Safe"
  | "HoursServed";

export interface Statement {
  readonly isAtRisk: boolean;
  readonly reason: RiskReason;
  /** What it is about: the same `key` is no news, although times in the message may differ by a second. */
  readonly key: string;
  /** Holds absolute times alone: it stays the same while nothing changes. Put into words when asked for. */
  readonly message: () => string;
}

export interface Circumstances {
  readonly now: Date;
  readonly policy: Pick<SelectionPolicy, "evacuation">;
}

function endOf({ startsAt, hours }: Promised): number {
  return startsAt + hours * millisecondsInAnHour;
}

/**
 * @param candidate where the pod runs; undefined where nothing is known of it
 * @returns undefined where nothing can be said: what is unknown is neither a risk nor safe
 */
export function judgePromise(
  promised: Promised,
  candidate: Candidate | undefined,
  { now, policy }: Circumstances,
): Statement | undefined {
  if (now.getTime() >= endOf(promised)) return served(promised);
  if (candidate === undefined) return undefined;
  const live = liveRisk(promised, candidate, policy);
  if (live !== undefined) return live;
  const { windows, kind } = horizonThatCounts(candidate, policy);
  const window = windows.find((each) => cutsInto(each, promised, now));
  if (window !== undefined) return windowRisk(promised, candidate.host, window);
  return kind === "known" && isReadable(candidate) ? safe(promised, candidate.host) : undefined;
}

/** The host goes down, has gone, or may have to, and takes the machine with it. */
function liveRisk(
  promised: Promised,
  candidate: Candidate,
  { evacuation }: Circumstances["policy"],
): Statement | undefined {
  if (evacuation === "hard" && canBeTakenAway(candidate)) return undefined;
  const { host } = candidate;
  const reason = liveReason(host);
  if (reason === undefined) return undefined;
  return {
    isAtRisk: true,
    reason,
    key: `${reason} ${host.name}`,
    message: () => `host ${plain(host.name)} is ${liveWords[reason]}; ${hoursEnd(promised)}`,
  };
}

/** A host that vCenter lost is in none of them for that: its pods may run on, and what it is really in is not known. */
const liveWords = {
  HostInMaintenance: "in maintenance mode or standby",
  HostEnteringMaintenance: "going down for maintenance, a reboot or standby",
  HostInQuarantine: "in quarantine: Proactive HA found it degraded",
} as const;

function liveReason({ maintenance, inQuarantine }: Host): keyof typeof liveWords | undefined {
  if (maintenance === "in") return "HostInMaintenance";
  if (maintenance === "entering") return "HostEnteringMaintenance";
  return inQuarantine ? "HostInQuarantine" : undefined;
}

/** It runs, or begins before the hours are over. Made-up windows move with the clock, and threaten nobody. */
function cutsInto(window: MaintenanceWindow, promised: Promised, now: Date): boolean {
  const isOver = window.endsAt !== undefined && window.endsAt <= now.getTime();
  return !isOver && window.source !== "simulation" && window.startsAt < endOf(promised);
}

function windowRisk(promised: Promised, host: Host, window: MaintenanceWindow): Statement {
  const { source, description } = window;
  return {
    isAtRisk: true,
    reason: "MaintenanceWindow",
    key: JSON.stringify([host.name, describeStart(promised, window), source, description]),
    message: () => {
      const task = `maintenance of host ${plain(host.name)} ("${plain(description)}", ${wordsFor[source]})`;
      const short = `${hoursShort(promised, window)} h before ${hoursEndAs(promised)}`;
      return `${task} ${describeStart(promised, window)}, ${short}`;
    },
  };
}

function describeStart(promised: Promised, { startsAt }: MaintenanceWindow): string {
  return `${startsAt < promised.startsAt ? "began" : "begins"} at ${time(startsAt)}`;
}

/** A host with a running task is going down: see `liveReason`. */
const wordsFor: Readonly<Record<WindowSource, string>> = {
  runningTask: "running task",
  scheduledTask: "scheduled task",
  customAttribute: "custom attribute",
  maintenanceWindow: "MaintenanceWindow",
  simulation: "simulation",
};

/** Hours of the promise that are left when the window begins; begun ones count. */
function hoursShort(promised: Promised, { startsAt }: MaintenanceWindow): number {
  const from = Math.max(startsAt, promised.startsAt);
  return Math.ceil((endOf(promised) - from) / millisecondsInAnHour);
}

/** Nothing is hidden from us that could be a risk. Of a host that vCenter lost, only what was true before is known. */
function isReadable({ host, virtualMachine }: Candidate): boolean {
  const isHidden = host.unreadable.length > 0 || virtualMachine.unreadable.length > 0;
  return host.connection === "connected" && !isHidden;
}

function safe(promised: Promised, host: Host): Statement {
  return {
    isAtRisk: false,
    reason: "Safe",
    key: "Safe",
    message: () =>
      `no maintenance of host ${plain(host.name)} is known any more before ${hoursEndAs(promised)}`,
  };
}

function served(promised: Promised): Statement {
  return {
    isAtRisk: false,
    reason: "HoursServed",
    key: "HoursServed",
    message: () => `the ${promised.hours} h that were asked for ended at ${time(endOf(promised))}`,
  };
}

function hoursEnd(promised: Promised): string {
  return `the ${promised.hours} h that were asked for end at ${time(endOf(promised))}`;
}

function hoursEndAs(promised: Promised): string {
  return `the ${promised.hours} h that were asked for end (${time(endOf(promised))})`;
}

/** RFC 3339, whole seconds. */
function time(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return "an unknown time";
  return timestamp(date);
}

function plain(text: string): string {
  return plainText(text, 200);
}
