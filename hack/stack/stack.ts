/** Starts everything that gpuinfo needs, and gpuinfo itself from the shipped manifests, on this machine. */
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureBuilt } from "../build.ts";
import type { ApiClient } from "./cluster/api-client.ts";
import { createNodes } from "./cluster/nodes.ts";
import { type ControlPlane, controlPlaneTools, startControlPlaneIn } from "./control-plane.ts";
import { readFleet } from "./fleet.ts";
import {
  customResourcePaths,
  findWorkload,
  parseManifests,
  withoutReplicas,
} from "./pod/manifest.ts";
import { type Replica, startWorkload } from "./pod/workload.ts";
import { closeForStarts } from "./process/component.ts";
import { endAll, freshHome, orEndAll } from "./process/end-all.ts";
import type { StackHome } from "./process/home.ts";
import { scratchDir } from "./scratch.ts";
import { type Simulator, startSimulator } from "./simulator.ts";
import { repositoryRoot } from "./tools/families.ts";
import { ensureTools, type ToolPath } from "./tools.ts";

export interface StackOptions {
  /** Folder of this stack alone; default a scratch folder below `.local/`. */
  readonly dir?: string;
  /** Fleet file; default the demo's. */
  readonly fleet?: string;
  /** How many processes of gpuinfo; default 1. 0 leaves it out. */
  readonly replicas?: number;
  /** Set on top of the environment in the Deployment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Gets a line per stage; default nobody. */
  readonly say?: (line: string) => void;
  /** Called with the stack's home before anything is started in it, so that it can be ended at any time. */
  readonly onHome?: (home: StackHome) => void;
}

/** A running stack. */
export interface Stack {
  readonly home: StackHome;
  readonly controlPlane: ControlPlane;
  readonly simulator: Simulator;
  readonly replicas: readonly Replica[];
  /** Names of the Kubernetes nodes that were made from the fleet. */
  readonly nodes: readonly string[];
  /** Ends every process of the stack. Its logs stay. */
  stop(): Promise<void>;
}

export const defaultFleet = path.join(repositoryRoot, "hack/vcsim/fleets/demo.json");
const servedTimeoutMs = 20_000;
const workloadName = "gpuinfo";
const stackTools = [...controlPlaneTools, "vcsim"] as const;

type Tools = ToolPath<(typeof stackTools)[number]>;

/** Resolves once every part is there and every replica of gpuinfo says that it is ready. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const tool = await ensureTools(stackTools, options.say ?? console.error);
  await ensureBuilt();
  const home = await freshHome(options.dir ?? (await scratchDir("stack")));
  options.onHome?.(home);
  return orEndAll(home, () => start(home, tool, options));
}

async function start(home: StackHome, tool: Tools, options: StackOptions): Promise<Stack> {
  const { fleet = defaultFleet, replicas: replicaCount = 1, env = {}, say = ignore } = options;
  const machines = readFleet(fleet);
  say("Starting etcd, kube-apiserver, kube-controller-manager and the vCenter simulator");
  const [controlPlane, simulator] = await Promise.all([
    startControlPlaneIn(home, tool),
    startSimulator(home, tool("vcsim"), fleet),
  ]);
  say("Applying deploy/default and making the nodes");
  const [nodes, workload] = await Promise.all([
    createNodes(controlPlane.api, machines),
    deploy(controlPlane, simulator),
  ]);
  say(`Starting gpuinfo (${replicaCount} of it)`);
  const replicas = await startWorkload(home, controlPlane, workload, {
    replicas: replicaCount,
    env,
  });
  await Promise.all(replicas.map(async (replica) => replica.untilReady()));
  const stop = async (): Promise<void> => {
    closeForStarts(home);
    await controlPlane.api.close();
    await endAll(home);
  };
  return { home, controlPlane, simulator, replicas, nodes, stop };
}

function ignore(): void {}

/** Applies what users apply; only the pods are left out, since no kubelet is there to run them. */
async function deploy(
  { kubectl, api }: ControlPlane,
  simulator: Simulator,
): Promise<ReturnType<typeof findWorkload>> {
  const manifests = parseManifests(
    await kubectl(["kustomize", path.join(repositoryRoot, "deploy/default")]),
  );
  const workload = findWorkload(manifests, workloadName);
  const items = withoutReplicas(manifests);
  await kubectl(["apply", "-f", "-"], {
    input: JSON.stringify({ apiVersion: "v1", kind: "List", items }),
  });
  await api.call("POST", `/api/v1/namespaces/${workload.namespace}/secrets`, {
    metadata: { name: "vc-creds" },
    stringData: {
      GOVMOMI_URL: simulator.url,
      GOVMOMI_USERNAME: simulator.username,
      GOVMOMI_PASSWORD: simulator.password,
      "ca.crt": simulator.caPem,
    },
  });
  await Promise.all(customResourcePaths(manifests).map(async (place) => untilServed(api, place)));
  return workload;
}

/** An established resource is still answered with 429 while its storage is made ready. */
async function untilServed(api: ApiClient, place: string): Promise<void> {
  const deadline = Date.now() + servedTimeoutMs;
  while (!(await api.isOk(place))) {
    if (Date.now() > deadline) {
      throw new Error(`the API server does not serve ${place} after ${servedTimeoutMs / 1_000} s`);
    }
    await sleep(50);
  }
}
