/** Decides whether what lies in the files is good to serve with. */

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { type FileName, type Files, fileNames } from "./files.ts";

/** A certificate with its key, and the authorities that issue our clients' certificates; all PEM. */
export interface Material {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
  /** When the certificate ends. */
  readonly expiresAt: Date;
  /** The DNS names that the certificate is for, as openssl writes them. */
  readonly names: string;
}

const checkCertManager =
  "is cert-manager running? kubectl -n gpuinfo-system get certificate; kubectl -n gpuinfo-system describe certificate gpuinfo-serving";

/** @throws Error saying what was found in `dir`, and what to do */
export function checkFiles(dir: string, files: Files, now: Date): Material {
  const { "tls.crt": cert, "tls.key": key, "ca.crt": ca } = present(dir, files);
  const leaf = parse(dir, "tls.crt", cert, "certificate", (pem) => new X509Certificate(pem));
  const privateKey = parse(dir, "tls.key", key, "private key", (pem) => createPrivateKey(pem));
  parse(dir, "ca.crt", ca, "certificate", parseAuthorities);
  checkMatch(dir, leaf, privateKey);
  const expiresAt = new Date(leaf.validTo);
  checkExpiry(dir, expiresAt, now);
  checkUsable(dir, { key, cert, ca });
  return { key, cert, ca, expiresAt, names: leaf.subjectAltName ?? "" };
}

/** Words for a certificate that ended at `expiresAt` with no newer one in sight. */
export function expired(dir: string, expiresAt: Date): string {
  return `the certificate in ${dir} expired at ${expiresAt.toISOString()}: ${checkCertManager}`;
}

function present(dir: string, files: Files): Record<FileName, string> {
  const missing = fileNames.filter((name) => !files[name]);
  if (missing.length === fileNames.length) {
    throw new Error(`no certificate in ${dir} yet: ${checkCertManager}`);
  }
  if (missing.length > 0) {
    throw new Error(
      `${dir} has no ${missing.join(" and no ")}, wanted ${fileNames.join(", ")}: ${checkCertManager}`,
    );
  }
  const { "tls.crt": cert = "", "tls.key": key = "", "ca.crt": ca = "" } = files;
  return { "tls.crt": cert, "tls.key": key, "ca.crt": ca };
}

function parse<T>(
  dir: string,
  name: FileName,
  text: string,
  wanted: string,
  read: (pem: string) => T,
): T {
  try {
    return read(text);
  } catch (cause) {
    throw new Error(
      `${dir}/${name} is no ${wanted}, wanted PEM without a passphrase: look at the Secret that is mounted there`,
      { cause },
    );
  }
}

/** An authority that is being replaced stands beside its successor. */
function parseAuthorities(text: string): readonly X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error("no certificate");
  return blocks.map((pem) => new X509Certificate(pem));
}

function checkMatch(dir: string, leaf: X509Certificate, key: KeyObject): void {
  if (leaf.checkPrivateKey(key)) return;
  throw new Error(
    `tls.key in ${dir} is not the key of tls.crt (serial ${leaf.serialNumber}): are two things writing that Secret? Delete it, and cert-manager issues both anew`,
  );
}

function checkExpiry(dir: string, expiresAt: Date, now: Date): void {
  if (expiresAt <= now) throw new Error(expired(dir, expiresAt));
}

/** OpenSSL has the last word, for example on keys that are too short. */
function checkUsable(dir: string, pems: Pick<Material, "key" | "cert" | "ca">): void {
  try {
    createSecureContext(pems);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`the certificate in ${dir} cannot be used: ${why}`, { cause });
  }
}
