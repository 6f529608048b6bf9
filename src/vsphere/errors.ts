/** What can go wrong between us and vCenter, as one error type that never holds a password, a cookie or a request. */

/**
 * - `fault`: vCenter refused the call; `type` is the vSphere fault, such as `ManagedObjectNotFound`.
 * - `auth`: not logged in (`NotAuthenticated`), or the login itself was refused (`InvalidLogin`).
 * - `network`: no connection, or one that broke; `type` is the system's code, such as `ECONNREFUSED`.
 * - `tls`: vCenter's certificate is not trusted, or what answers is not TLS.
 * - `timeout`: no answer in time; `type` is `connect` or `call`.
 * - `protocol`: an answer that is not what the vSphere API promises.
 * - `settings`: what we were told about vCenter cannot be read, or names something that is not there.
 */
export type VsphereErrorKind =
  | "fault"
  | "auth"
  | "network"
  | "tls"
  | "timeout"
  | "protocol"
  | "settings";

interface VsphereErrorDetails {
  readonly kind: VsphereErrorKind;
  /** The name of the fault, the system's error code, or a word of ours: fit for a metric's label. */
  readonly type: string;
  /** The vSphere method that was called, or empty. */
  readonly method?: string;
  /** The managed object that a fault names, as its id. */
  readonly object?: string;
  /** The privilege that a fault says is missing, such as `System.View`. */
  readonly privilege?: string;
}

/** The only error that this folder throws for what vCenter does. */
export class VsphereError extends Error {
  override readonly name = "VsphereError";
  readonly kind: VsphereErrorKind;
  readonly type: string;
  readonly method: string;
  readonly object: string | undefined;
  readonly privilege: string | undefined;

  constructor(message: string, details: VsphereErrorDetails) {
    super(message);
    this.kind = details.kind;
    this.type = details.type;
    this.method = details.method ?? "";
    this.object = details.object;
    this.privilege = details.privilege;
  }
}

/** An answer that the API does not allow; `wanted` and `found` say how. */
export function protocolError(type: string, message: string): VsphereError {
  return new VsphereError(message, { kind: "protocol", type });
}

/** True for the two ways in which vCenter says in words that a session is gone. */
export function isExpiry(error: unknown): boolean {
  return error instanceof VsphereError && error.type === "NotAuthenticated";
}

const longestMessage = 300;
const trustCodes = /^(CERT_|ERR_TLS_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_)/;
const protocolCodes = /^(EPROTO|ERR_SSL_)/;

/** Says whether a system error code means that a certificate is not trusted. */
export function isTrustCode(code: string): boolean {
  return trustCodes.test(code);
}

/** Says whether a system error code means that the other end does not speak TLS as we do. */
export function isHandshakeCode(code: string): boolean {
  return protocolCodes.test(code);
}

/** Turns what a socket or the HTTP client threw into ours, keeping its code and nothing of the request. */
export function fromTransportError(cause: unknown): VsphereError {
  if (cause instanceof VsphereError) return cause;
  // The HTTP client wraps what the agent threw.
  if (cause instanceof Error && cause.cause instanceof VsphereError) return cause.cause;
  const code = stringAt(cause, "code") || "UNKNOWN";
  const message = stringAt(cause, "message") || code;
  if (isTrustCode(code) || isHandshakeCode(code)) {
    return new VsphereError(`TLS failed: ${message}`, { kind: "tls", type: code });
  }
  if (code === "ETIMEDOUT") {
    return new VsphereError(`no connection: ${message}`, { kind: "timeout", type: "connect" });
  }
  return new VsphereError(`no answer: ${message}`, { kind: "network", type: code });
}

/** Gives any thrown value the shape of a VsphereError and the name of the method that was called. */
export function toVsphereError(cause: unknown, method: string): VsphereError {
  if (cause instanceof VsphereError && (cause.method || !method)) return cause;
  if (cause instanceof VsphereError) {
    const { kind, type, object, privilege } = cause;
    return new VsphereError(cause.message, {
      kind,
      type,
      method,
      ...(object && { object }),
      ...(privilege && { privilege }),
    });
  }
  const message = stringAt(cause, "message").slice(0, longestMessage) || "unknown";
  return new VsphereError(`unexpected error: ${message}`, {
    kind: "protocol",
    type: "Unexpected",
    method,
  });
}

function stringAt(value: unknown, key: string): string {
  if (typeof value !== "object" || value === null) return "";
  const found: unknown = Reflect.get(value, key);
  return typeof found === "string" ? found : "";
}
