/** Writes a MaintenanceWindow's status. */

import type { DeclaredWindow } from "../api/declared-window.ts";
import { type MaintenanceWindowStatus, maintenanceWindowKind } from "../api/maintenance-window.ts";
import type { KubeClient } from "./client.ts";
import { maintenanceWindows, pathOf } from "./resource.ts";

/** Under this name the API server remembers which fields are ours. */
const fieldManager = "gpuinfo-controller";

/**
 * Makes the status what is given, by server-side apply: fields of ours that are absent now are removed, those
 * that others have set stay.
 * @throws KubeError; `invalid` names the fields that the CRD's schema refused (an older CRD also refuses every
 * field that it does not know), `notFound` when the MaintenanceWindow was deleted
 */
export async function applyMaintenanceWindowStatus(
  client: Pick<KubeClient, "request">,
  { metadata: { name } }: Pick<DeclaredWindow, "metadata">,
  status: MaintenanceWindowStatus,
  signal?: AbortSignal,
): Promise<void> {
  const { apiVersion, kind } = maintenanceWindowKind;
  await client.request({
    method: "PATCH",
    path: pathOf(maintenanceWindows, { name, subresource: "status" }),
    query: { fieldManager, force: true },
    contentType: "application/apply-patch+yaml",
    body: { apiVersion, kind, metadata: { name }, status },
    ...(signal && { signal }),
  });
}
