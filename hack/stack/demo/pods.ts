/** Waits for what becomes of a Job's pods. */
import type { ApiClient } from "../cluster/api-client.ts";
import { until } from "./until.ts";

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
/** The Job's pod, once it is bound; with how long that took from now. */
export async function untilBound(
  api: ApiClient,
  job: string,
): Promise<{ readonly pod: JobPod; readonly elapsedMs: number }> {
  const { found: pod, elapsedMs } = await until(`Job ${job} to have a node`, async () => {
    const one = await podOf(api, job);
    return one?.nodeName === undefined ? undefined : one;
  });
  return { pod, elapsedMs };
}

/** The Job's pod, once gpuinfo has told why it waits. */
export async function untilExplained(api: ApiClient, job: string): Promise<JobPod> {
  const { found } = await until(`gpuinfo to say why Job ${job} waits`, async () => {
    const pod = await podOf(api, job);
    return pod !== undefined && (await isExplained(api, pod.name)) ? pod : undefined;
  });
  return found;
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
