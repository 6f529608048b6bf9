/** Opens an https listener whose certificate can change while it serves. */

import type { RequestListener } from "node:http";
import { Server, type ServerOptions } from "node:https";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Logger } from "pino";
import type { ListenAddress } from "../config.ts";
import type { Certificates } from "./certificates.ts";
import { gate } from "./gate.ts";
import { type HandshakeError, whyHandshakeFailed } from "./handshakes.ts";
import { LogLimit } from "./log-limit.ts";
import { silentObserver, type TlsObserver } from "./observer.ts";

export interface ListenTlsOptions {
  /** For logs and metrics: `webhook`, `extender`. */
  readonly name: string;
  readonly certificates: Certificates;
  /**
   * Mutual TLS: a client needs a certificate from an authority in `ca.crt`, with one of these as common name, DNS
   * name or URI. Absent: any client may ask.
   */
  readonly clientNames?: ReadonlySet<string>;
  readonly log: Logger;
  readonly observer?: TlsObserver;
  /** Longer than any client keeps an idle connection: Go keeps it for 90 s and does not retry a POST. Default 120 s. */
  readonly keepAliveTimeoutMs?: number;
  /** For a request to arrive in whole; default 10 s. */
  readonly requestTimeoutMs?: number;
  /** For the first bytes up to a secure connection; default 10 s. */
  readonly handshakeTimeoutMs?: number;
  /** How long one connection goes on with the certificates that it began with; default 5 min. */
  readonly maxConnectionAgeMs?: number;
  /** Default 1,000: API servers open one per admission review that is under way. */
  readonly maxConnections?: number;
}

const minVersion = "TLSv1.2";
const logEveryMs = 60_000;
/** How often Node looks for requests that take too long. */
const checkEveryMs = 1_000;

/**
 * Listens at once. As long as there is no certificate, handshakes fail and {@link Certificates.problem} says why.
 * @throws Error naming the address, when it cannot be had
 */
export async function listenTls(
  app: RequestListener,
  address: ListenAddress,
  options: ListenTlsOptions,
): Promise<Server> {
  const server = new TlsServer(serverOptions(options), gated(app, options));
  server.maxConnections = options.maxConnections ?? 1_000;
  reportTrouble(server, options);
  await open(server, address);
  followCertificates(server, options.certificates);
  return server;
}

/** Once it is told to close, it is closed as soon as no request is under way: kept connections do not hold it up. */
class TlsServer extends Server {
  /** Node takes them for busy, and Go's clients keep such in reserve. */
  readonly #unused = new Set<Socket>();

  constructor(options: ServerOptions, listener: RequestListener) {
    super(options, listener);
    this.on("secureConnection", (socket) => {
      this.#unused.add(socket);
      socket.once("close", () => this.#unused.delete(socket));
    });
    this.on("request", ({ socket }, response) => {
      this.#unused.delete(socket);
      response.once("close", () => this.#answered());
    });
  }

  override closeIdleConnections(): void {
    super.closeIdleConnections();
    for (const socket of this.#unused) socket.destroy();
  }

  /** The connection of an answer is not idle before the next turn. */
  #answered(): void {
    if (!this.listening) setImmediate(() => this.closeIdleConnections());
  }
}

function serverOptions(options: ListenTlsOptions): ServerOptions {
  const isMutual = options.clientNames !== undefined;
  const requestTimeout = options.requestTimeoutMs ?? 10_000;
  return {
    minVersion,
    requestCert: isMutual,
    rejectUnauthorized: isMutual,
    keepAliveTimeout: options.keepAliveTimeoutMs ?? 120_000,
    requestTimeout,
    headersTimeout: requestTimeout,
    handshakeTimeout: options.handshakeTimeoutMs ?? 10_000,
    connectionsCheckingInterval: checkEveryMs,
  };
}

function gated(app: RequestListener, options: ListenTlsOptions): RequestListener {
  const { name, clientNames, log, observer = silentObserver } = options;
  const limit = new LogLimit(logEveryMs);
  return gate(app, {
    ...(clientNames !== undefined && { clientNames }),
    maxConnectionAgeMs: options.maxConnectionAgeMs ?? 5 * 60_000,
    onRefused(message) {
      observer.clientRefused(name);
      const held = limit.pass("refused", performance.now());
      if (held !== undefined) log.warn({ listener: name, message, held }, "client refused");
    },
  });
}

/** Only handshakes use the context: connections go on over a change. */
function followCertificates(server: Server, certificates: Certificates): void {
  const apply = () => {
    const material = certificates.current();
    if (material === undefined) return;
    const { key, cert, ca } = material;
    server.setSecureContext({ key, cert, ca, minVersion });
  };
  apply();
  server.once("close", certificates.onChange(apply));
}

function reportTrouble(server: Server, options: ListenTlsOptions): void {
  const { name, certificates, log, observer = silentObserver } = options;
  const limit = new LogLimit(logEveryMs);
  server.on("tlsClientError", (error: HandshakeError, socket: TLSSocket) => {
    // Null where no client certificate was judged, whatever the types say.
    const verdict: unknown = socket.authorizationError;
    const failure = whyHandshakeFailed(error, {
      hasCertificate: certificates.current() !== undefined,
      clientIsBad: Boolean(verdict),
    });
    observer.handshakeFailed(name, failure);
    const held = limit.pass(failure, performance.now());
    if (held === undefined) return;
    const detail = verdict ?? error.reason ?? error.message;
    // Port checks and load balancers connect and go: that is no news.
    const level = failure === "closed" ? "debug" : "info";
    const peer = socket.remoteAddress;
    log[level]({ listener: name, failure, detail, peer, held }, "TLS handshake failed");
  });
  server.on("drop", () => {
    observer.connectionDropped(name);
    const held = limit.pass("drop", performance.now());
    const max = server.maxConnections;
    if (held !== undefined) log.warn({ listener: name, max, held }, "too many connections");
  });
}

async function open(server: Server, { host, port }: ListenAddress): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: Error) => {
      reject(new Error(`cannot listen on ${host ?? "*"}:${port}: ${cause.message}`, { cause }));
    });
    server.listen({ port, ...(host !== undefined && { host }) }, resolve);
  });
}
