/** Issues all that a local control plane needs to prove and check who is who. */
import path from "node:path";
import type { Credentials } from "./kubeconfig.ts";
import {
  type Authority,
  createAuthority,
  createSigningKey,
  type KeyPair,
  writeKeyPair,
  writeSecret,
} from "./pki.ts";

/** Files of the control plane's identities, and the authority to issue more of them. */
export interface ClusterCredentials {
  readonly dir: string;
  readonly authority: Authority;
  readonly caFile: string;
  readonly server: { readonly certFile: string; readonly keyFile: string };
  /** Signs service account tokens. */
  readonly tokenKeyFile: string;
  /** Verifies them. */
  readonly tokenPublicKeyFile: string;
  readonly admin: KeyPair;
  readonly adminFiles: Credentials;
  readonly controllerManagerFiles: Credentials;
}

const serverNames = [
  "127.0.0.1",
  "localhost",
  "kubernetes",
  "kubernetes.default",
  "kubernetes.default.svc",
  "10.0.0.1",
];

export async function issueCredentials(stackDir: string): Promise<ClusterCredentials> {
  const dir = path.join(stackDir, "pki");
  const authority = await createAuthority("gpuinfo local cluster");
  const [server, admin, controllerManager, tokenKey] = await Promise.all([
    authority.issue({ commonName: "kube-apiserver", hosts: serverNames }),
    authority.issue({ commonName: "local-admin", organizations: ["system:masters"] }),
    authority.issue({ commonName: "system:kube-controller-manager" }),
    createSigningKey(),
  ]);
  return {
    dir,
    authority,
    caFile: writeSecret(dir, "ca.crt", authority.caPem),
    server: writeKeyPair(dir, "kube-apiserver", server),
    tokenKeyFile: writeSecret(dir, "service-account.key", tokenKey.privatePem),
    tokenPublicKeyFile: writeSecret(dir, "service-account.pub", tokenKey.publicPem),
    admin,
    adminFiles: writeKeyPair(dir, "admin", admin),
    controllerManagerFiles: writeKeyPair(dir, "kube-controller-manager", controllerManager),
  };
}
