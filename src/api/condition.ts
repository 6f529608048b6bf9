/** A condition in the status of an object of ours, as Kubernetes spells them. */

import { z } from "zod";

const Condition = z
  .object({
    type: z.string().max(316).describe("What the condition is about, such as Ready."),
    status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
    reason: z.string().min(1).max(1024).describe("Why, in one word for programs."),
    message: z.string().max(32768).describe("Why, in a sentence for people."),
    lastTransitionTime: z.iso
      .datetime()
      .meta({ format: "date-time" })
      .describe("When the status last changed."),
    observedGeneration: z
      .int()
      .min(0)
      .meta({ format: "int64" })
      .optional()
      .describe("The metadata.generation that this condition was computed from."),
  })
  .describe("One aspect of the answer's state.");
export type Condition = z.infer<typeof Condition>;

/** The conditions of a status, one of each type. */
export const Conditions = z
  .array(Condition)
  .max(16)
  .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] })
  .optional();
