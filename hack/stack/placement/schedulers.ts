/** Starts the kube-schedulers of each way of placing pods, and says how they reach the extender. */
import path from "node:path";
import type { ControlPlane } from "../control-plane.ts";
import type { Workload } from "../pod/manifest.ts";
import type { PodFilesSpec } from "../pod/pod-files.ts";
import type { StackHome } from "../process/home.ts";
import {
  copyClientCertificate,
  documentedCertificateDir,
  startDefaultScheduler,
} from "./default-scheduler.ts";
import type { Placement } from "./mode.ts";
import { clientCertificateDir, startOwnScheduler } from "./own-scheduler.ts";
import type { ExtenderAccess, Schedulers } from "./parts.ts";

const clientSecret = "gpuinfo-scheduler-client";
const serverName = "gpuinfo-extender.gpuinfo-system.svc";

/** The schedulers of a mode, how they ask the extender, and the files that are kept up to date for them. */
export interface StartedSchedulers {
  readonly schedulers: Schedulers;
  readonly extender?: ExtenderAccess;
  readonly pods: readonly PodFilesSpec[];
}

export interface SchedulerOptions {
  readonly placement: Placement;
  /** The Deployment of our own scheduler, where it is shipped. */
  readonly workload?: Workload;
  readonly namespace: string;
  readonly extenderUrl: string;
}

/** Resolves once all of them schedule; the client certificate must have been asked for. */
export async function startSchedulers(
  home: StackHome,
  controlPlane: ControlPlane,
  command: string,
  { placement, workload, namespace, extenderUrl }: SchedulerOptions,
): Promise<StartedSchedulers> {
  if (placement === "extender") {
    const files = await copyClientCertificate(home, controlPlane, namespace, clientSecret);
    const scheduler = await startDefaultScheduler(home, controlPlane, command, extenderUrl);
    const dir = path.join(files.root, documentedCertificateDir);
    const extender = accessWith(dir, extenderUrl);
    return { schedulers: { default: scheduler }, extender, pods: [files] };
  }
  const starting = startDefaultScheduler(home, controlPlane, command);
  if (workload === undefined) {
    return { schedulers: { default: await starting }, pods: [] };
  }
  const [scheduler, own] = await Promise.all([
    starting,
    startOwnScheduler(home, controlPlane, command, workload, extenderUrl),
  ]);
  return {
    schedulers: { default: scheduler, own: own.scheduler },
    extender: accessWith(clientCertificateDir(own.pod, clientSecret), extenderUrl),
    pods: [own.pod],
  };
}

function accessWith(dir: string, url: string): ExtenderAccess {
  return {
    url,
    caFile: path.join(dir, "ca.crt"),
    certFile: path.join(dir, "tls.crt"),
    keyFile: path.join(dir, "tls.key"),
    serverName,
  };
}
