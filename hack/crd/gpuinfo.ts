/** The CRD of GPUInfo. */

import { GpuInfoSpec, GpuInfoStatus } from "../../src/api/gpuinfo.ts";
import { group, kind, plural, version } from "../../src/api/group.ts";
import { column, customResourceDefinition, readyColumn } from "./definition.ts";
import { structuralSchema } from "./structural-schema.ts";

export const gpuInfoDefinition = customResourceDefinition({
  group,
  version,
  kind,
  plural,
  shortName: "gpu",
  scope: "Namespaced",
  description:
    "Asks which node a long-running job should run on, so that it has the accelerator that it needs and its ESXi host stays up until the job is done.",
  columns: [
    column("Desired Access Time (Hrs)", "integer", ".spec.desAccTime"),
    column("GPU Required", "boolean", ".spec.gpuRequired"),
    column("Node", "string", ".status.suitableNodeName"),
    column("Host", "string", ".status.suitableHostName"),
    column("Available (Hrs)", "integer", ".status.availableAcceleratorTime"),
    readyColumn("Ready", "status"),
    readyColumn("Reason", "reason"),
    column("Age", "date", ".metadata.creationTimestamp"),
  ],
  spec: { ...structuralSchema(GpuInfoSpec), default: {} },
  status: structuralSchema(GpuInfoStatus),
});
