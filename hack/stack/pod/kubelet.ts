/**
 * Keeps the files of a pod that runs on this machine as a kubelet would: renews the token, follows its
 * Secrets. A program of its own, `node kubelet.ts SPEC.json`, since `make up` does not stay.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type ApiAccess, ApiClient } from "../cluster/api-client.ts";
import {
  type PodFilesSpec,
  requestToken,
  syncVolumes,
  type Token,
  writeAccountFiles,
} from "./pod-files.ts";

/** What the program reads from its file. */
export interface KubeletSpec {
  readonly access: ApiAccess;
  readonly pods: readonly PodFilesSpec[];
}

const syncMs = 1_000;

/** Never ends, and outlives an API server that is away: it tries again at the next turn. */
async function keepPodFiles({ access, pods }: KubeletSpec): Promise<never> {
  const api = new ApiClient(access);
  const tokens = new Map<PodFilesSpec, Token>();
  for (;;) {
    for (const pod of pods) {
      await syncPod(api, pod, tokens).catch((error: unknown) => console.error(String(error)));
    }
    await sleep(syncMs);
  }
}

/** One turn: a new token where the held one is near its end, then the volumes. */
export async function syncPod(
  api: ApiClient,
  pod: PodFilesSpec,
  tokens: Map<PodFilesSpec, Token>,
): Promise<void> {
  const held = tokens.get(pod);
  const { serviceAccount } = pod;
  if (serviceAccount !== undefined && (held === undefined || Date.now() >= held.renewAt)) {
    const token = await requestToken(api, serviceAccount, pod);
    writeAccountFiles(pod, token);
    tokens.set(pod, token);
  }
  await syncVolumes(api, pod);
}

if (import.meta.main) {
  const [file = ""] = process.argv.slice(2);
  const spec: KubeletSpec = JSON.parse(readFileSync(file, "utf8"));
  await keepPodFiles(spec);
}
