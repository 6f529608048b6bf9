/** Says by which names a client's certificate goes. */

import type { X509Certificate } from "node:crypto";

/** Common names of the subject, and DNS and URI names: whichever the issuer was asked to write. */
export function namesOf(certificate: X509Certificate): readonly string[] {
  return [...commonNames(certificate), ...alternativeNames(certificate.subjectAltName ?? "")];
}

function commonNames(certificate: X509Certificate): readonly string[] {
  // Not `certificate.subject`: that is one text, in which a name could pretend to be two.
  const found: unknown = certificate.toLegacyObject().subject.CN;
  return [found].flat().filter((name) => typeof name === "string");
}

/** `DNS:a.example.com, URI:"spiffe://a, DNS:b"`: a name with a comma or a quote in it stands in JSON quotes. */
const alternativeName = /(?:^|, )(\w[\w ]*):("(?:[^"\\]|\\.)*"|[^,"]*)/gy;

function alternativeNames(text: string): readonly string[] {
  return [...text.matchAll(alternativeName)]
    .filter(([, kind]) => kind === "DNS" || kind === "URI")
    .map(([, , name = ""]) => (name.startsWith('"') ? String(JSON.parse(name)) : name));
}
