/** Starts everything that gpuinfo needs, and gpuinfo itself from the shipped manifests, on this machine. */
import path from "node:path";
import { ensureBuilt } from "../build.ts";
import { createNodes } from "./cluster/nodes.ts";
import { type ControlPlane, controlPlaneTools, startControlPlaneIn } from "./control-plane.ts";
import { deploy } from "./deploy.ts";
import { readFleet } from "./fleet.ts";
import { overlayFor } from "./overlay.ts";
import { overlayOf, type Placement } from "./placement/mode.ts";
import { type PlacementParts, placementTools } from "./placement/parts.ts";
import { type Ground, startPlacing } from "./placement/start.ts";
import { startKubelet } from "./pod/local-pod.ts";
import { type Replica, startWorkload, type WorkloadOptions } from "./pod/workload.ts";
import { closeForStarts } from "./process/component.ts";
import { endAll, freshHome, orEndAll } from "./process/end-all.ts";
import type { StackHome } from "./process/home.ts";
import { scratchDir } from "./scratch.ts";
import { type Simulator, type Simulators, startSimulator, type TwoVcenters } from "./simulator.ts";
import { repositoryRoot } from "./tools/families.ts";
import { ensureTools, type ToolPath } from "./tools.ts";

export interface StackOptions {
  /** Folder of this stack alone; default a scratch folder below `.local/`. */
  readonly dir?: string;
  /** Fleet file; default the demo's. */
  readonly fleet?: string;
  /** Fleet files of a stack with two vCenters, in place of `fleet`; they must have different `instanceUuid`s. */
  readonly fleets?: TwoVcenters<string>;
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
  /** The only one, or the first of two. */
  readonly simulator: Simulator;
  readonly simulators: Simulators;
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

/** A running stack with two vCenters. */
export interface TwoVcenterStack extends Stack {
  readonly simulators: TwoVcenters<Simulator>;
}

export const defaultFleet = path.join(repositoryRoot, "hack/vcsim/fleets/demo.json");
const stackTools = [...controlPlaneTools, "vcsim"] as const;

type Tools = ToolPath<(typeof stackTools)[number] | (typeof placementTools)[number]>;

/** Resolves once every part is there and every replica of gpuinfo says that it is ready. */
export async function startStack(
  options: StackOptions & {
    readonly placement: Placement;
    readonly fleets: TwoVcenters<string>;
  },
): Promise<PlacingStack & TwoVcenterStack>;
export async function startStack(
  options: StackOptions & { readonly placement: Placement },
): Promise<PlacingStack>;
export async function startStack(
  options: StackOptions & { readonly fleets: TwoVcenters<string> },
): Promise<TwoVcenterStack>;
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
  const { fleet = defaultFleet, fleets, replicas = 1, env = {}, placement, say = ignore } = options;
  const files = fleets === undefined ? [fleet] : Object.values(fleets);
  const machines = files.flatMap(readFleet);
  say("Starting etcd, kube-apiserver, kube-controller-manager and the vCenter simulator");
  const [controlPlane, simulators] = await Promise.all([
    startControlPlaneIn(home, tool),
    fleets === undefined
      ? startOneSimulator(home, tool("vcsim"), fleet)
      : startTwoSimulators(home, tool("vcsim"), fleets),
  ]);
  const overlay = overlayFor(home, placement, fleets !== undefined);
  const ground: Ground = { home, controlPlane, simulators, overlay, machines, say };
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
  const simulator = "vcenter" in simulators ? simulators.vcenter : simulators.east;
  return { home, controlPlane, simulator, simulators, ...parts, stop };
}

async function startOneSimulator(
  home: StackHome,
  command: string,
  fleet: string,
): Promise<Simulators> {
  return { vcenter: await startSimulator(home, command, fleet) };
}

async function startTwoSimulators(
  home: StackHome,
  command: string,
  fleets: TwoVcenters<string>,
): Promise<Simulators> {
  const [east, west] = await Promise.all([
    startSimulator(home, command, fleets.east, "east"),
    startSimulator(home, command, fleets.west, "west"),
  ]);
  return { east, west };
}

function ignore(): void {}

/** gpuinfo without any part that has to do with pods. */
async function startAdvising(
  { home, controlPlane, simulators, overlay, machines, say }: Ground,
  options: WorkloadOptions,
): Promise<Pick<Stack, "nodes" | "replicas">> {
  say(`Applying ${overlayOf(undefined)} and making the nodes`);
  const [nodes, { gpuinfo }] = await Promise.all([
    createNodes(controlPlane.api, machines),
    deploy(controlPlane, simulators, { overlay, webhookPort: 0 }),
  ]);
  say(`Starting gpuinfo (${options.replicas} of it)`);
  const { replicas, pods } = await startWorkload(home, controlPlane, gpuinfo, options);
  await startKubelet(home, controlPlane, pods);
  await Promise.all(replicas.map(async (replica) => replica.untilReady()));
  return { nodes, replicas };
}
