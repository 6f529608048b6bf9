/** The CRD of MaintenanceWindow. */

import {
  MaintenanceWindowSpec,
  MaintenanceWindowStatus,
  maintenanceWindowKind,
} from "../../src/api/maintenance-window.ts";
import { column, customResourceDefinition, readyColumn } from "./definition.ts";
import { structuralSchema } from "./structural-schema.ts";

export const maintenanceWindowDefinition = customResourceDefinition({
  ...maintenanceWindowKind,
  shortName: "mw",
  scope: "Cluster",
  description:
    "Says when ESXi hosts are maintained, so that no job is placed where it would not be done before. For sites that do not write this to vCenter.",
  columns: [
    column("Schedule", "string", ".spec.schedule"),
    // Not of type "date", which is shown as an age: this is to come.
    column("Next", "string", ".status.nextStart"),
    column("Duration", "string", ".spec.duration"),
    column("Nodes", "integer", ".status.nodes"),
    column("Active", "boolean", ".status.active"),
    readyColumn("Ready", "status"),
    readyColumn("Reason", "reason"),
    column("For", "string", ".spec.reason", 1),
    column("Age", "date", ".metadata.creationTimestamp"),
  ],
  spec: structuralSchema(MaintenanceWindowSpec),
  status: structuralSchema(MaintenanceWindowStatus),
  required: ["spec"],
});
