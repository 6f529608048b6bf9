/** Asks cert-manager for certificates, in the namespace of gpuinfo. */

import { setTimeout as sleep } from "node:timers/promises";
import type { KeyPair } from "../../hack/stack/cluster/pki.ts";
import type { Cluster } from "./pods.ts";

const namespace = "gpuinfo-system";
const certificates = `/apis/cert-manager.io/v1/namespaces/${namespace}/certificates`;
const timeoutMs = 20_000;

interface Certificate {
  readonly status: { readonly conditions: readonly object[] };
}

interface Secret {
  readonly data?: Readonly<Record<string, string>>;
}

/** Has a certificate issued anew although it is still good, and resolves once its Secret holds the new one. */
export async function renew(cluster: Cluster, name: string): Promise<KeyPair> {
  const { api } = cluster.controlPlane;
  const before = await pairIn(cluster, name);
  const certificate = await api.call<Certificate>("GET", `${certificates}/${name}`);
  const issuing = {
    type: "Issuing",
    status: "True",
    reason: "ManuallyTriggered",
    message: "a test wants it anew",
    lastTransitionTime: new Date().toISOString(),
  };
  const conditions = [...certificate.status.conditions, issuing];
  const status = { ...certificate.status, conditions };
  await api.call("PUT", `${certificates}/${name}/status`, { ...certificate, status });
  return untilIssued(cluster, name, before?.certPem);
}

/** A client certificate for `commonName` from the authority that issues the scheduler's. */
export async function issueClient(cluster: Cluster, commonName: string): Promise<KeyPair> {
  await cluster.controlPlane.api.call("POST", certificates, {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name: commonName },
    spec: {
      secretName: commonName,
      commonName,
      usages: ["digital signature", "client auth"],
      privateKey: { algorithm: "ECDSA", size: 256 },
      issuerRef: { kind: "Issuer", name: "gpuinfo-ca" },
    },
  });
  return untilIssued(cluster, commonName, undefined);
}

async function untilIssued(
  cluster: Cluster,
  secretName: string,
  oldCertPem: string | undefined,
): Promise<KeyPair> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const pair = await pairIn(cluster, secretName).catch(() => undefined);
    if (pair !== undefined && pair.certPem !== oldCertPem) return pair;
    if (performance.now() > deadline) {
      throw new Error(`cert-manager issued no ${secretName} in ${timeoutMs} ms`);
    }
    await sleep(100);
  }
}

async function pairIn(
  { controlPlane: { api } }: Cluster,
  name: string,
): Promise<KeyPair | undefined> {
  const path = `/api/v1/namespaces/${namespace}/secrets/${name}`;
  const { data } = await api.call<Secret>("GET", path);
  const [certPem, keyPem] = [data?.["tls.crt"], data?.["tls.key"]].map(
    (text) => text && Buffer.from(text, "base64").toString(),
  );
  return certPem && keyPem ? { certPem, keyPem } : undefined;
}
