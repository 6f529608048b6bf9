/**
 * Stands in for kube-proxy: passes what comes to one port per service to a replica that is ready, connection by
 * connection. A program of its own, `node forwarder.ts SPEC.json`, since `make up` does not stay.
 */
import { readFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Backend, Readiness } from "./readiness.ts";

/** What the program reads from its file. */
export interface ForwarderSpec {
  /** Port to listen on, by the name of the service. */
  readonly listen: Readonly<Record<string, number>>;
  /** JSON array of backends; read again and again, absent until there are any. */
  readonly backendsFile: string;
}

const host = "127.0.0.1";
const turnMs = 200;

/** Listens and passes each connection to the port that `choose` gives; without one it is reset. */
export async function forward(port: number, choose: () => number | undefined): Promise<Server> {
  const server = createServer({ noDelay: true }, (client) => {
    const target = choose();
    if (target === undefined) {
      client.resetAndDestroy();
      return;
    }
    join(client, connect({ port: target, host, noDelay: true }));
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen(port, host, () => resolve(server));
  });
}

/** What one side says the other hears, and an abrupt end is passed on as such. */
function join(client: Socket, backend: Socket): void {
  client.pipe(backend);
  backend.pipe(client);
  for (const [one, other] of [
    [client, backend],
    [backend, client],
  ] as const) {
    one.on("error", () => other.resetAndDestroy());
    one.on("close", () => other.destroy());
  }
}

/** Ready replicas in turn. */
export function chooser(
  ready: () => readonly Backend[],
  service: string,
): () => number | undefined {
  let turn = 0;
  return () => {
    const ports = ready().flatMap(({ ports: { [service]: port } }) => port ?? []);
    turn += 1;
    return ports[turn % Math.max(ports.length, 1)];
  };
}

async function run({ listen, backendsFile }: ForwarderSpec): Promise<never> {
  const readiness = new Readiness();
  for (const [service, port] of Object.entries(listen)) {
    await forward(
      port,
      chooser(() => readiness.ready(), service),
    );
  }
  console.log(`listening for ${Object.keys(listen).join(" and ")}`);
  for (;;) {
    readiness.follow(readBackends(backendsFile));
    await sleep(turnMs);
  }
}

function readBackends(file: string): readonly Backend[] {
  try {
    const backends: readonly Backend[] = JSON.parse(readFileSync(file, "utf8"));
    return backends;
  } catch {
    return [];
  }
}

if (import.meta.main) {
  const [file = ""] = process.argv.slice(2);
  const spec: ForwarderSpec = JSON.parse(readFileSync(file, "utf8"));
  await run(spec);
}
