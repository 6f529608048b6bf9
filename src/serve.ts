/** Opens and closes the process's HTTP listeners. */

import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { ListenAddress } from "./config.ts";

/** @throws Error naming the address, when it cannot be had */
export async function listen(app: RequestListener, { host, port }: ListenAddress): Promise<Server> {
  const server = createServer(app);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: Error) => {
      reject(new Error(`cannot listen on ${host ?? "*"}:${port}: ${cause.message}`, { cause }));
    });
    server.listen({ port, ...(host !== undefined && { host }) }, resolve);
  });
  return server;
}

/** The port that was chosen, where 0 was asked for. */
export function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Takes no new requests and waits for those under way. */
export async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  await closed;
}
