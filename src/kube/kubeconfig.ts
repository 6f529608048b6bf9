/** Finds out where the API server is and who we are: from a kubeconfig file, or from the pod we run in. */

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Cluster, KubeConfig, loadYaml, type User } from "@kubernetes/client-node";
import { TokenFileAuth, withTokenFile } from "./token-file.ts";

/** What we need of a kubeconfig beyond what client-node reads. */
interface RawConfig {
  readonly users?: readonly { readonly name?: string; readonly user?: { tokenFile?: string } }[];
}

/**
 * @param path a kubeconfig file; when absent, the ServiceAccount that is mounted into this pod
 * @throws Error that says what is wrong with the file or the surroundings, and what to do
 */
export function loadKubeConfig(path?: string): KubeConfig {
  const config = new KubeConfig();
  config.addAuthenticator(new TokenFileAuth());
  if (path === undefined) loadFromPod(config);
  else loadFromFile(config, path);
  demandTls(config.getCurrentCluster(), path ?? "this pod's ServiceAccount");
  return config;
}

function loadFromPod(config: KubeConfig): void {
  config.loadFromCluster();
  if (config.getCurrentCluster()?.server.includes("undefined")) {
    throw new Error(
      "No API server: KUBERNETES_SERVICE_HOST is not set, so this is not a pod. Set KUBECONFIG to a kubeconfig file.",
    );
  }
  config.users = config.users.map((user) =>
    withTokenFile(user, user.authProvider.config.tokenFile),
  );
}

function loadFromFile(config: KubeConfig, path: string): void {
  config.loadFromFile(path);
  const raw = loadYaml<RawConfig>(readFileSync(path, "utf8"));
  const tokenFiles = new Map(raw.users?.map(({ name, user }) => [name, user?.tokenFile]));
  config.users = config.users.map((user) => readTokenFile(user, tokenFiles.get(user.name), path));
}

function readTokenFile(user: User, tokenFile: string | undefined, kubeconfig: string): User {
  return tokenFile === undefined
    ? user
    : withTokenFile(user, resolve(dirname(kubeconfig), tokenFile));
}

function demandTls(cluster: Cluster | null, source: string): void {
  if (cluster === null) throw new Error(`${source}: the current context names no known cluster`);
  if (!cluster.server.startsWith("https://")) {
    throw new Error(`${source}: the API server is ${cluster.server}; wanted an https:// address`);
  }
  if (cluster.skipTLSVerify) {
    throw new Error(
      `${source}: insecure-skip-tls-verify is set; give certificate-authority instead`,
    );
  }
  if (cluster.proxyUrl !== undefined) {
    throw new Error(
      `${source}: proxy-url is not supported; make the API server reachable directly`,
    );
  }
}
