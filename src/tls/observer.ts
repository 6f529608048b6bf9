/** What this folder tells whoever counts: callbacks that main.ts turns into metrics. */

/** Why a handshake failed, as far as the server can tell. */
export type HandshakeFailure =
  /** We have no certificate to show yet. */
  | "noServerCertificate"
  /** The client showed none where one is wanted. */
  | "noClientCertificate"
  /** The client's certificate has another issuer than ours, or is expired, or not for clients. */
  | "badClientCertificate"
  /** The client does not trust our certificate. */
  | "distrusted"
  /** No version or cipher in common, or no TLS at all. */
  | "protocol"
  /** The client took too long. */
  | "timeout"
  /** The client went away, as port checks do. */
  | "closed"
  | "other";

/** Called synchronously, so an implementation must be quick and must not throw. */
export interface TlsObserver {
  /** Changed files in the directory were taken, or left alone because something is wrong with them. */
  certificatesRead(outcome: "ok" | "error"): void;
  handshakeFailed(listener: string, failure: HandshakeFailure): void;
  /** A client with a valid certificate asked, whose name is not among those that may. */
  clientRefused(listener: string): void;
  /** A connection was turned away because there are too many. */
  connectionDropped(listener: string): void;
}

function ignore(): void {}

/** An observer that counts nothing. */
export const silentObserver: TlsObserver = {
  certificatesRead: ignore,
  handshakeFailed: ignore,
  clientRefused: ignore,
  connectionDropped: ignore,
};
