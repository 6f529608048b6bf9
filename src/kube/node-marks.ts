/**
 * Writes our labels and annotations on a node.
 *
 * A merge patch, not server-side apply: it names the keys that change and no others, removes a key whoever else has
 * written it too, and cannot create a node that was deleted a moment ago, which an apply does.
 */

import type { MarksPatch } from "../api/node-marks.ts";
import type { KubeClient } from "./client.ts";
import { isKubeError } from "./errors.ts";
import { nodes, pathOf } from "./resource.ts";

/** Under this name `kubectl get --show-managed-fields` shows what we wrote. */
const fieldManager = "gpuinfo-node-labels";

/**
 * A node that is gone needs no labels: that is no error.
 * @throws KubeError
 */
export async function patchNodeMarks(
  client: Pick<KubeClient, "request">,
  name: string,
  { labels, annotations }: MarksPatch,
  signal?: AbortSignal,
): Promise<void> {
  try {
    await client.request({
      method: "PATCH",
      path: pathOf(nodes, { name }),
      query: { fieldManager },
      contentType: "application/merge-patch+json",
      body: { metadata: { ...(labels && { labels }), ...(annotations && { annotations }) } },
      ...(signal && { signal }),
    });
  } catch (error) {
    if (!isKubeError(error, "notFound")) throw error;
  }
}
