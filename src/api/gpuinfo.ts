/** The GPUInfo resource: one schema that gives its TypeScript types, its parser and its CRD. */

import { z } from "zod";
import { reasons } from "../selection/model.ts";

/** What stands in both names when nothing fits; a promise to users of cormachogan/gpuinfo. */
export const noneAvailable = "None available";

const int64 = { format: "int64" } as const;

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
      .meta(int64)
      .optional()
      .describe("The metadata.generation that this condition was computed from."),
  })
  .describe("One aspect of the answer's state.");
export type Condition = z.infer<typeof Condition>;

export const GpuInfoSpec = z
  .object({
    desAccTime: z
      .int()
      .min(1)
      .max(8760)
      .meta(int64)
      .default(1)
      .describe(
        "Hours that the job must be able to run before its ESXi host goes into maintenance; 1 to 8760 (a year).",
      ),
    gpuRequired: z
      .boolean()
      .default(false)
      .describe("Whether the job needs a GPU. Jobs without one are kept off nodes that have one."),
  })
  .describe("What the job needs of the node that it runs on.");
export type GpuInfoSpec = z.infer<typeof GpuInfoSpec>;

export const GpuInfoStatus = z
  .object({
    suitableNodeName: z
      .string()
      .max(253)
      .optional()
      .describe(`Name of the most suitable Kubernetes node, or "${noneAvailable}".`),
    suitableHostName: z
      .string()
      .max(253)
      .optional()
      .describe(`Name of the ESXi host that the node runs on, or "${noneAvailable}".`),
    nodeMemoryUsage: z
      .int()
      .min(0)
      .meta(int64)
      .optional()
      .describe(
        "Guest memory usage of the node's virtual machine, in MiB; refreshed every five minutes.",
      ),
    nodeCPUUsage: z
      .int()
      .min(0)
      .meta(int64)
      .optional()
      .describe("CPU demand of the node's virtual machine, in MHz; refreshed every five minutes."),
    availableAcceleratorTime: z
      .int()
      .min(0)
      .meta(int64)
      .optional()
      .describe("Whole hours until the host's next known maintenance; 8760 where none is known."),
    candidates: z.int().min(0).meta(int64).optional().describe("How many nodes fit."),
    rejected: z
      .record(z.string(), z.int().min(0).meta(int64))
      .meta({ "x-kubernetes-map-type": "atomic" })
      .optional()
      .describe(`How many nodes were rejected, by reason: ${reasons.join(", ")}.`),
    evaluatedTime: z.iso
      .datetime()
      .meta({ format: "date-time" })
      .optional()
      .describe("When these answers were computed."),
    observedGeneration: z
      .int()
      .min(0)
      .meta(int64)
      .optional()
      .describe("The metadata.generation of the spec that these answers belong to."),
    conditions: z
      .array(Condition)
      .max(16)
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] })
      .optional()
      .describe(
        "Ready: a node fits. InventoryFresh: what vCenter says is recent. Simulated: GPUs and hours are made up.",
      ),
  })
  .describe("The most suitable node, kept right while nodes, virtual machines and hosts change.");
export type GpuInfoStatus = z.infer<typeof GpuInfoStatus>;

/** A GPUInfo as we read it: only the fields that we use. Times are RFC 3339. */
export const GpuInfo = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    uid: z.string().default(""),
    generation: z.int().default(1),
    resourceVersion: z.string().default(""),
  }),
  spec: GpuInfoSpec.prefault({}),
  // A status that somebody else wrote badly must not stop us from writing a good one.
  status: GpuInfoStatus.catch({}).default({}),
});
export type GpuInfo = z.infer<typeof GpuInfo>;
