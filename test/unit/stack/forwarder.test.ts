import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { chooser, forward } from "../../../hack/stack/placement/forwarder.ts";
import { type Backend, Readiness } from "../../../hack/stack/placement/readiness.ts";

const servers: (Server | HttpServer)[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
  }
});

async function listening(server: Server | HttpServer): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return portOf(server);
}

function portOf(server: Server | HttpServer): number {
  const address: AddressInfo | string | null = server.address();
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}

/** Answers what it is sent with its name before it. */
async function anEcho(name: string): Promise<number> {
  return listening(
    createServer((socket) => socket.once("data", (data) => socket.end(name + data))),
  );
}

async function ask(port: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write("?");
  return text(socket);
}

async function forwarding(choose: () => number | undefined): Promise<number> {
  const server = await forward(0, choose);
  servers.push(server);
  return portOf(server);
}

function aBackend(port: number): Backend {
  return { readyUrl: `http://127.0.0.1:${port}/readyz`, ports: { webhook: port } };
}

describe("a forwarded connection", () => {
  it("carries both directions to the end", async () => {
    const backend = await anEcho("a");
    expect(await ask(await forwarding(() => backend))).toBe("a?");
  });

  it("is reset where there is nobody to pass it to", async () => {
    const port = await forwarding(() => undefined);
    await expect(ask(port)).rejects.toThrow("ECONNRESET");
  });

  it("is reset where the chosen one does not listen any more", async () => {
    const gone = createServer();
    const port = await listening(gone);
    await new Promise((resolve) => gone.close(resolve));
    const forwarded = await forwarding(() => port);
    await expect(ask(forwarded)).rejects.toThrow("ECONNRESET");
  });
});

describe("the choice of a replica", () => {
  it.each([
    [[], [undefined, undefined]],
    [[1], [1, 1]],
    [
      [1, 2],
      [2, 1],
    ],
  ])("among ready ports %j is in turn %j", (ports, chosen) => {
    const choose = chooser(() => ports.map(aBackend), "webhook");
    expect([choose(), choose()]).toEqual(chosen);
  });

  it("leaves out those that do not offer the service", () => {
    const choose = chooser(() => [aBackend(1)], "extender");
    expect(choose()).toBeUndefined();
  });
});

describe("the readiness of replicas", () => {
  it("follows what they say about themselves, and forgets those that are gone", async () => {
    let status = 503;
    const port = await listening(createHttpServer((_, answer) => answer.writeHead(status).end()));
    const readiness = new Readiness();
    readiness.follow([aBackend(port)]);
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(readiness.ready()).toEqual([]);
    status = 200;
    await expect.poll(() => readiness.ready()).toEqual([aBackend(port)]);
    status = 503;
    await expect.poll(() => readiness.ready()).toEqual([]);
    status = 200;
    await expect.poll(() => readiness.ready()).toHaveLength(1);
    readiness.follow([]);
    expect(readiness.ready()).toEqual([]);
  });

  it("is over at once when nobody listens", async () => {
    const server = createHttpServer((_, answer) => answer.end());
    const port = await listening(server);
    const readiness = new Readiness();
    readiness.follow([aBackend(port)]);
    await expect.poll(() => readiness.ready()).toHaveLength(1);
    server.close();
    server.closeAllConnections();
    await expect.poll(() => readiness.ready()).toEqual([]);
    readiness.follow([]);
  });
});
