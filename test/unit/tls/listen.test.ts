import type { RequestListener } from "node:http";
import type { Agent, Server } from "node:https";
import { connect as connectPlain } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import { pino } from "pino";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Authority, createAuthority } from "../../../hack/stack/cluster/pki.ts";
import { close } from "../../../src/serve.ts";
import { Certificates } from "../../../src/tls/certificates.ts";
import { type ListenTlsOptions, listenTls } from "../../../src/tls/listen.ts";
import type { TlsObserver } from "../../../src/tls/observer.ts";
import { agentFor, type Client, call } from "../../support/https.ts";
import { quiet } from "../kube/quiet.ts";
import { issueOdd, type OddSubject } from "./pki.ts";
import {
  type MountedSecret,
  mountSecret,
  portOf,
  secretOf,
  servingPair,
  until,
} from "./support.ts";

let authority: Authority;
let stranger: Authority;
let scheduler: Client;
let anonymous: Client;
beforeAll(async () => {
  authority = await createAuthority("test CA");
  stranger = await createAuthority("test CA");
  anonymous = { ca: authority.caPem };
  scheduler = { ...anonymous, pair: await authority.issue({ commonName: "gpuinfo-scheduler" }) };
});

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

interface Listening {
  readonly server: Server;
  readonly port: number;
  readonly secret: MountedSecret;
  readonly certificates: Certificates;
  /** `handshake noClientCertificate`, `refused`, `dropped` */
  readonly seen: string[];
  readonly lines: Record<string, unknown>[];
}

const echo: RequestListener = (request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => response.end(Buffer.concat(parts)));
};

const slow: RequestListener = (_request, response) => {
  setTimeout(() => response.end("late"), 200);
};

const mutual = { clientNames: new Set(["gpuinfo-scheduler"]) };

async function listening(
  options: Partial<ListenTlsOptions> = {},
  { app = echo, files }: { app?: RequestListener; files?: Record<string, string> } = {},
): Promise<Listening> {
  const seen: string[] = [];
  const lines: Record<string, unknown>[] = [];
  const observer: TlsObserver = {
    certificatesRead: () => undefined,
    handshakeFailed: (_, failure) => seen.push(`handshake ${failure}`),
    clientRefused: () => seen.push("refused"),
    connectionDropped: () => seen.push("dropped"),
  };
  const log = pino({ level: "debug" }, { write: (line) => lines.push(JSON.parse(line)) });
  const secret = mountSecret(files ?? secretOf(await servingPair(authority), authority));
  const certificates = new Certificates({ dir: secret.dir, log: quiet });
  await certificates.start();
  const server = await listenTls(
    app,
    { host: "127.0.0.1", port: 0 },
    { name: "extender", certificates, log, observer, ...options },
  );
  cleanups.push(
    () => secret.remove(),
    () => certificates.stop(),
  );
  cleanups.push(async () => {
    server.closeAllConnections();
    await close(server);
  });
  return { server, port: portOf(server), secret, certificates, seen, lines };
}

function agent(client: Client, options: object = {}): Agent {
  const made = agentFor(client, options);
  cleanups.push(() => made.destroy());
  return made;
}

/** `CODE message`, or `none` when the call was answered. */
async function outcome(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (error: Error & { code?: string }) => `${error.code} ${error.message}`,
  );
}

