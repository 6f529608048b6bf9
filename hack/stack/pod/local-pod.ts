/** Gives a pod's process on this machine the files that a kubelet would give its container. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ApiClient, ApiError } from "../cluster/api-client.ts";
import { kubeconfigText } from "../cluster/kubeconfig.ts";
import { writeSecret } from "../cluster/pki.ts";
import type { ControlPlane } from "../control-plane.ts";
import { startComponent } from "../process/component.ts";
import type { StackHome } from "../process/home.ts";
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

const tokenSeconds = 3_600;
const layOutTimeoutMs = 60_000;

/** Folder that stands for the root of the container of that pod. */
export function rootOf(home: StackHome, podName: string): string {
  return path.join(home.dir, "pod", podName);
}

/** What the pod of that name, one of the workload, wants on disk. */
export function filesSpec(
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
  const serviceAccount = pod.serviceAccountName ?? "default";
  return { namespace, serviceAccount, tokenSeconds, caPem, root: rootOf(home, name), mounts };
}

/** The files are there before the process starts, as in a pod: it waits for Secrets that it cannot do without. */
export async function layOut({ api }: ControlPlane, pod: PodFilesSpec): Promise<void> {
  mkdirSync(pod.root, { recursive: true, mode: 0o700 });
  if (pod.serviceAccount !== undefined) {
    writeAccountFiles(pod, await requestToken(api, pod.serviceAccount, pod));
  }
  const deadline = Date.now() + layOutTimeoutMs;
  for (;;) {
    const missing = await tryToSync(api, pod);
    if (missing === undefined) {
      return;
    }
    if (Date.now() > deadline) {
      const seconds = layOutTimeoutMs / 1_000;
      const what = `a volume of ${path.basename(pod.root)} is not there after ${seconds} s`;
      throw new Error(`${what} (${missing.message}); cert-manager.log may say why`, {
        cause: missing,
      });
    }
    await sleep(100);
  }
}

/** What the API server says where an object is not there yet. */
async function tryToSync(api: ApiClient, pod: PodFilesSpec): Promise<ApiError | undefined> {
  try {
    await syncVolumes(api, pod);
    return undefined;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) {
      return error;
    }
    throw error;
  }
}

/** Keeps the files of all these pods up to date, until the stack ends. */
export async function startKubelet(
  home: StackHome,
  controlPlane: ControlPlane,
  pods: readonly PodFilesSpec[],
): Promise<void> {
  const spec: KubeletSpec = { access: controlPlane.access, pods };
  const file = writeSecret(path.join(home.dir, "pod"), "kubelet.json", JSON.stringify(spec));
  const args = [path.join(import.meta.dirname, "kubelet.ts"), file];
  await startComponent(home, { name: "kubelet", command: process.execPath, args, graceMs: 500 });
}

/** Path of a kubeconfig with the token of the pod's service account. */
export function writePodKubeconfig({ url, caFile }: ControlPlane, pod: PodFilesSpec): string {
  const tokenFile = placeOf(pod.root, path.join(accountMountPath, "token"));
  return writeSecret(pod.root, "kubeconfig", kubeconfigText(url, caFile, { tokenFile }));
}
