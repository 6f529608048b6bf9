/** Runs gpuinfo-scheduler as its Deployment and its ConfigMap ship it, addresses and paths aside. */
import { readFileSync } from "node:fs";
import type { ControlPlane } from "../control-plane.ts";
import { containerCommand } from "../pod/environment.ts";
import { filesSpec, layOut, writePodKubeconfig } from "../pod/local-pod.ts";
import type { Workload } from "../pod/manifest.ts";
import { type PodFilesSpec, placeOf } from "../pod/pod-files.ts";
import type { StackHome } from "../process/home.ts";
import { type Scheduler, startScheduler } from "./scheduler.ts";
import { localConfig } from "./scheduler-config.ts";

const ownSchedulerName = "gpuinfo-scheduler";

const configFlag = "--config=";

/** Resolves once it schedules; with the files that have to be kept up to date for it. */
export async function startOwnScheduler(
  home: StackHome,
  controlPlane: ControlPlane,
  command: string,
  workload: Workload,
  extenderUrl: string,
): Promise<{ readonly scheduler: Scheduler; readonly pod: PodFilesSpec }> {
  const pod = filesSpec(home, controlPlane, workload, `${workload.name}-local-0`);
  await layOut(controlPlane, pod);
  const kubeconfig = writePodKubeconfig(controlPlane, pod);
  const container = containerCommand(workload.container, pod.root, { "kube-scheduler": command });
  const shipped = container.args.find((argument) => argument.startsWith(configFlag));
  if (shipped === undefined) {
    throw new Error(`Deployment "${workload.name}" starts kube-scheduler without ${configFlag}`);
  }
  const config = localConfig(readFileSync(shipped.slice(configFlag.length), "utf8"), {
    kubeconfig,
    extenderUrl,
    root: pod.root,
  });
  const scheduler = await startScheduler(home, controlPlane, {
    name: ownSchedulerName,
    command: container.command,
    args: container.args.filter((argument) => argument !== shipped),
    kubeconfig,
    config,
    lease: `${workload.namespace}/${ownSchedulerName}`,
  });
  return { scheduler, pod };
}

/** Where the Deployment mounts the client certificate, on this machine. */
export function clientCertificateDir({ root, mounts }: PodFilesSpec, secretName: string): string {
  const found = mounts.find(({ volume }) => volume.secret?.secretName === secretName);
  if (found === undefined) {
    throw new Error(`Deployment "${ownSchedulerName}" does not mount Secret "${secretName}"`);
  }
  return placeOf(root, found.mount.mountPath);
}
