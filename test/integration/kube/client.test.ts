import { readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import type { ControlPlane } from "../../../hack/stack/control-plane.ts";
import { KubeClient, type KubeClientOptions } from "../../../src/kube/client.ts";
import { KubeError } from "../../../src/kube/errors.ts";
import { gpuInfos, nodes, pathOf } from "../../../src/kube/resource.ts";
import {
  collection,
  createGpuInfo,
  type Proxy,
  recordingObserver,
  startProxy,
  startWithCrd,
} from "./support.ts";

let controlPlane: ControlPlane;
let proxy: Proxy;

beforeAll(async () => {
  controlPlane = await startWithCrd();
  proxy = await startProxy(controlPlane);
});

afterAll(async () => {
  await proxy?.close();
  await controlPlane?.stop();
});

function clientFor(options: KubeClientOptions): KubeClient {
  const client = new KubeClient(options);
  onTestFinished(async () => client.close());
  return client;
}

const listNodes = { method: "GET", path: pathOf(nodes) } as const;

async function failure(work: Promise<unknown>): Promise<KubeError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof KubeError) return error;
  throw new Error("wanted a KubeError", { cause: error });
}

/** A kubeconfig for another user than the administrator, through the proxy. */
function kubeconfigOf(user: object): string {
  const config = JSON.parse(readFileSync(proxy.kubeconfig, "utf8"));
  config.users[0].user = user;
  const file = path.join(controlPlane.home.dir, "other.kubeconfig");
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

async function tokenFor(account: string): Promise<string> {
  return (await controlPlane.kubectl(["create", "token", account])).trim();
}

describe("the client of a real API server", () => {
  it("makes 50 calls beside a watch on a handful of connections", async () => {
    const client = clientFor({ kubeconfig: proxy.kubeconfig });
    const before = proxy.accepted();
    for (let i = 0; i < 25; i++) await client.request(listNodes);
    const stop = new AbortController();
    const query = { watch: 1, allowWatchBookmarks: true };
    await client.stream({ ...listNodes, query, signal: stop.signal });
    for (let i = 0; i < 25; i++) await client.request(listNodes);
    stop.abort();
    expect(proxy.accepted() - before).toBeLessThanOrEqual(4);
  });

  it("makes 200 calls at once on no more than 32 connections", async () => {
    const client = clientFor({ kubeconfig: proxy.kubeconfig });
    const before = proxy.accepted();
    await Promise.all(Array.from({ length: 200 }, async () => client.request(listNodes)));
    expect(proxy.accepted() - before).toBeLessThanOrEqual(32);
  });

  it("counts every call by method and code, also those without an answer", async () => {
    const observer = recordingObserver();
    const client = clientFor({ kubeconfig: proxy.kubeconfig, observer });
    await client.request(listNodes);
    await failure(client.request({ method: "GET", path: pathOf(nodes, { name: "nobody" }) }));
    await failure(client.request({ ...listNodes, timeoutMs: 0 }));
    expect(observer.heard).toEqual(["GET 200", "GET 404", "GET <error>"]);
  });

  it.each([
    ["timeout", { timeoutMs: 0 }, "no answer within 0 ms"],
    ["aborted", { signal: AbortSignal.abort(new Error("enough")) }, "enough"],
  ])("gives up with %s", async (kind, options, message) => {
    const client = clientFor({ kubeconfig: controlPlane.kubeconfig });
    const error = await failure(client.request({ ...listNodes, ...options }));
    expect(error).toMatchObject({ kind, message: `GET /api/v1/nodes: ${message}` });
  });

  it("ends a call that is held up on the way, and uses a new connection for the next", async () => {
    const client = clientFor({ kubeconfig: proxy.kubeconfig });
    await client.request(listNodes);
    // Until that connection is back in the pool.
    await new Promise((resolve) => setTimeout(resolve, 100));
    proxy.hold();
    expect((await failure(client.request({ ...listNodes, timeoutMs: 300 }))).kind).toBe("timeout");
    await client.request(listNodes);
  });

  it.each([
    [
      "an object that is not there",
      "notFound",
      { method: "GET", path: pathOf(nodes, { name: "nobody" }) },
    ],
    [
      "an object of another kind",
      "invalid",
      { method: "POST", path: collection, body: { kind: "Pod" } },
    ],
    ["a query that is nonsense", "invalid", { ...listNodes, query: { labelSelector: "a b c" } }],
  ] as const)("calls %s %s, which no retry cures", async (_what, kind, call) => {
    const client = clientFor({ kubeconfig: controlPlane.kubeconfig });
    expect(await failure(client.request(call))).toMatchObject({ kind, terminal: true });
  });

  it("tells that an object exists already from a write that came too late", async () => {
    const client = clientFor({ kubeconfig: controlPlane.kubeconfig });
    await createGpuInfo(controlPlane, "twice");
    const object = { apiVersion: "topology.corinternal.com/v1", kind: "GPUInfo" };
    const create = {
      method: "POST",
      path: collection,
      body: { ...object, metadata: { name: "twice" } },
    } as const;
    expect((await failure(client.request(create))).kind).toBe("alreadyExists");
    const update = {
      method: "PUT",
      path: pathOf(gpuInfos, { namespace: "default", name: "twice" }),
      body: { ...object, metadata: { name: "twice", resourceVersion: "1" }, spec: {} },
    } as const;
    expect((await failure(client.request(update))).kind).toBe("conflict");
  });
});

describe("credentials", () => {
  it("are read again when the token file was replaced", async () => {
    const tokenFile = path.join(controlPlane.home.dir, "account.token");
    writeFileSync(tokenFile, "not a token\n", { mode: 0o600 });
    const client = clientFor({ kubeconfig: kubeconfigOf({ tokenFile: "account.token" }) });
    expect((await failure(client.request(listNodes))).kind).toBe("unauthorized");

    writeFileSync(`${tokenFile}.new`, `${await tokenFor("default")}\n`);
    renameSync(`${tokenFile}.new`, tokenFile);
    // Known now, but not allowed to list nodes.
    const error = await failure(client.request(listNodes));
    expect(error.kind).toBe("forbidden");
    expect(error.message).toContain("system:serviceaccount:default:default");
  });

  it("are read again after 10 s when the client certificate was replaced, on a new connection", async () => {
    const user = await certificateOf("alice");
    const client = clientFor({ kubeconfig: kubeconfigOf(user) });
    expect((await failure(client.request(listNodes))).message).toContain('User "alice"');

    const next = await certificateOf("bob");
    renameSync(next["client-certificate"], user["client-certificate"]);
    renameSync(next["client-key"], user["client-key"]);
    expect((await failure(client.request(listNodes))).message).toContain('User "alice"');
    const before = proxy.accepted();
    const now = performance.now.bind(performance);
    const later = vi.spyOn(performance, "now").mockImplementation(() => now() + 10_000);
    onTestFinished(() => later.mockRestore());
    expect((await failure(client.request(listNodes))).message).toContain('User "bob"');
    expect(proxy.accepted() - before).toBe(1);
  });

  it("do not help against a server whose certificate another authority has signed", async () => {
    const config = JSON.parse(readFileSync(controlPlane.kubeconfig, "utf8"));
    delete config.clusters[0].cluster["certificate-authority"];
    const kubeconfig = path.join(controlPlane.home.dir, "no-ca.kubeconfig");
    writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o600 });
    const error = await failure(clientFor({ kubeconfig }).request(listNodes));
    expect(error).toMatchObject({
      kind: "unreachable",
      message: expect.stringMatching(/certificate/),
    });
  });
});

interface CertificateFiles {
  readonly "client-certificate": string;
  readonly "client-key": string;
}

async function certificateOf(commonName: string): Promise<CertificateFiles> {
  const kubeconfig = await controlPlane.kubeconfigFor({ commonName, organizations: [] });
  const config: { users: { user: CertificateFiles }[] } = JSON.parse(
    readFileSync(kubeconfig, "utf8"),
  );
  const user = config.users[0]?.user;
  if (user === undefined) throw new Error(`${kubeconfig}: wanted a user`);
  return user;
}
