/** Lets only clients in whose certificate has one of the wanted names, and their connections grow only so old. */

import type { RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { namesOf } from "./client-names.ts";

export interface GateOptions {
  /** Absent: everybody may come in. */
  readonly clientNames?: ReadonlySet<string>;
  /** After this, the next answer asks the client to connect anew. */
  readonly maxConnectionAgeMs: number;
  readonly onRefused: (message: string) => void;
}

interface Connection {
  readonly openedAtMs: number;
  /** Why its requests are refused; undefined when they are not. */
  readonly refusal: string | undefined;
}

/**
 * A name is checked once per connection, before anything of a body is read; the chain was checked in the handshake.
 * A connection goes on with the certificates of its handshake: that is why it must end some day. To say so in an
 * answer is the one way that cannot cross with the client's next request.
 */
export function gate(app: RequestListener, options: GateOptions): RequestListener {
  const connections = new WeakMap<Socket, Connection>();
  const firstRequestOf = (socket: Socket): Connection => {
    const connection = { openedAtMs: performance.now(), refusal: refusalOf(socket, options) };
    connections.set(socket, connection);
    return connection;
  };
  return (request, response) => {
    const { openedAtMs, refusal } =
      connections.get(request.socket) ?? firstRequestOf(request.socket);
    if (performance.now() - openedAtMs > options.maxConnectionAgeMs) {
      response.shouldKeepAlive = false;
    }
    if (refusal === undefined) {
      app(request, response);
      return;
    }
    options.onRefused(refusal);
    refuse(response, refusal);
  };
}

function refusalOf(socket: Socket, { clientNames }: GateOptions): string | undefined {
  if (clientNames === undefined) return undefined;
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  const names = certificate === undefined ? [] : namesOf(certificate);
  if (names.some((name) => clientNames.has(name))) return undefined;
  const found = names.length === 0 ? "no name at all" : names.map(quote).join(", ");
  const wanted = [...clientNames].map(quote).join(" or ");
  return `the client certificate is for ${found}, wanted ${wanted} as common name, DNS name or URI: EXTENDER_CLIENT_NAMES says who may ask`;
}

function refuse(response: ServerResponse, message: string): void {
  const body = Buffer.from(`${message}\n`);
  response
    .writeHead(403, { "Content-Type": "text/plain; charset=utf-8", "Content-Length": body.length })
    .end(body);
}

function quote(name: string): string {
  return JSON.stringify(name);
}
