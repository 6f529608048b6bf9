/** Pods as users write them, and what becomes of them in a cluster. */

import { setTimeout as sleep } from "node:timers/promises";
import type { ApiClient } from "../../hack/stack/cluster/api-client.ts";
import { annotationKeys, labelKeys } from "../../src/api/names.ts";

/** A stack, as far as it is needed here. */
export interface Cluster {
  readonly controlPlane: { readonly api: ApiClient };
}

/** Fields of a core/v1 Pod that tests read. */
export interface PodObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly creationTimestamp: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly nodeName?: string;
    readonly schedulerName?: string;
    readonly affinity?: unknown;
    readonly containers: readonly { readonly resources?: unknown }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
      readonly lastTransitionTime?: string;
    }[];
  };
}

/** Value of `topology.corinternal.com/…` annotations. */
export interface Needs {
  readonly hours?: number | string;
  readonly gpu?: boolean | string;
  /** A GPUInfo that both are taken from. */
  readonly gpuInfo?: string;
}

export interface PodOptions extends Needs {
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly schedulerName?: string;
  /** The pod is not tried before {@link openGate}. */
  readonly gated?: boolean;
  readonly requests?: Readonly<Record<string, string | number>>;
}

const gate = "example.com/test";

export function annotationsFor({ hours, gpu, gpuInfo }: Needs): Record<string, string> {
  return {
    ...(hours !== undefined && { [annotationKeys.desAccTime]: String(hours) }),
    ...(gpu !== undefined && { [annotationKeys.gpuRequired]: String(gpu) }),
    ...(gpuInfo !== undefined && { [annotationKeys.gpuInfo]: gpuInfo }),
  };
}

/** As the strictest namespaces want it. */
const securityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  runAsNonRoot: true,
  seccompProfile: { type: "RuntimeDefault" },
};

/** A pod with one container. One that needs a GPU asks for `nvidia.com/gpu: 1`, as real ones do. */
export function podManifest(name: string, options: PodOptions = {}) {
  const gpuLimit = options.gpu === true ? { "nvidia.com/gpu": 1 } : {};
  const limits = { ...gpuLimit };
  const requests = { ...options.requests, ...gpuLimit };
  const container = {
    name: "main",
    image: "registry.example.com/job",
    resources: { requests, limits },
    securityContext,
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, annotations: annotationsFor(options), labels: { ...options.labels } },
    spec: {
      containers: [container],
      terminationGracePeriodSeconds: 0,
      ...(options.schedulerName !== undefined && { schedulerName: options.schedulerName }),
      ...(options.gated === true && { schedulingGates: [{ name: gate }] }),
    },
  };
}

/** A Job that runs such a pod once. */
export function jobManifest(name: string, options: PodOptions = {}): object {
  const { metadata, spec } = podManifest(name, options);
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name },
    spec: {
      template: {
        metadata: { annotations: metadata.annotations },
        spec: { ...spec, restartPolicy: "Never" },
      },
    },
  };
}

function podsPath(namespace = "default"): string {
  return `/api/v1/namespaces/${namespace}/pods`;
}

export async function createPod(
  { controlPlane: { api } }: Cluster,
  name: string,
  options: PodOptions = {},
): Promise<PodObject> {
  return api.call<PodObject>("POST", podsPath(options.namespace), podManifest(name, options));
}

/** Resolves once an annotated pod could be created: a Service needs a moment to notice that a replica is back. */
export async function untilAdmitting({ controlPlane: { api } }: Cluster): Promise<void> {
  const attempt = api.call.bind(
    api,
    "POST",
    `${podsPath()}?dryRun=All`,
    podManifest("attempt", { hours: 1 }),
  );
  await until(
    async () => attempt().then(() => "admitted", String),
    (answer) => answer === "admitted",
    "annotated pods are admitted",
  );
}

export async function readPod(
  { controlPlane: { api } }: Cluster,
  name: string,
  namespace?: string,
): Promise<PodObject> {
  return api.call<PodObject>("GET", `${podsPath(namespace)}/${name}`);
}

export async function listPods(
  { controlPlane: { api } }: Cluster,
  labelSelector: string,
  namespace?: string,
): Promise<readonly PodObject[]> {
  const query = `?labelSelector=${encodeURIComponent(labelSelector)}`;
  const { items } = await api.call<{ items: PodObject[] }>("GET", podsPath(namespace) + query);
  return items;
}

/** Removes the pods of the namespace and waits until they are gone, so that their room is free again. */
export async function removePods({ controlPlane: { api } }: Cluster): Promise<void> {
  await api.call("DELETE", podsPath());
  await until(
    async () => (await api.call<{ items: unknown[] }>("GET", podsPath())).items,
    (items) => items.length === 0,
    "all pods are gone",
  );
}

