/** A real API server with the CRD, and a TCP proxy in front of it that counts, cuts and holds connections. */

import { readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import path from "node:path";
import { pino } from "pino";
import { type ControlPlane, startControlPlane } from "../../../hack/stack/control-plane.ts";
import { type KubeObserver, silentObserver } from "../../../src/kube/observer.ts";

export const quiet = pino({ level: "silent" });

const crd = path.resolve(import.meta.dirname, "../../../crd/gpuinfo.yaml");

export async function startWithCrd(): Promise<ControlPlane> {
  const controlPlane = await startControlPlane();
  await controlPlane.kubectl(["apply", "-f", crd]);
  await controlPlane.kubectl(["wait", "--for=condition=Established", "--timeout=30s", "-f", crd]);
  return controlPlane;
}

export interface Proxy {
  /** A copy of the administrator's kubeconfig that goes through the proxy. */
  readonly kubeconfig: string;
  /** How many connections were ever accepted. */
  readonly accepted: () => number;
  /** Breaks every connection; new ones are accepted. */
  readonly cut: () => void;
  /** Breaks every connection, and each new one at once, until `open`. */
  readonly refuse: () => void;
  /** Holds back every byte on the connections that exist, without closing them. */
  readonly hold: () => void;
  readonly open: () => void;
  readonly close: () => Promise<void>;
}

export async function startProxy(controlPlane: ControlPlane): Promise<Proxy> {
  const target = Number(new URL(controlPlane.url).port);
  const sockets = new Set<Socket>();
  let accepted = 0;
  let refusing = false;
  const server = createServer((client) => {
    accepted++;
    if (refusing) client.destroy();
    else join(client, connect(target, "127.0.0.1"), sockets);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("wanted a TCP port");
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    kubeconfig: writeKubeconfig(controlPlane, `https://127.0.0.1:${address.port}`),
    accepted: () => accepted,
    cut,
    refuse: () => {
      refusing = true;
      cut();
    },
    hold: () => sockets.forEach((socket) => socket.unpipe().pause()),
    open: () => {
      refusing = false;
    },
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function join(client: Socket, upstream: Socket, sockets: Set<Socket>): void {
  for (const socket of [client, upstream]) {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  }
  client.pipe(upstream).pipe(client);
  client.on("close", () => upstream.destroy());
  upstream.on("close", () => client.destroy());
}

function writeKubeconfig(controlPlane: ControlPlane, url: string): string {
  const file = path.join(controlPlane.home.dir, `proxy-${new URL(url).port}.kubeconfig`);
  const text = readFileSync(controlPlane.kubeconfig, "utf8");
  writeFileSync(file, text.replace(controlPlane.url, url), { mode: 0o600 });
  return file;
}

/** An observer that keeps what it hears as lines of words. */
export function recordingObserver(): KubeObserver & { readonly heard: string[] } {
  const heard: string[] = [];
  return {
    ...silentObserver,
    heard,
    requestDone: (method, code) => heard.push(`${method} ${code}`),
    relisted: (resource, missed) => heard.push(`relisted ${resource}, ${missed} missed`),
    watchFailed: (resource, kind) => heard.push(`${resource} ${kind}`),
    eventDone: (outcome) => heard.push(`event ${outcome}`),
  };
}

/** Creates GPUInfos `prefix-0` … in the default namespace, many at a time. */
export async function createGpuInfos(
  controlPlane: ControlPlane,
  prefix: string,
  count: number,
): Promise<void> {
  const names = Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
  const worker = async (): Promise<void> => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      await createGpuInfo(controlPlane, name);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

export async function createGpuInfo(controlPlane: ControlPlane, name: string): Promise<void> {
  await controlPlane.api.call("POST", collection, {
    apiVersion: "topology.corinternal.com/v1",
    kind: "GPUInfo",
    metadata: { name },
    spec: { desAccTime: 100, gpuRequired: true },
  });
}

export const collection = "/apis/topology.corinternal.com/v1/namespaces/default/gpuinfoes";
