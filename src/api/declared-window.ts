/** Reads a MaintenanceWindow object: what it concerns and when, or why that cannot be said. */

import { z } from "zod";
import { LabelSelector } from "./label-selector.ts";
import {
  acceptedSchedule,
  acceptedTimeZone,
  MaintenanceWindowSpec,
  MaintenanceWindowStatus,
} from "./maintenance-window.ts";
import { quote } from "./quote.ts";
import { isTimeZone, Recurrence } from "./recurrence.ts";
import { parseDuration } from "./window-duration.ts";

/** A MaintenanceWindow as we read it. It is never left out: what cannot be understood is a flaw, not a missing window. */
export interface DeclaredWindow {
  readonly metadata: z.infer<typeof Metadata>;
  readonly targets: Targets;
  /** Free text; empty where there is none. */
  readonly reason: string;
  readonly timing: Timing | Flaw;
  /** As it was last written. */
  readonly status: MaintenanceWindowStatus;
}

/** What is maintained: all that any of them names. */
export interface Targets {
  /** Names of ESXi hosts, lower case. */
  readonly hosts: readonly string[];
  /** Names of clusters in vCenter, lower case. */
  readonly clusters: readonly string[];
  readonly nodeSelector?: LabelSelector;
}

/** When it is maintained; durations are milliseconds. */
export type Timing =
  | { readonly kind: "once"; readonly startsAt: number; readonly durationMs: number }
  | {
      readonly kind: "recurring";
      readonly schedule: string;
      readonly timeZone: string;
      readonly recurrence: Recurrence;
      readonly durationMs: number;
    };

/** Why nobody can say when it is maintained. */
export interface Flaw {
  readonly kind: "flawed";
  readonly reason: "InvalidSpec" | "InvalidSchedule" | "UnknownTimeZone" | "NeverComes";
  /** The field, what was found and what is wanted. */
  readonly message: string;
}

const Metadata = z.object({
  name: z.string(),
  uid: z.string().catch("").default(""),
  generation: z.int().catch(1).default(1),
  resourceVersion: z.string().catch("").default(""),
});

const everyNode: LabelSelector = {};

/**
 * The API server has checked the spec, but maybe against an older schema: each field, and each name, is read by
 * itself. A selector that cannot be read may mean any node.
 */
const Names = z
  .array(z.unknown())
  .transform((names) =>
    names.filter((name): name is string => typeof name === "string" && name !== ""),
  )
  .catch([])
  .default([]);
const LenientSpec = z
  .object({
    hosts: Names,
    clusters: Names,
    nodeSelector: LabelSelector.optional().catch(everyNode),
    reason: z.string().catch("").default(""),
  })
  .catch({ hosts: [], clusters: [], nodeSelector: everyNode, reason: "" });

const Shell = z.object({
  metadata: Metadata,
  spec: z.unknown(),
  // A status that somebody else wrote badly must not stop us from writing a good one.
  status: MaintenanceWindowStatus.catch({}).default({}),
});

/**
 * @param object as the API server sends it
 * @throws ZodError when it has no name
 */
export function readDeclaredWindow(object: unknown): DeclaredWindow {
  const { metadata, spec, status } = Shell.parse(object);
  const { hosts, clusters, nodeSelector, reason } = LenientSpec.parse(spec);
  const targets = {
    hosts: hosts.map((name) => name.toLowerCase()),
    clusters: clusters.map((name) => name.toLowerCase()),
    ...(nodeSelector && { nodeSelector }),
  };
  return { metadata, targets, reason, timing: readTiming(spec), status };
}

function readTiming(spec: unknown): Timing | Flaw {
  const parsed = MaintenanceWindowSpec.safeParse(spec);
  if (!parsed.success) return flaw("InvalidSpec", describeIssue(parsed.error.issues[0], spec));
  const { hosts, clusters, nodeSelector, start, schedule, timeZone = "UTC" } = parsed.data;
  if (hosts === undefined && clusters === undefined && nodeSelector === undefined) {
    const message = "none of spec.hosts, spec.clusters and spec.nodeSelector is set, wanted is one";
    return flaw("InvalidSpec", message);
  }
  const durationMs = parseDuration(parsed.data.duration);
  if (start !== undefined && schedule === undefined)
    return { kind: "once", startsAt: Date.parse(start), durationMs };
  if (schedule !== undefined && start === undefined)
    return readRecurring(schedule, timeZone, durationMs);
  const found = start === undefined ? "neither" : "both";
  return flaw("InvalidSpec", `${found} of spec.start and spec.schedule is set, wanted is one`);
}

function readRecurring(schedule: string, timeZone: string, durationMs: number): Timing | Flaw {
  if (!isTimeZone(timeZone)) {
    const message = `spec.timeZone is ${quote(timeZone)}, wanted is ${acceptedTimeZone}`;
    return flaw("UnknownTimeZone", message);
  }
  try {
    const recurrence = new Recurrence(schedule, timeZone);
    return { kind: "recurring", schedule, timeZone, recurrence, durationMs };
  } catch (error) {
    const why = error instanceof Error ? error.message.replace("CronPattern: ", "") : String(error);
    const message = `spec.schedule is ${quote(schedule)} (${why}), wanted are ${acceptedSchedule}`;
    return flaw("InvalidSchedule", message);
  }
}

export function flaw(reason: Flaw["reason"], message: string): Flaw {
  return { kind: "flawed", reason, message };
}

function describeIssue(issue: z.core.$ZodIssue | undefined, spec: unknown): string {
  const path = issue?.path ?? [];
  const found = path.reduce<unknown>((value, key) => Object(value)[key], spec);
  const field = ["spec", ...path.map(String)].join(".");
  return `${field} is ${describeValue(found)}: ${issue?.message ?? "not readable"}`;
}

function describeValue(found: unknown): string {
  if (found === undefined) return "not set";
  return quote(typeof found === "string" ? found : (JSON.stringify(found) ?? typeof found));
}
