/** Starts gpuinfo where it places pods: with schedulers, kubelets of all nodes, and certificates. */
import { createNodes } from "../cluster/nodes.ts";
import type { ControlPlane } from "../control-plane.ts";
import { type Deployed, deploy, untilWebhookIsTrusted } from "../deploy.ts";
import type { FleetMachine } from "../fleet.ts";
import { startKubelet } from "../pod/local-pod.ts";
import {
  type Replica,
  type RunningWorkload,
  startWorkload,
  type WorkloadOptions,
} from "../pod/workload.ts";
import type { StackHome } from "../process/home.ts";
import type { Simulators } from "../simulator.ts";
import type { Say } from "../tools/progress.ts";
import type { ToolPath } from "../tools.ts";
import { installCertManager, startCertManager } from "./cert-manager.ts";
import { startKwok } from "./kwok.ts";
import { overlayOf, type Placement } from "./mode.ts";
import type { PlacementParts, placementTools } from "./parts.ts";
import { type StartedSchedulers, startSchedulers } from "./schedulers.ts";
import { type LocalServices, startServices, untilForwarded } from "./services.ts";

/** What is there before anything of gpuinfo is. */
export interface Ground {
  readonly home: StackHome;
  readonly controlPlane: ControlPlane;
  readonly simulators: Simulators;
  /** Folder of the overlay that is applied. */
  readonly overlay: string;
  readonly machines: readonly FleetMachine[];
  readonly say: Say;
}

type Tools = ToolPath<(typeof placementTools)[number]>;

/** Resolves once pods are placed: every part has said that it is ready. */
export async function startPlacing(
  ground: Ground,
  tool: Tools,
  placement: Placement,
  options: WorkloadOptions,
): Promise<
  PlacementParts & { readonly nodes: readonly string[]; readonly replicas: readonly Replica[] }
> {
  const { home, controlPlane, simulators, overlay, machines, say } = ground;
  say("Starting KWOK and cert-manager, making the nodes");
  const nodesMade = createNodes(controlPlane.api, machines);
  const [services, kwok, certManager, nodes] = await Promise.all([
    startServices(home),
    startKwok(home, controlPlane, tool),
    installCertManager(controlPlane, tool("cert-manager-crds")).then(async () =>
      startCertManager(home, controlPlane, tool("cert-manager")),
    ),
    nodesMade,
  ]);
  say(
    `Applying ${overlayOf(placement)}, starting kube-scheduler and gpuinfo (${options.replicas} of it)`,
  );
  const deployed = await deploy(controlPlane, simulators, {
    overlay,
    webhookPort: services.webhookPort,
  });
  const [workload, started] = await Promise.all([
    startWorkload(home, controlPlane, deployed.gpuinfo, options),
    startSchedulersOf(ground, tool, placement, deployed, services),
  ]);
  await untilAllIsReady(ground, services, workload, started);
  const { schedulers, extender } = started;
  const webhookUrl = localUrl(services.webhookPort);
  const { replicas } = workload;
  return {
    nodes,
    replicas,
    schedulers,
    kwok,
    certManager,
    webhookUrl,
    ...(extender && { extender }),
  };
}

async function startSchedulersOf(
  { home, controlPlane }: Ground,
  tool: Tools,
  placement: Placement,
  { gpuinfo, scheduler }: Deployed,
  { extenderPort }: LocalServices,
): Promise<StartedSchedulers> {
  return startSchedulers(home, controlPlane, tool("kube-scheduler"), {
    placement,
    namespace: gpuinfo.namespace,
    extenderUrl: localUrl(extenderPort),
    ...(scheduler && { workload: scheduler }),
  });
}

async function untilAllIsReady(
  { home, controlPlane }: Ground,
  services: LocalServices,
  { replicas, pods }: RunningWorkload,
  started: StartedSchedulers,
): Promise<void> {
  services.lead(replicas);
  await startKubelet(home, controlPlane, [...pods, ...started.pods]);
  await Promise.all([
    untilWebhookIsTrusted(controlPlane.api),
    ...replicas.map(async (replica) => replica.untilReady()),
  ]);
  if (replicas.length > 0) {
    await untilForwarded(services.webhookPort);
  }
}

function localUrl(port: number): string {
  return `https://127.0.0.1:${port}`;
}
