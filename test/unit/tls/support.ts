/** A mounted Secret, and what is asked of a listener. */

import { mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Authority, KeyPair } from "../../../hack/stack/cluster/pki.ts";
import { writeVolume } from "../../../hack/stack/pod/atomic-volume.ts";

/** A directory as the kubelet mounts a Secret, with the swap of its link. */
export interface MountedSecret {
  readonly dir: string;
  write(files: Readonly<Record<string, string>>): void;
  remove(): void;
}

export function mountSecret(files: Readonly<Record<string, string>> = {}): MountedSecret {
  const parent = mkdtempSync(join(tmpdir(), "gpuinfo-tls-"));
  const dir = join(parent, "tls");
  const write = (content: Readonly<Record<string, string>>) => {
    writeVolume(dir, new Map(Object.entries(content).map(([k, text]) => [k, Buffer.from(text)])));
  };
  write(files);
  return { dir, write, remove: () => rmSync(parent, { recursive: true, force: true }) };
}

export function secretOf(pair: KeyPair, ca: Pick<Authority, "caPem">): Record<string, string> {
  return { "tls.crt": pair.certPem, "tls.key": pair.keyPem, "ca.crt": ca.caPem };
}

export async function servingPair(authority: Authority): Promise<KeyPair> {
  return authority.issue({ commonName: "gpuinfo-serving", hosts: ["localhost", "127.0.0.1"] });
}

export function portOf(server: Server): number {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  return (server.address() as AddressInfo).port;
}

/** The first value that is not undefined. */
export async function until<T>(read: () => T | undefined, timeoutMs = 5_000): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = read();
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error(`not so within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
