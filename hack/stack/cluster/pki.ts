/** Issues the certificates of a local stack: one authority per purpose, EC P-256, valid for 30 days. */
// oxlint-disable-next-line import/no-unassigned-import -- x509 wants it loaded before itself
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as x509 from "@peculiar/x509";

x509.cryptoProvider.set(webcrypto);

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 24 * 60 * 60 * 1_000;

/** A certificate with its private key (PKCS #8), both PEM. */
export interface KeyPair {
  readonly certPem: string;
  readonly keyPem: string;
}

/** What a certificate says about its holder. */
export interface Subject {
  readonly commonName: string;
  /** Kubernetes reads these as groups. */
  readonly organizations?: readonly string[];
  /** DNS names and IP addresses that a server answers to; for clients none. */
  readonly hosts?: readonly string[];
}

/** Signs certificates that are good for serving and for authenticating as a client. */
export interface Authority {
  readonly caPem: string;
  readonly caKeyPem: string;
  issue(subject: Subject): Promise<KeyPair>;
}

export async function createAuthority(commonName: string): Promise<Authority> {
  const keys = await generateKeys();
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: nameOf({ commonName }),
    ...validity(),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    caPem: ca.toString("pem"),
    caKeyPem: await privatePem(keys),
    issue: async (subject) => issue(subject, ca, keys.privateKey),
  };
}

/** A bare key for signing tokens, and the public half that verifies them; both PEM. */
export async function createSigningKey(): Promise<{
  readonly privatePem: string;
  readonly publicPem: string;
}> {
  const keys = await generateKeys();
  const der = await webcrypto.subtle.exportKey("spki", keys.publicKey);
  return {
    privatePem: await privatePem(keys),
    publicPem: x509.PemConverter.encode(der, "PUBLIC KEY"),
  };
}

/** Writes `NAME.crt` and `NAME.key` (owner only) into `dir` and gives their paths. */
export function writeKeyPair(
  dir: string,
  name: string,
  pair: KeyPair,
): { readonly certFile: string; readonly keyFile: string } {
  return {
    certFile: writeSecret(dir, `${name}.crt`, pair.certPem),
    keyFile: writeSecret(dir, `${name}.key`, pair.keyPem),
  };
}

/** Writes one file that only its owner may read and gives its path. */
export function writeSecret(dir: string, name: string, content: string): string {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = path.join(dir, name);
  writeFileSync(file, content, { mode: 0o600 });
  return file;
}

async function issue(
  subject: Subject,
  ca: x509.X509Certificate,
  caKey: webcrypto.CryptoKey,
): Promise<KeyPair> {
  const keys = await generateKeys();
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  const cert = await x509.X509CertificateGenerator.create({
    subject: nameOf(subject),
    issuer: ca.subject,
    ...validity(),
    publicKey: keys.publicKey,
    signingKey: caKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([serverAuth, clientAuth]),
      await x509.AuthorityKeyIdentifierExtension.create(ca),
      ...alternativeNames(subject.hosts ?? []),
    ],
  });
  return { certPem: cert.toString("pem"), keyPem: await privatePem(keys) };
}

function alternativeNames(hosts: readonly string[]): readonly x509.Extension[] {
  if (hosts.length === 0) {
    return [];
  }
  const names = hosts.map(
    (host) => new x509.GeneralName(/^[\d.]+$|:/.test(host) ? "ip" : "dns", host),
  );
  return [new x509.SubjectAlternativeNameExtension(names)];
}

function nameOf({ commonName, organizations = [] }: Subject): x509.JsonName {
  return [...organizations.map((organization) => ({ O: [organization] })), { CN: [commonName] }];
}

function validity(): { readonly notBefore: Date; readonly notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - dayMs), notAfter: new Date(now + 30 * dayMs) };
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

async function privatePem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return x509.PemConverter.encode(der, "PRIVATE KEY");
}
