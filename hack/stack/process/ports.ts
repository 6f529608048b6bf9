/** Chooses loopback ports, and tries again when another process was quicker. */
import { createServer } from "node:net";
import { ComponentFailed } from "./component.ts";

const attempts = 4;

/** A loopback port that was free a moment ago. */
async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** Starts something on free ports; again on others when its log says that one was taken meanwhile. */
export async function onFreePorts<T>(
  count: number,
  start: (ports: readonly number[]) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const ports = await Promise.all(Array.from({ length: count }, freePort));
    try {
      return await start(ports);
    } catch (error) {
      if (attempt === attempts || !isAddressInUse(error)) {
        throw error;
      }
    }
  }
}

function isAddressInUse(error: unknown): boolean {
  return (
    error instanceof ComponentFailed && /address already in use|EADDRINUSE/.test(error.logTail)
  );
}
