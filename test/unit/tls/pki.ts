/** Certificates that a local stack never issues: expired ones, and names of other kinds. */

import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import type { Authority, KeyPair } from "../../../hack/stack/cluster/pki.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 24 * 60 * 60 * 1_000;

export interface OddSubject {
  readonly commonNames?: readonly string[];
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  /** Default a day from now. */
  readonly notAfter?: Date;
}

export async function issueOdd(authority: Authority, subject: OddSubject): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const ca = new x509.X509Certificate(authority.caPem);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: (subject.commonNames ?? []).map((name) => ({ CN: [name] })),
    issuer: ca.subject,
    notBefore: new Date(Date.now() - 2 * dayMs),
    notAfter: subject.notAfter ?? new Date(Date.now() + dayMs),
    publicKey: keys.publicKey,
    signingKey: await signingKey(authority),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      ...alternativeNames(subject),
    ],
  });
  const der = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certPem: certificate.toString("pem"),
    keyPem: x509.PemConverter.encode(der, "PRIVATE KEY"),
  };
}

function alternativeNames({ uris = [], dnsNames = [] }: OddSubject): x509.Extension[] {
  const names = [
    ...dnsNames.map((name) => new x509.GeneralName("dns", name)),
    ...uris.map((uri) => new x509.GeneralName("url", uri)),
  ];
  return names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)];
}

async function signingKey(authority: Authority): Promise<webcrypto.CryptoKey> {
  const [der] = x509.PemConverter.decode(authority.caKeyPem);
  if (der === undefined) throw new Error("the authority has no key");
  return webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
}
