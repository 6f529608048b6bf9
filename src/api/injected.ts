/** The webhook's record on a pod: exactly what it injected, when, and for which needs. */

import { z } from "zod";
import type { Requirement } from "../selection/model.ts";
import { gpuLimits, isModel } from "./gpu-needs.ts";
import { annotationKeys, labelKeys } from "./names.ts";
import type { Pod } from "./pod.ts";
import { requirementOf } from "./requirement.ts";

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
  z.object({
    key: z.literal(labelKeys.gpuModel),
    operator: z.literal("In"),
    // As we write it: lower case letters and digits, joined by "-".
    values: z.tuple([z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)]),
  }),
  z.object({
    key: z.literal([labelKeys.gpuMemoryGib, labelKeys.gpuCount]),
    operator: z.literal("Gt"),
    values: z.tuple([z.string().regex(/^[0-9]{1,4}$/)]),
  }),
]);
export type Expression = z.infer<typeof Expression>;

export const InjectionRecord = z.object({
  /** When the needs were turned into bounds; RFC 3339. */
  at: z.iso.datetime(),
  gpu: z.boolean(),
  hours: z.int().min(1).max(8760),
  /** Which GPUs were asked for, where that was said. */
  gpuModel: z.string().refine(isModel).optional(),
  gpuMemoryGib: z.int().min(1).max(gpuLimits.memoryGib).optional(),
  gpuCount: z.int().min(1).max(gpuLimits.count).optional(),
  /** What was added to the terms of the required node affinity. */
  required: z.array(Expression).max(5),
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

/** The needs that the pod was admitted with. */
export function requirementIn(record: InjectionRecord): Requirement {
  const { gpu, hours, gpuModel: model, gpuMemoryGib: memoryGib, gpuCount: count } = record;
  return requirementOf(gpu, hours, { model, memoryGib, count });
}

/** The same needs, as they stand in a record. */
export function recordNeeds({
  gpu,
  hours,
  gpuNeeds: { model, memoryGib, count } = {},
}: Requirement): Omit<InjectionRecord, "at" | "required"> {
  return {
    gpu,
    hours,
    ...(model !== undefined && { gpuModel: model }),
    ...(memoryGib !== undefined && { gpuMemoryGib: memoryGib }),
    ...(count !== undefined && { gpuCount: count }),
  };
}

export function writeRecord(record: InjectionRecord): string {
  return JSON.stringify(record);
}
