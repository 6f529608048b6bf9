/** Computes a MaintenanceWindow's status, and what there is to tell about it. */

import type { DeclaredWindow } from "../api/declared-window.ts";
import type { Outlook } from "../api/expand-window.ts";
import type { MaintenanceWindowStatus } from "../api/maintenance-window.ts";
import { conditionOf, type Statement, timestamp } from "./conditions.ts";
import { plainText } from "./plain-text.ts";
import type { Reach } from "./window-reach.ts";

export interface WindowStatusInput {
  readonly window: DeclaredWindow;
  readonly outlook: Outlook;
  /** Undefined while it is not known which node runs where. */
  readonly reach: Reach | undefined;
  readonly now: Date;
}

/** An event about a MaintenanceWindow, as `kubectl describe mw` shows it. */
export interface WindowEvent {
  readonly type: "Warning";
  /** That of its Ready condition. */
  readonly reason: string;
  readonly note: string;
}

export interface WindowEvaluation {
  readonly status: MaintenanceWindowStatus;
  /** How it differs from what was written: `count` where only the nodes do that it concerns, or that are missing. */
  readonly change: "none" | "count" | "state";
  /** What is wrong with it now, and was not before. */
  readonly event?: WindowEvent;
}

export function evaluateWindow(input: WindowStatusInput): WindowEvaluation {
  const { window, outlook, reach, now } = input;
  const { status: before, metadata } = window;
  const ready = readyFrom(input);
  const nodes = reach?.nodes ?? before.nodes;
  const status: MaintenanceWindowStatus = {
    ...(outlook.kind === "known" && timesOf(outlook.windows, now)),
    ...(nodes !== undefined && { nodes }),
    observedGeneration: metadata.generation,
    conditions: [conditionOf(ready, before.conditions, metadata.generation, now)],
  };
  const event = eventFrom(ready, window);
  return { status, change: compare(before, status), ...(event && { event }) };
}

type Windows = Extract<Outlook, { kind: "known" }>["windows"];
type Times = Pick<MaintenanceWindowStatus, "active" | "nextStart" | "nextEnd">;

function timesOf([next]: Windows, now: Date): Times {
  if (next === undefined) return { active: false };
  const { startsAt, endsAt = Number.POSITIVE_INFINITY } = next;
  return {
    active: startsAt <= now.getTime(),
    ...(startsAt < endOfTime && { nextStart: timestamp(new Date(startsAt)) }),
    ...(endsAt < endOfTime && { nextEnd: timestamp(new Date(endsAt)) }),
  };
}

/** RFC 3339 has years of four digits. */
const endOfTime = Date.UTC(10_000, 0);

function readyFrom(input: WindowStatusInput): Statement {
  const { outlook, reach, window } = input;
  if (outlook.kind === "flawed") {
    const message = `${outlook.message}; until this is mended, the maintenance of what it names counts as unknown`;
    return { type: "Ready", status: "False", reason: outlook.reason, message };
  }
  if (outlook.windows.length === 0) return accepted("Over", "it was, and does not come again");
  if (reach === undefined) return keptReach(window);
  const inVain = describeInVain(reach);
  if (reach.nodes === 0) {
    const message = `it concerns no node: ${inVain}; see whether the names are right`;
    return accepted("MatchesNothing", message);
  }
  const concerned = `it concerns ${reach.nodes} ${reach.nodes === 1 ? "node" : "nodes"}`;
  if (inVain === "") return accepted("Accepted", concerned);
  return accepted("PartlyMatches", `${concerned}; ${inVain}; see whether the names are right`);
}

/** Without an inventory nobody knows whom it concerns: what was known stays. */
function keptReach({ metadata, status }: DeclaredWindow): Statement {
  const last = readyOf(status.conditions);
  const isGood = last?.status === "True" && last.reason !== "Over";
  if (isGood && last.observedGeneration === metadata.generation)
    return accepted(last.reason, last.message);
  return accepted("Accepted", "which nodes it concerns is known once vCenter was read");
}

function accepted(reason: string, message: string): Statement {
  return { type: "Ready", status: "True", reason, message };
}

const shown = 5;

/** Empty where everything that it names is somewhere. */
function describeInVain({ without, selectsNone }: Reach): string {
  const more = without.length - shown;
  const places = `${without.slice(0, shown).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  return [
    ...(places === "" ? [] : [`no node runs on ${places}`]),
    ...(selectsNone ? ["nodeSelector selects no node"] : []),
  ].join(", ");
}

function eventFrom(
  { status, reason, message }: Statement,
  { metadata, status: before }: DeclaredWindow,
): WindowEvent | undefined {
  if (status === "True" && !doubtful.has(reason)) return undefined;
  const last = readyOf(before.conditions);
  const wasTold = last?.reason === reason && last.observedGeneration === metadata.generation;
  if (wasTold) return undefined;
  return { type: "Warning", reason, note: plainText(message, longestNote) };
}

/** What is understood, and may not be what was meant. */
const doubtful: ReadonlySet<string> = new Set(["MatchesNothing", "PartlyMatches"]);
/** The API server takes up to 1,024 bytes. */
const longestNote = 900;

function compare(
  before: MaintenanceWindowStatus,
  after: MaintenanceWindowStatus,
): WindowEvaluation["change"] {
  if (stateKey(before) !== stateKey(after)) return "state";
  return countKey(before) === countKey(after) ? "none" : "count";
}

/** What is worth a write at once. */
function stateKey({ active, nextStart, nextEnd, ...rest }: MaintenanceWindowStatus): string {
  const { observedGeneration, conditions } = rest;
  const ready = readyOf(conditions);
  const said = [ready?.status, ready?.reason, ready?.observedGeneration];
  return JSON.stringify([active, nextStart, nextEnd, observedGeneration, said]);
}

/** What changes whenever a node moves. */
function countKey({ nodes, conditions }: MaintenanceWindowStatus): string {
  return JSON.stringify([nodes, readyOf(conditions)?.message]);
}

function readyOf(conditions: MaintenanceWindowStatus["conditions"]) {
  return conditions?.find(({ type }) => type === "Ready");
}
