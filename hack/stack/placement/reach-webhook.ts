/** Leads the API server to a webhook on this machine, where no kube-proxy makes Services work. */
import type { Manifest } from "../pod/manifest.ts";

interface WebhookConfiguration extends Manifest {
  readonly webhooks: readonly {
    readonly clientConfig: { readonly service: { readonly name: string } };
  }[];
}

/**
 * The same manifests, with the Service of that name made an alias of localhost, which the API server follows by
 * itself, and the port of whatever calls it changed. What the server's certificate must say stays.
 */
export function reachLocally(
  manifests: readonly Manifest[],
  service: string,
  port: number,
): readonly Manifest[] {
  return manifests.map((manifest) => {
    if (manifest.kind === "Service" && manifest.metadata.name === service) {
      return aliasOfLocalhost(manifest, port);
    }
    return isWebhookConfiguration(manifest) ? onPort(manifest, service, port) : manifest;
  });
}

function aliasOfLocalhost(manifest: Manifest, port: number): Manifest & { readonly spec: object } {
  return {
    ...manifest,
    spec: { type: "ExternalName", externalName: "localhost", ports: [{ port }] },
  };
}

function onPort(manifest: WebhookConfiguration, service: string, port: number): Manifest {
  const webhooks = manifest.webhooks.map((webhook) => {
    const { clientConfig } = webhook;
    return clientConfig.service.name === service
      ? {
          ...webhook,
          clientConfig: { ...clientConfig, service: { ...clientConfig.service, port } },
        }
      : webhook;
  });
  const changed: WebhookConfiguration = { ...manifest, webhooks };
  return changed;
}

function isWebhookConfiguration(manifest: Manifest): manifest is WebhookConfiguration {
  return manifest.kind === "MutatingWebhookConfiguration";
}