describe("a listener with server TLS", () => {
  it("answers a client that has no certificate", async () => {
    const { port } = await listening();
    const answer = await call(port, agent(anonymous), "hello");
    expect(answer).toMatchObject({ status: 200, text: "hello" });
  });

  it("is refused by a client that trusts another authority", async () => {
    const { port } = await listening();
    const refused = await outcome(call(port, agent({ ca: stranger.caPem })));
    expect(refused).toMatch(/^SELF_SIGNED_CERT_IN_CHAIN /);
  });

  it.each([
    ["TLSv1", false],
    ["TLSv1.1", false],
    ["TLSv1.2", true],
    ["TLSv1.3", true],
  ] as const)("speaks with %s: %s", async (version, isWanted) => {
    const { port, secret, certificates, seen } = await listening();
    const old = { minVersion: version, maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0" };
    const speak = async () => outcome(call(port, agent(anonymous, old)));
    const wanted = isWanted ? /^none$/ : /alert protocol version/;
    expect(await speak()).toMatch(wanted);
    // A new certificate brings a new context, which must be as strict.
    const before = certificates.current();
    secret.write(secretOf(await servingPair(authority), authority));
    await until(() => (certificates.current() === before ? undefined : true));
    expect(await speak()).toMatch(wanted);
    expect(new Set(seen)).toEqual(new Set(isWanted ? [] : ["handshake protocol"]));
  });

  it("fails the handshake until a certificate is there, then serves without a restart", async () => {
    const { port, secret, certificates, seen } = await listening({}, { files: {} });
    expect(await outcome(call(port, agent(anonymous)))).toMatch(/alert handshake failure/);
    expect(certificates.problem()).toMatch(/^no certificate in/);
    expect(seen).toEqual(["handshake noServerCertificate"]);
    secret.write(secretOf(await servingPair(authority), authority));
    await until(() => certificates.current());
    expect(await call(port, agent(anonymous))).toMatchObject({ status: 200 });
  });

  it("says which address it cannot have, and leaves no listener on the certificates behind", async () => {
    const { port, certificates } = await listening();
    const again = listenTls(
      echo,
      { host: "127.0.0.1", port },
      { name: "webhook", certificates, log: quiet },
    );
    await expect(again).rejects.toThrow(
      new RegExp(`^cannot listen on 127\\.0\\.0\\.1:${port}: .*EADDRINUSE`),
    );
  });
});

describe("a listener with mutual TLS", () => {
  it("answers a client with the wanted name", async () => {
    const { port, seen } = await listening(mutual);
    expect(await call(port, agent(scheduler), "hello")).toMatchObject({
      status: 200,
      text: "hello",
    });
    expect(seen).toEqual([]);
  });

  it("ends the handshake of a client without a certificate", async () => {
    const { port, seen, lines } = await listening(mutual);
    expect(await outcome(call(port, agent(anonymous)))).toMatch(/certificate required|ECONNRESET/);
    await until(() => seen[0]);
    expect(seen).toEqual(["handshake noClientCertificate"]);
    expect(lines).toEqual([expect.objectContaining({ failure: "noClientCertificate" })]);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)(
    "ends the handshake of a client whose certificate is another authority's, with %s",
    async (version) => {
      const { port, seen } = await listening(mutual);
      const pair = await stranger.issue({ commonName: "gpuinfo-scheduler" });
      const client = agent({ ...anonymous, pair }, { maxVersion: version });
      expect(await outcome(call(port, client))).toMatch(/ECONNRESET|alert/);
      await until(() => seen[0]);
      expect(seen).toEqual(["handshake badClientCertificate"]);
    },
  );

  it("ends the handshake of a client whose certificate has expired, and logs that", async () => {
    const { port, seen, lines } = await listening(mutual);
    const pair = await issueOdd(authority, {
      commonNames: ["gpuinfo-scheduler"],
      notAfter: new Date(Date.now() - 1_000),
    });
    expect(await outcome(call(port, agent({ ...anonymous, pair })))).toMatch(/ECONNRESET|alert/);
    await until(() => seen[0]);
    expect(seen).toEqual(["handshake badClientCertificate"]);
    expect(lines).toEqual([expect.objectContaining({ detail: "CERT_HAS_EXPIRED" })]);
  });

  it.each<[string, OddSubject, boolean]>([
    ["the wanted common name", { commonNames: ["gpuinfo-scheduler"] }, true],
    ["it as second common name", { commonNames: ["a", "gpuinfo-scheduler"] }, true],
    ["it as DNS name", { commonNames: ["a"], dnsNames: ["b", "gpuinfo-scheduler"] }, true],
    ["the wanted URI and no subject", { uris: ["spiffe://example.com/scheduler"] }, true],
    ["no name at all", {}, false],
    ["another name", { commonNames: ["kube-scheduler"] }, false],
    ["a name that only begins like it", { commonNames: ["gpuinfo-scheduler-2"] }, false],
    ["another case", { commonNames: ["GPUINFO-scheduler"] }, false],
    ["a name that holds another", { commonNames: ["x\nCN=gpuinfo-scheduler"] }, false],
    ["a URI that holds another", { uris: ["a://b, DNS:gpuinfo-scheduler"] }, false],
    ["a quoted URI that holds another", { uris: ['a://b", DNS:gpuinfo-scheduler, "'] }, false],
    ["a wildcard", { dnsNames: ["*"] }, false],
  ])("asks for a name: %s (%o) %s", async (_, subject, isWanted) => {
    const clientNames = new Set(["gpuinfo-scheduler", "spiffe://example.com/scheduler"]);
    const { port, seen } = await listening({ clientNames });
    const pair = await issueOdd(authority, subject);
    const answer = await call(port, agent({ ...anonymous, pair }), "hello");
    expect(answer.status).toBe(isWanted ? 200 : 403);
    expect(seen).toEqual(isWanted ? [] : ["refused"]);
  });

  it("refuses a wrong name in words, with the names that were found and wanted, before a body is read", async () => {
    let asked = 0;
    const { port, lines } = await listening(mutual, { app: () => (asked += 1) });
    const pair = await authority.issue({ commonName: "kube-scheduler", hosts: ["a.example.com"] });
    const client = agent({ ...anonymous, pair });
    const answer = await call(port, client, "x".repeat(5_000_000));
    expect(answer).toMatchObject({
      status: 403,
      text: 'the client certificate is for "kube-scheduler", "a.example.com", wanted "gpuinfo-scheduler" as common name, DNS name or URI: EXTENDER_CLIENT_NAMES says who may ask\n',
    });
    expect((await call(port, client)).status).toBe(403);
    expect(asked).toBe(0);
    expect(lines).toEqual([expect.objectContaining({ level: 40, msg: "client refused" })]);
  });

  it("takes clients of a new authority once ca.crt holds it, and no others before", async () => {
    const { port, secret, certificates } = await listening(mutual);
    const pair = await stranger.issue({ commonName: "gpuinfo-scheduler" });
    expect(await outcome(call(port, agent({ ...anonymous, pair })))).not.toBe("none");
    const before = certificates.current();
    const serving = await servingPair(authority);
    secret.write({
      ...secretOf(serving, authority),
      "ca.crt": `${authority.caPem}\n${stranger.caPem}`,
    });
    await until(() => (certificates.current() === before ? undefined : true));
    expect(await call(port, agent({ ...anonymous, pair }))).toMatchObject({ status: 200 });
    expect(await call(port, agent(scheduler))).toMatchObject({ status: 200 });
  });
});

describe("rotation", () => {
  it("changes the certificate under 50 calls per second without one failure", {
    timeout: 20_000,
  }, async () => {
    const { port, secret } = await listening(mutual);
    const kept = agent(scheduler);
    const fresh = agent(scheduler, { keepAlive: false });
    const calls: Promise<Awaited<ReturnType<typeof call>>>[] = [];
    const rotations = 3;
    for (let turn = 0; turn <= rotations; turn += 1) {
      if (turn > 0) secret.write(secretOf(await servingPair(authority), authority));
      for (let tick = 0; tick < 30; tick += 1) {
        calls.push(call(port, tick % 2 === 0 ? kept : fresh));
        await sleep(20);
      }
    }
    const answers = await Promise.all(calls);
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    const shown = (wanted: boolean) =>
      new Set(
        answers.filter(({ reused }) => reused === wanted).map((answer) => answer.fingerprint),
      );
    // New connections saw every certificate; the one that was kept went on with that of its handshake.
    expect(shown(false).size).toBe(rotations + 1);
    expect(shown(true).size).toBe(1);
  });

  it("goes on with the old certificate when the new key does not match", async () => {
    const { port, secret, certificates } = await listening(mutual);
    const { fingerprint } = await call(port, agent(scheduler));
    const [one, other] = [await servingPair(authority), await servingPair(authority)];
    secret.write(secretOf({ certPem: one.certPem, keyPem: other.keyPem }, authority));
    await sleep(500);
    expect(await call(port, agent(scheduler))).toMatchObject({ status: 200, fingerprint });
    expect(certificates.problem()).toBeUndefined();
  });

  it("lets go of the old certificate in time: an old connection is asked to come anew", async () => {
    const { port, secret, certificates } = await listening({ ...mutual, maxConnectionAgeMs: 600 });
    const client = agent(scheduler);
    const first = await call(port, client);
    const before = certificates.current();
    secret.write(secretOf(await servingPair(authority), authority));
    await until(() => (certificates.current() === before ? undefined : true));
    expect(await call(port, client)).toMatchObject({
      reused: true,
      connection: "keep-alive",
      fingerprint: first.fingerprint,
    });
    await sleep(650);
    expect(await call(port, client)).toMatchObject({
      status: 200,
      reused: true,
      connection: "close",
    });
    const last = await call(port, client);
    expect(last).toMatchObject({ status: 200, reused: false });
    expect(last.fingerprint).not.toBe(first.fingerprint);
  });

  it("no longer follows the certificates once it is closed", async () => {
    const { server, secret, certificates } = await listening();
    await close(server);
    const before = certificates.current();
    secret.write(secretOf(await servingPair(authority), authority));
    await until(() => (certificates.current() === before ? undefined : true));
    expect(certificates.problem()).toBeUndefined();
  });
});

describe("closing", () => {
  it("does not wait for connections on which nothing was asked", async () => {
    const { server, port } = await listening();
    const reserve = connect({ port, host: "127.0.0.1", ca: authority.caPem });
    await new Promise((resolve) => reserve.once("secureConnect", resolve));
    const used = agent(anonymous);
    await call(port, used);
    const startedAt = performance.now();
    await close(server);
    expect(performance.now() - startedAt).toBeLessThan(500);
    reserve.destroy();
  });

  it("lets a request that is under way have its answer", async () => {
    const { server, port } = await listening({}, { app: slow });
    const answer = call(port, agent(anonymous));
    await new Promise((resolve) => server.once("request", resolve));
    await close(server);
    expect(await answer).toMatchObject({ status: 200, text: "late" });
  });
});

describe("limits", () => {
  it("keeps an idle connection longer than a request may take", async () => {
    const { port, server } = await listening({ ...mutual, requestTimeoutMs: 300 });
    const client = agent(scheduler);
    await call(port, client);
    await sleep(1_500);
    expect(await call(port, client)).toMatchObject({ status: 200, reused: true });
    expect(server.keepAliveTimeout).toBe(120_000);
  });

  it("ends a request that does not arrive in whole", async () => {
    const { port } = await listening({ requestTimeoutMs: 200 });
    const socket = connect({ port, host: "127.0.0.1", ca: authority.caPem });
    cleanups.push(() => socket.destroy());
    socket.write("POST /filter HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
    const received = await new Promise<string>((resolve, reject) => {
      let text = "";
      socket.on("data", (part) => (text += part.toString()));
      socket.on("end", () => resolve(text)).on("error", reject);
    });
    expect(received).toMatch(/^HTTP\/1\.1 408 /);
  });

  it("ends a connection that never begins its handshake", async () => {
    const { port, seen } = await listening({ handshakeTimeoutMs: 100 });
    const socket = connectPlain(port, "127.0.0.1");
    cleanups.push(() => socket.destroy());
    await new Promise((resolve) =>
      socket
        .resume()
        .on("close", resolve)
        .on("error", () => {}),
    );
    expect(seen).toEqual(["handshake timeout"]);
  });

  it("turns connections away when there are too many", async () => {
    const { port, seen } = await listening({ maxConnections: 1 });
    await call(port, agent(anonymous));
    expect(await outcome(call(port, agent(anonymous)))).toMatch(/ECONNRESET/);
    expect(seen).toEqual(["dropped"]);
  });

  it("logs one line for many failures of a kind, and port checks only for debugging", async () => {
    const { port, seen, lines } = await listening(mutual);
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await outcome(call(port, agent(anonymous)));
    }
    const check = connectPlain(port, "127.0.0.1");
    await new Promise((resolve) => check.on("connect", resolve));
    check.destroy();
    await until(() => (seen.length === 6 ? true : undefined));
    expect(seen.at(-1)).toBe("handshake closed");
    expect(lines).toEqual([
      expect.objectContaining({ level: 30, failure: "noClientCertificate" }),
      expect.objectContaining({ level: 20, failure: "closed" }),
    ]);
  });

  it("takes plain HTTP for a protocol error", async () => {
    const { port, seen } = await listening();
    const socket = connectPlain(port, "127.0.0.1");
    cleanups.push(() => socket.destroy());
    socket.on("error", () => {});
    socket.write("POST /filter HTTP/1.1\r\n\r\n");
    await until(() => seen[0]);
    expect(seen).toEqual(["handshake protocol"]);
  });
});
