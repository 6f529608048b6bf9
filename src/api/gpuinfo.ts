/** The GPUInfo resource: one schema that gives its TypeScript types, its parser and its CRD. */

import { z } from "zod";
import { reasons } from "../selection/model.ts";
import { Conditions } from "./condition.ts";
import { gpuLimits, isModel, modelPattern } from "./gpu-needs.ts";

/** What stands in both names when nothing fits; a promise to users of cormachogan/gpuinfo. */
export const noneAvailable = "None available";

const int64 = { format: "int64" } as const;
const time = z.iso.datetime().meta({ format: "date-time" });

/** Characters of a planned maintenance's description that a status has room for. */
export const descriptionLength = 256;

const notAModel = "wanted is the name of a GPU model, with at least one letter or digit";
const gpuRequiredMissing = "gpuModel, gpuMemoryGiB and gpuCount need gpuRequired: true";

interface AskedGpu {
  readonly gpuRequired: boolean;
  readonly gpuModel?: unknown;
  readonly gpuMemoryGiB?: unknown;
  readonly gpuCount?: unknown;
}

function needsGpuForItsKind({ gpuRequired, gpuModel, gpuMemoryGiB, gpuCount }: AskedGpu): boolean {
  return gpuRequired || [gpuModel, gpuMemoryGiB, gpuCount].every((need) => need === undefined);
}

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
    gpuModel: z
      .string()
      .refine(isModel, notAModel)
      .meta({
        maxLength: gpuLimits.modelLength,
        "x-kubernetes-validations": [
          { rule: `self.matches(${JSON.stringify(modelPattern.source)})`, message: notAModel },
        ],
      })
      .optional()
      .describe(
        "Model that the GPUs must have, such as NVIDIA A100 80GB PCIe, as vCenter or the node label topology.corinternal.com/gpu-model spells it: only letters and digits count, upper and lower case alike. Of a vGPU it is the model of the card. Needs gpuRequired: true.",
      ),
    gpuMemoryGiB: z
      .int()
      .min(1)
      .max(gpuLimits.memoryGib)
      .meta(int64)
      .optional()
      .describe(
        "Memory that each GPU must have at least, in GiB; 1 to 4096. Of a vGPU it is the share that the virtual machine has. Needs gpuRequired: true.",
      ),
    gpuCount: z
      .int()
      .min(1)
      .max(gpuLimits.count)
      .meta(int64)
      .optional()
      .describe(
        "GPUs that the node must have at least, used or not; 1 to 64. How many of them the job gets is up to its own resource requests. Needs gpuRequired: true.",
      ),
  })
  .refine(needsGpuForItsKind, gpuRequiredMissing)
  .meta({
    "x-kubernetes-validations": [
      {
        rule: "self.gpuRequired || !(has(self.gpuModel) || has(self.gpuMemoryGiB) || has(self.gpuCount))",
        message: gpuRequiredMissing,
      },
    ],
  })
  .describe("What the job needs of the node that it runs on.");
export type GpuInfoSpec = z.infer<typeof GpuInfoSpec>;

const NextMaintenance = z
  .object({
    startsAt: time.describe("When it starts; the hours of the job end here."),
    endsAt: time.optional().describe("When it ends; absent where nobody says."),
    source: z
      .enum(["runningTask", "scheduledTask", "customAttribute", "maintenanceWindow", "simulation"])
      .describe(
        "Where it was read: a task that runs in vCenter, one that is scheduled there, the custom attribute on host, cluster or datacenter, a MaintenanceWindow object, or the simulation.",
      ),
    confidence: z
      .enum(["observed", "scheduled", "declared", "simulated"])
      .describe(
        "How sure it is: observed (it goes on), scheduled (vCenter will begin it), declared (somebody wrote it down), simulated (made up).",
      ),
    description: z
      .string()
      .max(descriptionLength)
      .describe("Words of whoever planned it, such as the task's name."),
  })
  .describe(
    "The next known maintenance of the ESXi host that limits the hours; absent where none is known.",
  );

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
    nextMaintenance: NextMaintenance.optional(),
    candidates: z.int().min(0).meta(int64).optional().describe("How many nodes fit."),
    rejected: z
      .record(z.string(), z.int().min(0).meta(int64))
      .meta({ "x-kubernetes-map-type": "atomic" })
      .optional()
      .describe(`How many nodes were rejected, by reason: ${reasons.join(", ")}.`),
    evaluatedTime: time.optional().describe("When these answers were computed."),
    inventoryTime: time
      .optional()
      .describe(
        "Until when the node's vCenter had confirmed what it said of node and host, as of evaluatedTime; where no node fits, until when all vCenters that are not too old had.",
      ),
    observedGeneration: z
      .int()
      .min(0)
      .meta(int64)
      .optional()
      .describe("The metadata.generation of the spec that these answers belong to."),
    conditions: Conditions.describe(
      "Ready: a node fits. InventoryFresh: what every vCenter says is recent. UsageFresh: so are its CPU and memory numbers. Simulated: GPUs and hours are made up.",
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
