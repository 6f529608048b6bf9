/** What an overlay of deploy/ consists of, and how it is taken out of a cluster. */
import { parseAllDocuments } from "yaml";
import { read, run, servedVersions } from "./kubectl.ts";

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** The overlay that holds whatever any other does. */
export const everything = "deploy/default";

export function render(overlay: string): readonly Manifest[] {
  return parseAllDocuments(read(["kustomize", overlay])).map(
    (document): Manifest => document.toJS(),
  );
}

/**
 * Deletes what is there of these, and waits until it is gone: first what the API server calls, so that it does not wait
 * for who is not there any more; then workloads before what they need, so that nothing is written any more. Kinds that
 * the API server does not know (of a removed cert-manager, say) are no error.
 */
export function remove(manifests: readonly Manifest[]): void {
  const served = servedVersions();
  const known = manifests.filter(({ apiVersion }) => served.has(apiVersion));
  const isWebhook = ({ kind }: Manifest): boolean => kind === "MutatingWebhookConfiguration";
  const isWorkload = ({ kind }: Manifest): boolean => kind === "Deployment";
  deleteAll(known.filter(isWebhook));
  deleteAll(known.filter(isWorkload), ["--cascade=foreground"]);
  deleteAll(known.filter((manifest) => !isWebhook(manifest) && !isWorkload(manifest)));
}

/** One object is the same in another overlay when these are equal; the hash at the end of its name may differ. */
export function identityOf({ kind, metadata: { name, namespace = "" } }: Manifest): string {
  const stable = kind === "ConfigMap" ? name.replace(/-[a-z0-9]{10}$/, "") : name;
  return [kind, namespace, stable].join("/");
}

function deleteAll(items: readonly Manifest[], flags: readonly string[] = []): void {
  if (items.length === 0) return;
  const list = { apiVersion: "v1", kind: "List", items };
  run(["delete", "--ignore-not-found", "--timeout=2m", ...flags, "-f", "-"], JSON.stringify(list));
}
