/** The webhook's record on a pod: exactly what it injected, when, and for which needs. */

import { z } from "zod";
import { annotationKeys, labelKeys } from "./names.ts";
import type { Pod } from "./pod.ts";

/** One requirement on a node label of ours. The pod's author can write a record too: nothing else may stand in it. */
const Expression = z.discriminatedUnion("key", [
  z.object({
    key: z.literal(labelKeys.gpu),
    operator: z.literal("In"),
    values: z.tuple([z.enum(["true", "false"])]),
  }),
  z.object({
    key: z.literal(labelKeys.availableUntil),
    operator: z.literal("Gt"),
    values: z.tuple([z.string().regex(/^[0-9]{1,9}$/)]),
  }),
]);
export type Expression = z.infer<typeof Expression>;

export const InjectionRecord = z.object({
  /** When the needs were turned into bounds; RFC 3339. */
  at: z.iso.datetime(),
  gpu: z.boolean(),
  hours: z.int().min(1).max(8760),
  /** What was added to the terms of the required node affinity. */
  required: z.array(Expression).max(4),
  /** The node that a preferred term was added for. */
  preferredNode: z.string().min(1).max(253).optional(),
  /** The scheduler that was put on the pod. */
  schedulerName: z.string().min(1).max(253).optional(),
  /** The marker resource was added. */
  marker: z.literal(true).optional(),
  /** The label was added. */
  label: z.literal(true).optional(),
});
export type InjectionRecord = z.infer<typeof InjectionRecord>;

/** Ours are far shorter. */
const longest = 4096;

/** @returns undefined where the text is no record of ours */
export function readRecord(text: string): InjectionRecord | undefined {
  if (text.length > longest) return undefined;
  try {
    return InjectionRecord.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The record that a pod carries. */
export function recordOf({ metadata }: Pod): InjectionRecord | undefined {
  const text = metadata.annotations?.[annotationKeys.injected];
  return text === undefined ? undefined : readRecord(text);
}

export function writeRecord(record: InjectionRecord): string {
  return JSON.stringify(record);
}
