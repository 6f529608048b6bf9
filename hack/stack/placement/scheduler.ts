/** Runs one kube-scheduler on this machine with a configuration of its own. */
import path from "node:path";
import { ApiClient } from "../cluster/api-client.ts";
import { writeSecret } from "../cluster/pki.ts";
import type { ControlPlane } from "../control-plane.ts";
import { type Component, startComponent, untilReady } from "../process/component.ts";
import type { StackHome } from "../process/home.ts";
import { onFreePorts } from "../process/ports.ts";
import { configText, type SchedulerConfig } from "./scheduler-config.ts";

/** A running kube-scheduler. */
export interface Scheduler {
  readonly name: string;
  /** What it was started with, first. */
  readonly config: SchedulerConfig;
  readonly logFile: string;
  readonly pid: () => number;
  /** Its metrics page. */
  metrics(): Promise<string>;
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again, with another configuration if one is given, and resolves once it holds its lease. */
  start(config?: SchedulerConfig): Promise<void>;
}

export interface SchedulerSpec {
  readonly name: string;
  readonly command: string;
  /** Arguments beside those that say where its files and addresses are. */
  readonly args: readonly string[];
  readonly kubeconfig: string;
  readonly config: SchedulerConfig;
  /** The lease that it schedules under, as `namespace/name`. */
  readonly lease: string;
}

interface Started {
  readonly component: Component;
  readonly port: number;
}

/** After SIGKILL the lease of the one before has to run out first. */
const startTimeoutMs = 60_000;

/** Resolves once it holds its lease: from then on pods are scheduled. */
export async function startScheduler(
  home: StackHome,
  controlPlane: ControlPlane,
  spec: SchedulerSpec,
): Promise<Scheduler> {
  const startWith = async (config: SchedulerConfig): Promise<Started> => {
    const dir = path.join(home.dir, "placement");
    const file = writeSecret(dir, `${spec.name}.yaml`, configText(config));
    return onFreePorts(1, async ([port = 0]) => startOn(home, controlPlane, spec, file, port));
  };
  let running = await startWith(spec.config);
  return {
    name: spec.name,
    config: spec.config,
    logFile: running.component.logFile,
    pid: () => running.component.identity.pid,
    metrics: async () => readMetrics(controlPlane, running.port),
    stop: async (signal) => running.component.stop(signal),
    start: async (config = spec.config) => {
      running = await startWith(config);
    },
  };
}

async function startOn(
  home: StackHome,
  controlPlane: ControlPlane,
  { name, command, args, kubeconfig, lease }: SchedulerSpec,
  configFile: string,
  port: number,
): Promise<Started> {
  const startedAt = Date.now();
  const { certFile, keyFile } = controlPlane.serving;
  const local = [
    `--config=${configFile}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${port}`,
    `--tls-cert-file=${certFile}`,
    `--tls-private-key-file=${keyFile}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
  ];
  const component = await startComponent(home, { name, command, args: [...args, ...local] });
  const probe = async () => isRenewedSince(controlPlane.api, lease, startedAt);
  await untilReady(component, probe, startTimeoutMs);
  return { component, port };
}

/** Whoever held it before is gone, so a renewal is the new one's. */
async function isRenewedSince(
  api: ApiClient,
  lease: string,
  since: number,
): Promise<true | undefined> {
  const [namespace, name] = lease.split("/");
  const { spec } = await api.call<{ readonly spec: { readonly renewTime?: string } }>(
    "GET",
    `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`,
  );
  return Date.parse(spec.renewTime ?? "") >= since || undefined;
}

/** Its page is for those who may see it; the administrator may. */
async function readMetrics({ access }: ControlPlane, port: number): Promise<string> {
  const client = new ApiClient({ ...access, url: `https://127.0.0.1:${port}` });
  try {
    return await client.text("/metrics");
  } finally {
    await client.close();
  }
}
