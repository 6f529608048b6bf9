/** Runs gpuinfo on this machine as its Deployment describes it, with its ServiceAccount's token. */
import path from "node:path";
import type { ControlPlane } from "../control-plane.ts";
import { answersOk } from "../process/answers-ok.ts";
import { type Component, startComponent, untilReady } from "../process/component.ts";
import type { StackHome } from "../process/home.ts";
import { onFreePorts } from "../process/ports.ts";
import { repositoryRoot } from "../tools/families.ts";
import { containerCommand, containerEnvironment } from "./environment.ts";
import { filesSpec, layOut, writePodKubeconfig } from "./local-pod.ts";
import type { Workload } from "./manifest.ts";
import type { PodFilesSpec } from "./pod-files.ts";

/** One process of gpuinfo. Its addresses stay the same over a restart. */
export interface Replica {
  /** The value of POD_NAME, by which it holds the Lease. */
  readonly name: string;
  readonly healthUrl: string;
  readonly metricsUrl: string;
  /** `https://127.0.0.1:PORT` of its webhook; nobody listens there without placement. */
  readonly webhookUrl: string;
  /** `https://127.0.0.1:PORT` of its extender; only where schedulers ask it. */
  readonly extenderUrl: string;
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

/** The replicas, and what a kubelet has to keep up to date for them. */
export interface RunningWorkload {
  readonly replicas: readonly Replica[];
  readonly pods: readonly PodFilesSpec[];
}

/** Resolves once every replica listens; use `untilReady` for more. */
export async function startWorkload(
  home: StackHome,
  controlPlane: ControlPlane,
  workload: Workload,
  { replicas, env }: WorkloadOptions,
): Promise<RunningWorkload> {
  const names = Array.from({ length: replicas }, (_, index) => `${workload.name}-local-${index}`);
  const starting = names.map(async (name) => {
    const pod = filesSpec(home, controlPlane, workload, name);
    await layOut(controlPlane, pod);
    const launch = launchOf(home, controlPlane, workload, pod, env);
    return { pod, replica: await startReplica(launch) };
  });
  const started = await Promise.all(starting);
  return {
    replicas: started.map(({ replica }) => replica),
    pods: started.map(({ pod }) => pod),
  };
}

/** Addresses of one replica's listeners. */
interface Addresses {
  readonly health: string;
  readonly metrics: string;
  readonly webhook: string;
  readonly extender: string;
}

/** What starts one replica, again and again. */
interface Launch {
  readonly name: string;
  readonly kubeconfig: string;
  readonly on: (addresses: Addresses) => Promise<Component>;
}

async function startReplica(launch: Launch): Promise<Replica> {
  const [addresses, first] = await onFreePorts(4, async (ports) => {
    const chosen = addressesOn(ports);
    return [chosen, await launch.on(chosen)] as const;
  });
  let running = first;
  const healthUrl = `http://${addresses.health}`;
  return {
    name: launch.name,
    healthUrl,
    metricsUrl: `http://${addresses.metrics}/metrics`,
    webhookUrl: `https://${addresses.webhook}`,
    extenderUrl: `https://${addresses.extender}`,
    kubeconfig: launch.kubeconfig,
    logFile: first.logFile,
    pid: () => running.identity.pid,
    stop: async (signal) => running.stop(signal),
    start: async () => {
      running = await launch.on(addresses);
    },
    untilReady: async () => {
      await untilReady(running, async () => answersOk(`${healthUrl}/readyz`), readyTimeoutMs);
    },
  };
}

function addressesOn(ports: readonly number[]): Addresses {
  const [health = "", metrics = "", webhook = "", extender = ""] = ports.map(
    (port) => `127.0.0.1:${port}`,
  );
  return { health, metrics, webhook, extender };
}

function launchOf(
  home: StackHome,
  controlPlane: ControlPlane,
  { container, pod: { terminationGracePeriodSeconds = 30 } }: Workload,
  pod: PodFilesSpec,
  extraEnv: Readonly<Record<string, string>>,
): Launch {
  const name = path.basename(pod.root);
  const kubeconfig = writePodKubeconfig(controlPlane, pod);
  const identity = { name, namespace: pod.namespace, serviceAccount: pod.serviceAccount ?? "" };
  const ownEnv = containerEnvironment(container, identity, pod.root);
  const on = async (addresses: Addresses): Promise<Component> => {
    const component = await startComponent(home, {
      name,
      ...containerCommand(container, pod.root),
      cwd: repositoryRoot,
      env: { ...ownEnv, KUBECONFIG: kubeconfig, ...addressEnvironment(addresses), ...extraEnv },
      graceMs: terminationGracePeriodSeconds * 1_000,
    });
    const live = `http://${addresses.health}/livez`;
    await untilReady(component, async () => answersOk(live), listenTimeoutMs);
    return component;
  };
  return { name, kubeconfig, on };
}

function addressEnvironment(addresses: Addresses): Readonly<Record<string, string>> {
  return {
    HEALTH_ADDRESS: addresses.health,
    METRICS_ADDRESS: addresses.metrics,
    WEBHOOK_ADDRESS: addresses.webhook,
    EXTENDER_ADDRESS: addresses.extender,
  };
}
