/** Certificates as cert-manager issues them for the extender and for the scheduler that asks it. */

import path from "node:path";
import {
  type Authority,
  createAuthority,
  type Subject,
  writeKeyPair,
  writeSecret,
} from "../../hack/stack/cluster/pki.ts";

export const serverName = "gpuinfo-extender.gpuinfo-system.svc";
export const schedulerName = "gpuinfo-scheduler";

/** Files of a client, to be named in its configuration. */
export interface ClientFiles {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export interface ExtenderPki {
  readonly authority: Authority;
  /** Has tls.crt, tls.key and ca.crt, as the mounted Secret of the extender has. */
  readonly servingDir: string;
  readonly scheduler: ClientFiles;
}

export async function issueExtenderPki(dir: string): Promise<ExtenderPki> {
  const authority = await createAuthority("gpuinfo-ca");
  const servingDir = path.join(dir, "serving");
  writeKeyPair(
    servingDir,
    "tls",
    await authority.issue({ commonName: serverName, hosts: [serverName] }),
  );
  const caFile = writeSecret(servingDir, "ca.crt", authority.caPem);
  const scheduler = await issueClient(path.join(dir, "scheduler"), authority, caFile, {
    commonName: schedulerName,
  });
  return { authority, servingDir, scheduler };
}

/** @param caFile what the client trusts */
export async function issueClient(
  dir: string,
  authority: Authority,
  caFile: string,
  subject: Subject,
): Promise<ClientFiles> {
  return { caFile, ...writeKeyPair(dir, "tls", await authority.issue(subject)) };
}
