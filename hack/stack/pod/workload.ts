/** Runs gpuinfo on this machine as its Deployment describes it, with its ServiceAccount's token. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { kubeconfigText } from "../cluster/kubeconfig.ts";
import { writeSecret } from "../cluster/pki.ts";
import type { ControlPlane } from "../control-plane.ts";
import { answersOk } from "../process/answers-ok.ts";
import { type Component, startComponent, untilReady } from "../process/component.ts";
import type { StackHome } from "../process/home.ts";
import { onFreePorts } from "../process/ports.ts";
import { repositoryRoot } from "../tools/families.ts";
import { containerCommand, containerEnvironment } from "./environment.ts";
import type { KubeletSpec } from "./kubelet.ts";
import type { Workload } from "./manifest.ts";
import {
  accountMountPath,
  type PodFilesSpec,
  placeOf,
  requestToken,
  syncVolumes,
  writeAccountFiles,
} from "./pod-files.ts";

/** One process of gpuinfo. Its addresses stay the same over a restart. */
export interface Replica {
  /** The value of POD_NAME, by which it holds the Lease. */
  readonly name: string;
  readonly healthUrl: string;
  readonly metricsUrl: string;
  readonly kubeconfig: string;
  readonly logFile: string;
  readonly pid: () => number;
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again and resolves once it listens; `untilReady` tells when it is ready. */
  start(): Promise<void>;
  /** Resolves once /readyz answers 200; throws with the end of its log when that takes too long. */
  untilReady(): Promise<void>;
}

export interface WorkloadOptions {
  readonly replicas: number;
  /** Set on top of the container's own environment. */
  readonly env: Readonly<Record<string, string>>;
}

const listenTimeoutMs = 30_000;
const readyTimeoutMs = 60_000;
const tokenSeconds = 3_600;

/** Resolves once every replica listens; use `untilReady` for more. */
export async function startWorkload(
  home: StackHome,
  controlPlane: ControlPlane,
  workload: Workload,
  { replicas, env }: WorkloadOptions,
): Promise<readonly Replica[]> {
  const names = Array.from({ length: replicas }, (_, index) => `${workload.name}-local-${index}`);
  const pods = names.map((name) => filesSpec(home, controlPlane, workload, name));
  await Promise.all(pods.map(async (pod) => layOut(controlPlane, pod)));
  const [started] = await Promise.all([
    Promise.all(
      pods.map(async (pod, index) =>
        startReplica(home, controlPlane, workload, names[index] ?? "", pod, env),
      ),
    ),
    startKubelet(home, controlPlane, pods),
  ]);
  return started;
}

function filesSpec(
  home: StackHome,
  { caPem }: ControlPlane,
  { namespace, pod, container }: Workload,
  name: string,
): PodFilesSpec {
  const mounts = (container.volumeMounts ?? []).map((mount) => {
    const volume = pod.volumes?.find((candidate) => candidate.name === mount.name);
    if (volume === undefined) {
      throw new Error(
        `container "${container.name}" mounts "${mount.name}", which is no volume of its pod`,
      );
    }
    return { mount, volume };
  });
  const root = path.join(home.dir, "pod", name);
  const serviceAccount = pod.serviceAccountName ?? "default";
  return { namespace, serviceAccount, tokenSeconds, caPem, root, mounts };
}

/** The files are there before the process starts, as in a pod. */
async function layOut({ api }: ControlPlane, pod: PodFilesSpec): Promise<void> {
  mkdirSync(pod.root, { recursive: true, mode: 0o700 });
  writeAccountFiles(pod, await requestToken(api, pod));
  await syncVolumes(api, pod);
}

async function startKubelet(
  home: StackHome,
  controlPlane: ControlPlane,
  pods: readonly PodFilesSpec[],
): Promise<void> {
  const spec: KubeletSpec = { access: controlPlane.access, pods };
  const file = writeSecret(path.join(home.dir, "pod"), "kubelet.json", JSON.stringify(spec));
  const args = [path.join(import.meta.dirname, "kubelet.ts"), file];
  await startComponent(home, { name: "kubelet", command: process.execPath, args, graceMs: 500 });
}

async function startReplica(
  home: StackHome,
  controlPlane: ControlPlane,
  workload: Workload,
  name: string,
  pod: PodFilesSpec,
  extraEnv: Readonly<Record<string, string>>,
): Promise<Replica> {
  const kubeconfig = writePodKubeconfig(controlPlane, pod);
  const identity = { name, namespace: pod.namespace, serviceAccount: pod.serviceAccount };
  const startOn = async (health: string, metrics: string): Promise<Component> => {
    const component = await startComponent(home, {
      name,
      ...containerCommand(workload.container, pod.root),
      cwd: repositoryRoot,
      env: {
        ...containerEnvironment(workload.container, identity, pod.root),
        KUBECONFIG: kubeconfig,
        HEALTH_ADDRESS: health,
        METRICS_ADDRESS: metrics,
        ...extraEnv,
      },
      graceMs: (workload.pod.terminationGracePeriodSeconds ?? 30) * 1_000,
    });
    await untilReady(component, async () => answersOk(`http://${health}/livez`), listenTimeoutMs);
    return component;
  };
  const { addresses, first } = await onFreePorts(2, async ([health, metrics]) => {
    const chosen = { health: `127.0.0.1:${health}`, metrics: `127.0.0.1:${metrics}` };
    return { addresses: chosen, first: await startOn(chosen.health, chosen.metrics) };
  });
  let running = first;
  const healthUrl = `http://${addresses.health}`;
  return {
    name,
    healthUrl,
    metricsUrl: `http://${addresses.metrics}/metrics`,
    kubeconfig,
    logFile: first.logFile,
    pid: () => running.identity.pid,
    stop: async (signal) => running.stop(signal),
    start: async () => {
      running = await startOn(addresses.health, addresses.metrics);
    },
    untilReady: async () => {
      await untilReady(running, async () => answersOk(`${healthUrl}/readyz`), readyTimeoutMs);
    },
  };
}

function writePodKubeconfig({ url, caFile }: ControlPlane, pod: PodFilesSpec): string {
  const tokenFile = placeOf(pod.root, path.join(accountMountPath, "token"));
  return writeSecret(pod.root, "kubeconfig", kubeconfigText(url, caFile, { tokenFile }));
}
