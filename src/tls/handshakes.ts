/** Finds out why handshakes fail. */

import type { HandshakeFailure } from "./observer.ts";

/** What Node's `tlsClientError` brings: OpenSSL's own words are in `reason`. */
export type HandshakeError = Error & { readonly code?: string; readonly reason?: string };

export interface Circumstances {
  /** We had a certificate to show. */
  readonly hasCertificate: boolean;
  /** A client certificate came, and was found wanting. */
  readonly clientIsBad: boolean;
}

export function whyHandshakeFailed(
  { code = "" }: HandshakeError,
  { hasCertificate, clientIsBad }: Circumstances,
): HandshakeFailure {
  // The chain was judged after the handshake, and the socket closed: then the error itself says nothing.
  if (clientIsBad) return "badClientCertificate";
  if (code === "ERR_TLS_HANDSHAKE_TIMEOUT") return "timeout";
  if (/PEER_DID_NOT_RETURN_A_CERTIFICATE/.test(code)) return "noClientCertificate";
  if (/CERTIFICATE_VERIFY_FAILED/.test(code)) return "badClientCertificate";
  if (/ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_)/.test(code)) return "distrusted";
  if (/RESET|EPIPE/.test(code)) return "closed";
  if (!hasCertificate) return "noServerCertificate";
  if (code.startsWith("ERR_SSL_")) return "protocol";
  return "other";
}
