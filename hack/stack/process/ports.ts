/** Chooses loopback ports, and tries again when another process was quicker. */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ComponentFailed } from "./component.ts";

const attempts = 4;
const momentMs = 250;

/**
 * Below the ports that systems give to outgoing connections (from 32768 on Linux). Above, a client that keeps trying to
 * reach a server that is restarting may get the server's own port, connect to itself, and so keep the server out.
 */
const lowest = 10_000;
const highest = 32_767;

/** A loopback port that was free a moment ago, and is not among `taken`. */
async function freePort(taken: ReadonlySet<number>): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, highest + 1);
    if (!taken.has(port) && (await isFree(port))) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort(ports));
  return [...ports];
}

/** Starts something on free ports; again on others when its log says that one was taken meanwhile. */
export async function onFreePorts<T>(
  count: number,
  start: (ports: readonly number[]) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const ports = await freePorts(count);
    try {
      return await start(ports);
    } catch (error) {
      if (attempt === attempts || !isAddressInUse(error)) {
        throw error;
      }
    }
  }
}

/** Starts something again where it was: who looks for a free port may hold ours for a moment. */
export async function onTheSamePort<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      if (attempt === attempts || !isAddressInUse(error)) {
        throw error;
      }
      await sleep(momentMs);
    }
  }
}

function isAddressInUse(error: unknown): boolean {
  return (
    error instanceof ComponentFailed && /address already in use|EADDRINUSE/.test(error.logTail)
  );
}
