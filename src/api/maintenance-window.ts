/** The MaintenanceWindow resource: one schema that gives its TypeScript types, its parser and its CRD. */

import { z } from "zod";
import { matches } from "./cel.ts";
import { Conditions } from "./condition.ts";
import { group } from "./group.ts";
import { LabelSelector } from "./label-selector.ts";
import { acceptedDuration, durationPattern, isDuration } from "./window-duration.ts";

/** The names under which Kubernetes knows it. */
export const maintenanceWindowKind = {
  group,
  version: "v1alpha1",
  kind: "MaintenanceWindow",
  plural: "maintenancewindows",
  apiVersion: `${group}/v1alpha1`,
} as const;

export const acceptedSchedule =
  'five fields (minute, hour, day of month, month, day of week) such as "0 2 * * 6" or "0 22 * * 6#1"';
export const acceptedTimeZone = 'a name of the IANA time zone database such as "Europe/Berlin"';

const fiveFields = /^ *[^ ]+(?: +[^ ]+){4} *$/;
const zoneName = /^[A-Za-z][A-Za-z0-9_+/-]*$/;
const int64 = { format: "int64" } as const;

/** A text that the API server refuses with `message`: a pattern in the schema would be shown to users as it is. */
function text(isAccepted: (text: string) => boolean, rule: string, message: string) {
  return z
    .string()
    .refine(isAccepted, message)
    .meta({ "x-kubernetes-validations": [{ rule, message }] });
}

function setOf(longest: number, most: number) {
  return z
    .array(z.string().min(1).max(longest))
    .min(1)
    .max(most)
    .meta({ "x-kubernetes-list-type": "set" })
    .optional();
}

export const MaintenanceWindowSpec = z
  .object({
    hosts: setOf(253, 1000).describe(
      "ESXi hosts that are maintained: their names as in vCenter, in upper or lower case.",
    ),
    clusters: setOf(253, 100).describe(
      "vSphere clusters of which every host is maintained: their names as in vCenter, in upper or lower case.",
    ),
    nodeSelector: LabelSelector.optional().describe(
      "Kubernetes nodes that are maintained, by their labels; {} selects every node.",
    ),
    start: z.iso
      .datetime({ offset: true })
      .meta({ format: "date-time" })
      .optional()
      .describe(
        "When the maintenance begins, for one that happens once: RFC 3339, such as 2026-12-01T02:00:00Z.",
      ),
    schedule: text(
      (schedule) => fiveFields.test(schedule),
      matches(fiveFields),
      `a schedule is ${acceptedSchedule}`,
    )
      .max(200)
      .optional()
      .describe(
        `When the maintenance begins, for one that recurs: ${acceptedSchedule}, which is the first Saturday of a month. As in a CronJob, one of day of month and day of week is enough where both are set.`,
      ),
    timeZone: text(
      (timeZone) => zoneName.test(timeZone),
      // Fails for a zone that the API server does not know.
      `${matches(zoneName)} && timestamp('2026-01-01T00:00:00Z').getHours(self) >= 0`,
      `a time zone is ${acceptedTimeZone}`,
    )
      .max(64)
      .optional()
      .describe(`Time zone of the schedule: ${acceptedTimeZone}. UTC where it is not set.`),
    duration: text(
      isDuration,
      `self != '' && ${matches(durationPattern)} && duration(self) >= duration('1m') && duration(self) <= duration('744h')`,
      `a duration is ${acceptedDuration}`,
    )
      .max(20)
      .describe(`How long the maintenance lasts: ${acceptedDuration}.`),
    reason: z
      .string()
      // For the API server alone: a reason is no reason to misunderstand the rest.
      .meta({ maxLength: 200 })
      .optional()
      .describe("What it is for, in words that the owners of jobs understand."),
  })
  .meta({
    "x-kubernetes-validations": [
      {
        rule: "has(self.hosts) || has(self.clusters) || has(self.nodeSelector)",
        message: "set at least one of hosts, clusters and nodeSelector: what is maintained",
      },
      {
        rule: "has(self.start) != has(self.schedule)",
        message: "set exactly one of start (it happens once) and schedule (it recurs)",
      },
      {
        rule: "!has(self.timeZone) || has(self.schedule)",
        message: "timeZone belongs to schedule; start carries its own offset, such as +01:00",
      },
    ],
  })
  .describe(
    "What is maintained, when and for how long. Whatever hosts, clusters or nodeSelector names is meant.",
  );
export type MaintenanceWindowSpec = z.infer<typeof MaintenanceWindowSpec>;

export const MaintenanceWindowStatus = z
  .object({
    active: z.boolean().optional().describe("Whether the maintenance is going on now."),
    nextStart: z.iso
      .datetime()
      .meta({ format: "date-time" })
      .optional()
      .describe(
        "When the maintenance that is going on began, or else the next one begins; in UTC.",
      ),
    nextEnd: z.iso
      .datetime()
      .meta({ format: "date-time" })
      .optional()
      .describe(
        "When that one ends; in UTC. Not set where the next one always begins before the last one ends.",
      ),
    nodes: z
      .int()
      .min(0)
      .meta(int64)
      .optional()
      .describe("How many Kubernetes nodes it concerns as things are now."),
    observedGeneration: z
      .int()
      .min(0)
      .meta(int64)
      .optional()
      .describe("The metadata.generation of the spec that this status belongs to."),
    conditions: Conditions.describe(
      "Ready: the maintenance is understood. While it is not, the maintenance of what it names counts as unknown.",
    ),
  })
  .describe("What gpuinfo makes of it.");
export type MaintenanceWindowStatus = z.infer<typeof MaintenanceWindowStatus>;
