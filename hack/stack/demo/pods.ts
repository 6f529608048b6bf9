/** Waits for what becomes of a Job's pods. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiClient } from "../cluster/api-client.ts";

/** A pod of a Job. */
export interface JobPod {
  readonly name: string;
  /** Absent while it waits for a node. */
  readonly nodeName?: string;
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly nodeName?: string };
  }[];
}

interface EventList {
  readonly items: readonly {
    readonly reason: string;
    readonly message: string;
    readonly reportingComponent: string;
  }[];
}

const core = "/api/v1/namespaces/default";
const timeoutMs = 30_000;

/** The Job's pod, once it is bound; with how long that took from now. */
export async function untilBound(
  api: ApiClient,
  job: string,
): Promise<{ readonly pod: JobPod; readonly elapsedMs: number }> {
  const startedAt = performance.now();
  const pod = await until(`Job ${job} to have a node`, async () => {
    const found = await podOf(api, job);
    return found?.nodeName === undefined ? undefined : found;
  });
  return { pod, elapsedMs: performance.now() - startedAt };
}

/** The Job's pod, once gpuinfo has told why it waits. */
export async function untilExplained(api: ApiClient, job: string): Promise<JobPod> {
  return until(`gpuinfo to say why Job ${job} waits`, async () => {
    const pod = await podOf(api, job);
    return pod !== undefined && (await isExplained(api, pod.name)) ? pod : undefined;
  });
}

async function podOf(api: ApiClient, job: string): Promise<JobPod | undefined> {
  const selector = encodeURIComponent(`batch.kubernetes.io/job-name=${job}`);
  const { items } = await api.call<PodList>("GET", `${core}/pods?labelSelector=${selector}`);
  return items.map(({ metadata, spec }) => ({ ...spec, name: metadata.name }))[0];
}

async function isExplained(api: ApiClient, pod: string): Promise<boolean> {
  const selector = encodeURIComponent(`involvedObject.name=${pod}`);
  const { items } = await api.call<EventList>("GET", `${core}/events?fieldSelector=${selector}`);
  return items.some(({ reason }) => reason === "NoNodeSuits");
}

async function until<T>(what: string, probe: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) {
      return found;
    }
    if (Date.now() > deadline) {
      throw new Error(`waited ${timeoutMs / 1_000} s in vain for ${what}`);
    }
    await sleep(50);
  }
}
