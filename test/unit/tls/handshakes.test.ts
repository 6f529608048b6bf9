import { describe, expect, it } from "vitest";
import { type HandshakeError, whyHandshakeFailed } from "../../../src/tls/handshakes.ts";
import type { HandshakeFailure } from "../../../src/tls/observer.ts";

function failed(code: string): HandshakeError {
  return Object.assign(new Error("socket hang up"), { code });
}

const usual = { hasCertificate: true, clientIsBad: false };

describe("whyHandshakeFailed", () => {
  // Codes as Node gives them, the first two for a client in Go and for curl that do not trust our authority.
  it.each<[string, HandshakeFailure]>([
    ["ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE", "distrusted"],
    ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "distrusted"],
    ["ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED", "distrusted"],
    ["ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE", "noClientCertificate"],
    ["ERR_SSL_CERTIFICATE_VERIFY_FAILED", "badClientCertificate"],
    ["ERR_SSL_HTTP_REQUEST", "protocol"],
    ["ERR_SSL_UNSUPPORTED_PROTOCOL", "protocol"],
    ["ERR_TLS_HANDSHAKE_TIMEOUT", "timeout"],
    ["ECONNRESET", "closed"],
    ["EPIPE", "closed"],
    ["ENOBUFS", "other"],
    ["", "other"],
  ])("%s is %s", (code, wanted) => {
    expect(whyHandshakeFailed(failed(code), usual)).toBe(wanted);
  });

  it("blames the client's certificate when that was judged, whatever became of the socket", () => {
    const circumstances = { ...usual, clientIsBad: true };
    expect(whyHandshakeFailed(failed("ECONNRESET"), circumstances)).toBe("badClientCertificate");
  });

  it("blames us as long as we have no certificate, port checks aside", () => {
    const early = { ...usual, hasCertificate: false };
    expect(whyHandshakeFailed(failed("ERR_SSL_NO_SHARED_CIPHER"), early)).toBe(
      "noServerCertificate",
    );
    expect(whyHandshakeFailed(failed("ECONNRESET"), early)).toBe("closed");
  });
});
