/** Starts the cluster's own kube-scheduler, in `extender` mode with the entry that the documentation has for it. */
import { readFileSync } from "node:fs";
import path from "node:path";
import type { ControlPlane } from "../control-plane.ts";
import { layOut, rootOf } from "../pod/local-pod.ts";
import type { PodFilesSpec } from "../pod/pod-files.ts";
import type { StackHome } from "../process/home.ts";
import { repositoryRoot } from "../tools/families.ts";
import { type Scheduler, startScheduler } from "./scheduler.ts";
import { localConfig } from "./scheduler-config.ts";

const defaultSchedulerName = "kube-scheduler";

/** Where the documented configuration looks for what gpuinfo's client certificate consists of. */
export const documentedCertificateDir = "/etc/kubernetes/gpuinfo";

const documented = "deploy/modes/extender/kube-scheduler-snippet.yaml";
const plain =
  "{apiVersion: kubescheduler.config.k8s.io/v1, kind: KubeSchedulerConfiguration, leaderElection: {leaderElect: true}}";

/** Resolves once it schedules. With `extenderUrl` it has the extender. */
export async function startDefaultScheduler(
  home: StackHome,
  controlPlane: ControlPlane,
  command: string,
  extenderUrl?: string,
): Promise<Scheduler> {
  const kubeconfig = await controlPlane.kubeconfigFor({ commonName: "system:kube-scheduler" });
  const file = path.join(repositoryRoot, documented);
  const shipped = extenderUrl === undefined ? plain : readFileSync(file, "utf8");
  const root = rootOf(home, defaultSchedulerName);
  return startScheduler(home, controlPlane, {
    name: defaultSchedulerName,
    command,
    args: [],
    kubeconfig,
    config: localConfig(shipped, { kubeconfig, extenderUrl: extenderUrl ?? "", root }),
    lease: "kube-system/kube-scheduler",
  });
}

/** Copies the client certificate to where the configuration looks for it, as docs/certificates.md says. */
export async function copyClientCertificate(
  home: StackHome,
  controlPlane: ControlPlane,
  namespace: string,
  secretName: string,
): Promise<PodFilesSpec> {
  const files: PodFilesSpec = {
    namespace,
    tokenSeconds: 0,
    caPem: controlPlane.caPem,
    root: rootOf(home, defaultSchedulerName),
    mounts: [
      {
        mount: { name: "gpuinfo", mountPath: documentedCertificateDir },
        volume: { name: "gpuinfo", secret: { secretName } },
      },
    ],
  };
  await layOut(controlPlane, files);
  return files;
}
