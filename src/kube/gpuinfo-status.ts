/** Writes a GPUInfo's status. */

import type { GpuInfo, GpuInfoStatus } from "../api/gpuinfo.ts";
import { apiVersion, kind } from "../api/group.ts";
import type { KubeClient } from "./client.ts";
import { gpuInfos, pathOf } from "./resource.ts";

/** Under this name the API server remembers which fields are ours. */
const fieldManager = "gpuinfo-controller";

/**
 * Makes the status what is given, by server-side apply: fields of ours that are absent now are removed, those
 * that others have set stay.
 * @throws KubeError; `invalid` names the fields that the CRD's schema refused (an older CRD also refuses every
 * field that it does not know), `notFound` when the GPUInfo was deleted
 */
export async function applyGpuInfoStatus(
  client: KubeClient,
  { metadata }: Pick<GpuInfo, "metadata">,
  status: GpuInfoStatus,
  signal?: AbortSignal,
): Promise<void> {
  const { namespace, name } = metadata;
  await client.request({
    method: "PATCH",
    path: pathOf(gpuInfos, { namespace, name, subresource: "status" }),
    query: { fieldManager, force: true },
    contentType: "application/apply-patch+yaml",
    body: { apiVersion, kind, metadata: { namespace, name }, status },
    ...(signal && { signal }),
  });
}