/** The same with the Jobs, which would make their pods anew. */
export async function removeWork(cluster: Cluster): Promise<void> {
  const jobs = "/apis/batch/v1/namespaces/default/jobs?propagationPolicy=Background";
  await cluster.controlPlane.api.call("DELETE", jobs);
  await removePods(cluster);
}

/** Lets a pod that was made `gated` be scheduled. */
export async function openGate({ controlPlane: { api } }: Cluster, name: string): Promise<void> {
  await api.call("PATCH", `${podsPath()}/${name}`, { spec: { schedulingGates: [] } });
}

/** The node that the pod is bound to; an error with its conditions and events when that takes too long. */
export async function untilBound(
  cluster: Cluster,
  name: string,
  timeoutMs = 15_000,
): Promise<string> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const { spec, status } = await readPod(cluster, name);
    if (spec.nodeName !== undefined) return spec.nodeName;
    if (performance.now() > deadline) {
      const events = (await eventsOf(cluster, name)).map(
        ({ reason, note }) => `${reason}: ${note}`,
      );
      throw new Error(
        `pod ${name} is not bound after ${timeoutMs} ms: ${JSON.stringify(status?.conditions)}\n${events.join("\n")}`,
      );
    }
    await sleep(50);
  }
}

/** Creates a pod and gives the node that it is bound to. */
export async function place(
  cluster: Cluster,
  name: string,
  options: PodOptions = {},
): Promise<string> {
  await createPod(cluster, name, options);
  return untilBound(cluster, name, 15_000);
}

/** Resolves once kube-scheduler has tried the pod and found no node. */
export async function untilUnschedulable(
  cluster: Cluster,
  name: string,
  timeoutMs = 15_000,
): Promise<PodObject> {
  return until(
    async () => readPod(cluster, name),
    (pod) => ["Unschedulable", "SchedulerError"].includes(notScheduled(pod) ?? ""),
    `pod ${name} is tried and finds no node`,
    timeoutMs,
  );
}

/** Why the pod has no node, in kube-scheduler's word; undefined while it was not tried, or when it has one. */
export function notScheduled({ status }: PodObject): string | undefined {
  const condition = status?.conditions?.find(({ type }) => type === "PodScheduled");
  return condition?.status === "False" ? condition.reason : undefined;
}

export interface EventObject {
  readonly reason: string;
  readonly note: string;
  readonly type: string;
  readonly reportingController: string;
}

/** The events about an object of that name, as `kubectl describe` shows them. */
export async function eventsOf(
  { controlPlane: { api } }: Cluster,
  name: string,
  namespace = "default",
): Promise<readonly EventObject[]> {
  const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
  const query = `?fieldSelector=${encodeURIComponent(`regarding.name=${name}`)}`;
  const { items } = await api.call<{ items: EventObject[] }>("GET", path + query);
  return items;
}

/** Our event about the pod, once there is one with such a note. */
export async function untilEvent(
  cluster: Cluster,
  name: string,
  note: RegExp,
  timeoutMs = 15_000,
): Promise<EventObject> {
  const events = await until(
    async () => eventsOf(cluster, name),
    (found) => found.some((event) => note.test(event.note)),
    `pod ${name} has an event like ${String(note)}`,
    timeoutMs,
  );
  const event = events.find((candidate) => note.test(candidate.note));
  if (event === undefined) throw new Error("unreachable");
  return event;
}

/** Waits until the leader's labels on a node are as wanted. */
export async function untilLabelled(
  { controlPlane: { api } }: Cluster,
  node: string,
  wanted: (labels: Readonly<Record<string, string>>) => boolean,
  timeoutMs?: number,
): Promise<void> {
  await until(
    async () => {
      const { metadata } = await api.call<PodObject>("GET", `/api/v1/nodes/${node}`);
      return metadata.labels ?? {};
    },
    wanted,
    `node ${node} has the wanted labels`,
    timeoutMs,
  );
}

/** Resolves once every node carries our labels. */
export async function untilAllLabelled(cluster: Cluster, nodes: readonly string[]): Promise<void> {
  for (const node of nodes) {
    await untilLabelled(cluster, node, (labels) => labels[labelKeys.availableUntil] !== undefined);
  }
}

/** Asks until the answer is as wanted; the error shows the last one. */
export async function until<T>(
  ask: () => Promise<T>,
  wanted: (answer: T) => boolean,
  what: string,
  timeoutMs = 15_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (performance.now() > deadline) {
      throw new Error(
        `not so in ${timeoutMs} ms: ${what}; the last answer was ${JSON.stringify(answer)}`,
      );
    }
    await sleep(50);
  }
}
