/** Starts a real Kubernetes control plane on loopback: etcd, kube-apiserver, kube-controller-manager. */
import path from "node:path";
import { type ApiAccess, ApiClient } from "./cluster/api-client.ts";
import { type ClusterCredentials, issueCredentials } from "./cluster/credentials.ts";
import { apiServerFlags, controllerManagerFlags, etcdFlags } from "./cluster/flags.ts";
import { type Credentials, kubeconfigText } from "./cluster/kubeconfig.ts";
import { type Kubectl, kubectlAt } from "./cluster/kubectl.ts";
import { type Subject, writeKeyPair, writeSecret } from "./cluster/pki.ts";
import { answersOk } from "./process/answers-ok.ts";
import { type Component, startComponent, untilReady } from "./process/component.ts";
import { endAll, freshHome, orEndAll } from "./process/end-all.ts";
import type { StackHome } from "./process/home.ts";
import { onFreePorts, onTheSamePort } from "./process/ports.ts";
import { scratchDir } from "./scratch.ts";
import { ensureTools, type ToolPath } from "./tools.ts";

export interface ControlPlaneOptions {
  /** Folder for its logs, keys and data alone; default a scratch folder below `.local/`. */
  readonly dir?: string;
  /** Gets a line whenever something takes long, such as building the tools; default standard error. */
  readonly say?: (line: string) => void;
}

/** A running control plane, and its administrator's ways to use it. */
export interface ControlPlane {
  readonly home: StackHome;
  /** `https://127.0.0.1:PORT`; the same after a restart of the API server. */
  readonly url: string;
  readonly caFile: string;
  readonly caPem: string;
  /** Certificate of the API server, good for 127.0.0.1: for other servers of the control plane. */
  readonly serving: { readonly certFile: string; readonly keyFile: string };
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Path of the kubectl binary. */
  readonly kubectlPath: string;
  /** How `api` reaches the server: for another process that acts as the administrator. */
  readonly access: ApiAccess;
  readonly api: ApiClient;
  readonly kubectl: Kubectl;
  /** Path of a kubeconfig for a user (`commonName`) in groups (`organizations`), by client certificate. */
  kubeconfigFor(subject: Subject): Promise<string>;
  /** Ends the API server, and resolves once it is gone. Watches break; etcd keeps the data. */
  stopApiServer(signal?: NodeJS.Signals): Promise<void>;
  /** Starts the API server again on the same port and resolves once it is ready. */
  startApiServer(): Promise<void>;
  /** Both of the above. */
  restartApiServer(signal?: NodeJS.Signals): Promise<void>;
  /** Ends every process that was started below `dir`. */
  stop(): Promise<void>;
}

const startTimeoutMs = 60_000;

export const controlPlaneTools = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kubectl",
] as const;

/** Resolves once the API server is ready and the service account controllers work. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const tool = await ensureTools(controlPlaneTools, options.say ?? console.error);
  const home = await freshHome(options.dir ?? (await scratchDir("control-plane")));
  return orEndAll(home, () => startControlPlaneIn(home, tool));
}

/** The same in a home that is empty already, among other components. */
export async function startControlPlaneIn(
  home: StackHome,
  tool: ToolPath<(typeof controlPlaneTools)[number]>,
): Promise<ControlPlane> {
  const [etcd, credentials] = await Promise.all([
    startEtcd(home, tool("etcd")),
    issueCredentials(home.dir),
  ]);
  const server = await startApiServer(home, tool("kube-apiserver"), credentials, etcd.url);
  const url = `https://127.0.0.1:${server.port}`;
  const kubeconfig = writeKubeconfig(credentials, url, "admin", credentials.adminFiles);
  const access = adminAccess(url, credentials);
  const api = new ApiClient(access);
  await startControllerManager(home, tool("kube-controller-manager"), credentials, url, api);
  return {
    home,
    url,
    caFile: credentials.caFile,
    caPem: credentials.authority.caPem,
    serving: credentials.server,
    kubeconfig,
    kubectlPath: tool("kubectl"),
    access,
    api,
    kubectl: kubectlAt(tool("kubectl"), kubeconfig, path.join(home.dir, "kubectl-cache")),
    kubeconfigFor: async (subject) => issueKubeconfig(credentials, url, subject),
    stopApiServer: async (signal) => server.stop(signal),
    startApiServer: async () => server.start(),
    restartApiServer: async (signal) => {
      await server.stop(signal);
      await server.start();
    },
    stop: async () => {
      await api.close();
      await endAll(home);
    },
  };
}

async function startEtcd(home: StackHome, command: string): Promise<{ readonly url: string }> {
  return onFreePorts(2, async ([clientPort = 0, peerPort = 0]) => {
    const url = `http://127.0.0.1:${clientPort}`;
    const args = etcdFlags(home.dir, clientPort, peerPort);
    const component = await startComponent(home, { name: "etcd", command, args });
    await untilReady(component, async () => answersOk(`${url}/readyz`), startTimeoutMs);
    return { url };
  });
}

interface ApiServer {
  readonly port: number;
  stop(signal?: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
}

async function startApiServer(
  home: StackHome,
  command: string,
  credentials: ClusterCredentials,
  etcdUrl: string,
): Promise<ApiServer> {
  const startOn = async (port: number): Promise<Component> => {
    const args = apiServerFlags(credentials, etcdUrl, port);
    const component = await startComponent(home, { name: "kube-apiserver", command, args });
    const api = new ApiClient(adminAccess(`https://127.0.0.1:${port}`, credentials));
    try {
      await untilReady(
        component,
        async () => (await api.isOk("/readyz")) || undefined,
        startTimeoutMs,
      );
    } finally {
      await api.close();
    }
    return component;
  };
  let [port, running] = await onFreePorts(
    1,
    async ([free = 0]) => [free, await startOn(free)] as const,
  );
  return {
    port,
    stop: async (signal) => running.stop(signal),
    start: async () => {
      running = await onTheSamePort(async () => startOn(port));
    },
  };
}

/** Ready once it has given the default namespace its service account: pods can be made then. */
async function startControllerManager(
  home: StackHome,
  command: string,
  credentials: ClusterCredentials,
  url: string,
  api: ApiClient,
): Promise<void> {
  const name = "kube-controller-manager";
  const kubeconfig = writeKubeconfig(credentials, url, name, credentials.controllerManagerFiles);
  const args = controllerManagerFlags(credentials, kubeconfig);
  const component = await startComponent(home, { name, command, args });
  const account = "/api/v1/namespaces/default/serviceaccounts/default";
  await untilReady(component, async () => (await api.isOk(account)) || undefined, startTimeoutMs);
}

function adminAccess(url: string, { authority, admin }: ClusterCredentials): ApiAccess {
  return { url, caPem: authority.caPem, ...admin };
}

async function issueKubeconfig(
  credentials: ClusterCredentials,
  url: string,
  subject: Subject,
): Promise<string> {
  const name = `user-${subject.commonName.replaceAll(/[^\w.-]/g, "_")}`;
  const files = writeKeyPair(credentials.dir, name, await credentials.authority.issue(subject));
  return writeKubeconfig(credentials, url, name, files);
}

function writeKubeconfig(
  { dir, caFile }: ClusterCredentials,
  url: string,
  name: string,
  credentials: Credentials,
): string {
  return writeSecret(dir, `${name}.kubeconfig`, kubeconfigText(url, caFile, credentials));
}
