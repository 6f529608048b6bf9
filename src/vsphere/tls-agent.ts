/** Decides whether the server at the other end is the vCenter that we were told to trust, before a byte is sent to it. */
import { Agent, type RequestOptions } from "node:https";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect, type PeerCertificate, type TLSSocket } from "node:tls";
import { isTrustCode, VsphereError } from "./errors.ts";
import type { VcenterSettings } from "./settings.ts";

type Trust = Pick<VcenterSettings, "caPem" | "thumbprint" | "insecure">;

/** Longest time that an unused connection is kept; vCenter's own limit is not known to us, and longer than this. */
const idleMs = 10_000;

/**
 * An agent for one vCenter. The chain and the name are checked unless a thumbprint stands alone or `insecure` is set;
 * a thumbprint is always checked. A socket is handed to HTTP only after that, so a password cannot reach a stranger.
 */
export class VcenterAgent extends Agent {
  readonly #trust: Trust;
  readonly #connectMs: number;
  #closing = new AbortController();

  constructor(trust: Trust, connectMs: number) {
    super({ keepAlive: true, timeout: idleMs });
    this.#trust = trust;
    this.#connectMs = connectMs;
  }

  override createConnection(
    options: RequestOptions,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): null {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- with an error there is no socket; node's types do not say so
    const done = callback as ((error: unknown, socket?: Duplex) => void) | undefined;
    void this.#connect(options).then(
      (socket) => done?.(null, socket),
      (cause: unknown) => done?.(cause),
    );
    return null;
  }

  /** Ends all connections, those that are being made as well. New ones can be made afterwards. */
  override destroy(): void {
    this.#closing.abort();
    this.#closing = new AbortController();
    super.destroy();
  }

  async #connect({ host, port, servername }: RequestOptions): Promise<TLSSocket> {
    const target: ConnectionOptions = {
      host: host ?? "localhost",
      port: Number(port),
      servername: servername ?? "",
      ...(this.#trust.caPem === undefined ? {} : { ca: this.#trust.caPem }),
    };
    try {
      const rejectUnauthorized = checksChain(this.#trust);
      const socket = await this.#handshake({ ...target, rejectUnauthorized });
      this.#checkThumbprint(socket);
      return socket;
    } catch (cause) {
      throw await this.#explain(cause, target);
    }
  }

  #checkThumbprint(socket: TLSSocket): void {
    if (this.#trust.thumbprint === undefined) return;
    const found = socket.getPeerCertificate().fingerprint256;
    if (bareThumbprint(found) === bareThumbprint(this.#trust.thumbprint)) return;
    socket.destroy();
    throw new VsphereError(
      `the server's certificate has the SHA-256 thumbprint ${found}, wanted ${this.#trust.thumbprint}`,
      { kind: "tls", type: "THUMBPRINT_MISMATCH" },
    );
  }

  /** A refused chain is worth a second look: who issued the certificate is what the reader needs to know. */
  async #explain(cause: unknown, target: ConnectionOptions): Promise<unknown> {
    const code: unknown = cause instanceof Error ? Reflect.get(cause, "code") : undefined;
    if (!(cause instanceof Error) || typeof code !== "string" || !isTrustCode(code)) return cause;
    const certificate = await this.#lookAtCertificate(target);
    const seen = certificate ? `; ${describeCertificate(certificate)}` : "";
    return new VsphereError(`the server's certificate is not trusted: ${cause.message}${seen}`, {
      kind: "tls",
      type: code,
    });
  }

  /** Reads the certificate of a server that we do not trust; nothing is sent to it. */
  async #lookAtCertificate(target: ConnectionOptions): Promise<PeerCertificate | undefined> {
    try {
      const socket = await this.#handshake({ ...target, rejectUnauthorized: false });
      const certificate = socket.getPeerCertificate();
      socket.destroy();
      return certificate;
    } catch {
      return undefined;
    }
  }

  #handshake(options: ConnectionOptions): Promise<TLSSocket> {
    return handshake(options, this.#connectMs, this.#closing.signal);
  }
}

/** True when the certificate must come from a known authority and carry the server's name. */
function checksChain(trust: Trust): boolean {
  return !trust.insecure && (trust.thumbprint === undefined || trust.caPem !== undefined);
}

function handshake(
  options: ConnectionOptions,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(options);
    const timer = setTimeout(() => {
      const message = `no TLS connection to ${options.host}:${options.port} within ${timeoutMs} ms`;
      socket.destroy(errorWithCode(message, "ETIMEDOUT"));
    }, timeoutMs);
    const stop = () => socket.destroy();
    const settle = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      socket.off("error", fail).off("close", closed);
    };
    const fail = (error: Error) => {
      settle();
      reject(error);
    };
    const closed = () => fail(errorWithCode("the connection was closed", "ECONNRESET"));
    signal.addEventListener("abort", stop);
    socket.once("error", fail).once("close", closed);
    socket.once("secureConnect", () => {
      settle();
      resolve(socket);
    });
  });
}

function errorWithCode(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}

function describeCertificate(certificate: PeerCertificate): string {
  const subject = String(certificate.subject?.CN ?? "(no common name)");
  const issuer = String(certificate.issuer?.CN ?? certificate.issuer?.O ?? "(unnamed)");
  return `it was issued to ${subject} by ${issuer} and has the SHA-256 thumbprint ${certificate.fingerprint256}`;
}

function bareThumbprint(text: string | undefined): string {
  return (text ?? "").replaceAll(/[^0-9a-f]/gi, "").toLowerCase();
}
