/** Clients of a TLS listener that see which certificate they are shown. */

import { Agent, request } from "node:https";
import type { TLSSocket } from "node:tls";
import type { KeyPair } from "../../hack/stack/cluster/pki.ts";

/** Whom a client trusts, and who it is. */
export interface Client {
  readonly ca: string;
  readonly pair?: KeyPair;
}

/** Keeps its connections unless told otherwise. */
export function agentFor({ ca, pair }: Client, options: object = {}): Agent {
  return new Agent({
    ca,
    keepAlive: true,
    // No resumed sessions: each connection shows the certificate of its own handshake.
    maxCachedSessions: 0,
    ...(pair !== undefined && { cert: pair.certPem, key: pair.keyPem }),
    ...options,
  });
}

export interface Answer {
  readonly status: number | undefined;
  readonly text: string;
  readonly connection: string | undefined;
  /** SHA-256 of the certificate that the server showed on this connection. */
  readonly fingerprint: string;
  readonly reused: boolean;
}

/** `POST /filter` on a local port. */
export async function call(port: number, agent: Agent, body = "{}"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: "127.0.0.1", port, agent, method: "POST", path: "/filter" },
      (response) => {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is https
        const socket = response.socket as TLSSocket;
        const fingerprint = socket.getPeerCertificate().fingerprint256;
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode,
            text: Buffer.concat(parts).toString(),
            connection: response.headers.connection,
            fingerprint,
            reused: asked.reusedSocket,
          }),
        );
      },
    );
    asked.on("error", reject);
    asked.end(body);
  });
}
