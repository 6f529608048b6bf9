/** Starts everything that gpuinfo needs, and gpuinfo itself from the shipped manifests, on this machine. */
import path from "node:path";
import { ensureBuilt } from "../build.ts";
import { createNodes } from "./cluster/nodes.ts";
import { type ControlPlane, controlPlaneTools, startControlPlaneIn } from "./control-plane.ts";
import { deploy } from "./deploy.ts";
import { readFleet } from "./fleet.ts";
import { overlayOf, type Placement } from "./placement/mode.ts";
import { type PlacementParts, placementTools } from "./placement/parts.ts";
import { type Ground, startPlacing } from "./placement/start.ts";
import { startKubelet } from "./pod/local-pod.ts";
import { type Replica, startWorkload, type WorkloadOptions } from "./pod/workload.ts";
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
  /** How pods are placed; absent for advice alone: no schedulers, no KWOK, no cert-manager. */
  readonly placement?: Placement;
  /** Set on top of the environment in the Deployment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Gets a line per stage; default nobody. */
  readonly say?: (line: string) => void;
  /** Called with the stack's home before anything is started in it, so that it can be ended at any time. */
  readonly onHome?: (home: StackHome) => void;
}

/** A running stack. Its parts for placing pods are there where `placement` was asked for. */
export interface Stack extends Partial<PlacementParts> {
  readonly home: StackHome;
  readonly controlPlane: ControlPlane;
  readonly simulator: Simulator;
  readonly replicas: readonly Replica[];
  /** Names of the Kubernetes nodes that were made from the fleet. */
  readonly nodes: readonly string[];
  /** Ends every process of the stack. Its logs stay. */
  stop(): Promise<void>;
}

/** A running stack in which pods are placed. */
export interface PlacingStack extends Stack, PlacementParts {
  readonly schedulers: PlacementParts["schedulers"];
  readonly kwok: PlacementParts["kwok"];
  readonly certManager: PlacementParts["certManager"];
  readonly webhookUrl: string;
}

export const defaultFleet = path.join(repositoryRoot, "hack/vcsim/fleets/demo.json");
const stackTools = [...controlPlaneTools, "vcsim"] as const;

type Tools = ToolPath<(typeof stackTools)[number] | (typeof placementTools)[number]>;

/** Resolves once every part is there and every replica of gpuinfo says that it is ready. */
export async function startStack(
  options: StackOptions & { readonly placement: Placement },
): Promise<PlacingStack>;
export async function startStack(options?: StackOptions): Promise<Stack>;
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const wanted = options.placement === undefined ? stackTools : [...stackTools, ...placementTools];
  const tool = await ensureTools(wanted, options.say ?? console.error);
  await ensureBuilt();
  const home = await freshHome(options.dir ?? (await scratchDir("stack")));
  options.onHome?.(home);
  return orEndAll(home, () => start(home, tool, options));
}

async function start(home: StackHome, tool: Tools, options: StackOptions): Promise<Stack> {
  const { fleet = defaultFleet, replicas = 1, env = {}, placement, say = ignore } = options;
  const machines = readFleet(fleet);
  say("Starting etcd, kube-apiserver, kube-controller-manager and the vCenter simulator");
  const [controlPlane, simulator] = await Promise.all([
    startControlPlaneIn(home, tool),
    startSimulator(home, tool("vcsim"), fleet),
  ]);
  const ground: Ground = { home, controlPlane, simulator, machines, say };
  const workload: WorkloadOptions = { replicas, env };
  const parts =
    placement === undefined
      ? await startAdvising(ground, workload)
      : await startPlacing(ground, tool, placement, workload);
  const stop = async (): Promise<void> => {
    closeForStarts(home);
    await controlPlane.api.close();
    await endAll(home);
  };
  return { home, controlPlane, simulator, ...parts, stop };
}

function ignore(): void {}

/** gpuinfo without any part that has to do with pods. */
async function startAdvising(
  { home, controlPlane, simulator, machines, say }: Ground,
  options: WorkloadOptions,
): Promise<Pick<Stack, "nodes" | "replicas">> {
  say(`Applying ${overlayOf(undefined)} and making the nodes`);
  const [nodes, { gpuinfo }] = await Promise.all([
    createNodes(controlPlane.api, machines),
    deploy(controlPlane, simulator, { placement: undefined, webhookPort: 0 }),
  ]);
  say(`Starting gpuinfo (${options.replicas} of it)`);
  const { replicas, pods } = await startWorkload(home, controlPlane, gpuinfo, options);
  await startKubelet(home, controlPlane, pods);
  await Promise.all(replicas.map(async (replica) => replica.untilReady()));
  return { nodes, replicas };
}
