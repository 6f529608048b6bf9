/** Keeps one pool of TLS connections to the API server, and the credentials to use on it, current. */

import type { RequestOptions } from "node:https";
import { isDeepStrictEqual } from "node:util";
import type { KubeConfig } from "@kubernetes/client-node";
import { Agent } from "undici";

/** client-node opens a TLS connection per call, so nothing of ours goes through its own requests. */
export interface Route {
  readonly agent: Agent;
  /** Headers that say who we are; secret. */
  readonly headers: Readonly<Record<string, string>>;
}

type TlsMaterial = Pick<RequestOptions, "ca" | "cert" | "key" | "servername">;

/** How long credentials are used before their files are looked at again, ms. */
const freshMs = 10_000;

export class Connection {
  /** Scheme, host and port of the API server. */
  readonly origin: string;
  /** A path that goes before every other; usually empty. */
  readonly basePath: string;
  readonly #config: KubeConfig;
  #route: Route | undefined;
  #tls: TlsMaterial = {};
  #freshUntil = 0;
  #refreshing: Promise<Route> | undefined;

  constructor(config: KubeConfig) {
    const server = new URL(config.getCurrentCluster()?.server ?? "");
    this.origin = server.origin;
    this.basePath = server.pathname.replace(/\/$/, "");
    this.#config = config;
  }

  /**
   * The pool and headers for the next request. Files are read again when they were last read more than
   * 10 s ago; while they cannot be read (in the middle of a rotation), the last good ones are used.
   */
  async route(): Promise<Route> {
    if (this.#route !== undefined && performance.now() < this.#freshUntil) return this.#route;
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** Makes the next request read the credentials again: the API server refused those we have. */
  forget(): void {
    this.#freshUntil = 0;
  }

  /** Ends all requests and watches at once. */
  async close(): Promise<void> {
    await this.#route?.agent.destroy();
  }

  async #refresh(): Promise<Route> {
    try {
      const options: RequestOptions = {};
      await this.#config.applyToHTTPSOptions(options);
      this.#route = { agent: this.#agentFor(tlsMaterialOf(options)), headers: headersOf(options) };
    } catch (error) {
      if (this.#route === undefined) throw error;
    }
    this.#freshUntil = performance.now() + freshMs;
    return this.#route;
  }

  /** The pool in use, or a new one when a certificate changed; the old one ends with its last request. */
  #agentFor(tls: TlsMaterial): Agent {
    const current = this.#route?.agent;
    if (current !== undefined && isDeepStrictEqual(tls, this.#tls)) return current;
    this.#tls = tls;
    void current?.close().catch(() => {});
    return newAgent(tls);
  }
}

/**
 * HTTP/1.1 on purpose: a request that times out takes its connection with it, so a dead connection
 * is never used again, and a slow watch cannot hold up the calls beside it.
 */
function newAgent(tls: TlsMaterial): Agent {
  return new Agent({
    allowH2: false,
    connections: 32,
    // The API server closes idle connections after 90 s; we do it first.
    keepAliveTimeout: 60_000,
    // Every call has its own deadline, and every watch its own watchdog.
    bodyTimeout: 0,
    headersTimeout: 0,
    connect: { ...tls, timeout: 10_000, keepAlive: true, keepAliveInitialDelay: 30_000 },
  });
}

function tlsMaterialOf({ ca, cert, key, servername }: RequestOptions): TlsMaterial {
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(servername && { servername }),
  };
}

function headersOf(options: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value);
  if (options.auth)
    headers["Authorization"] = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  return headers;
}
