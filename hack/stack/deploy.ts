/** Applies what users apply, and makes of it what a machine without nodes can run. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiClient } from "./cluster/api-client.ts";
import type { ControlPlane } from "./control-plane.ts";
import { reachLocally } from "./placement/reach-webhook.ts";
import {
  customResourcePaths,
  findWorkload,
  hasWorkload,
  type Manifest,
  parseManifests,
  type Workload,
  withoutReplicas,
} from "./pod/manifest.ts";
import { onlyVcenter, type Simulator, type Simulators } from "./simulator.ts";

/** The Deployments that were applied, to be run on this machine. */
export interface Deployed {
  readonly gpuinfo: Workload;
  /** Our own scheduler, where the mode has one. */
  readonly scheduler?: Workload;
}

export interface DeployOptions {
  /** Folder of the overlay. */
  readonly overlay: string;
  /** Where the webhook is reached, where there is one. */
  readonly webhookPort: number;
}

const servedTimeoutMs = 20_000;
const injectedTimeoutMs = 30_000;
const webhookService = "gpuinfo-webhook";
const schedulerName = "gpuinfo-scheduler";

/** Resolves once the API server serves GPUInfos. Only the pods are left out, since no kubelet is there to run them. */
export async function deploy(
  { kubectl, api }: ControlPlane,
  simulators: Simulators,
  { overlay, webhookPort }: DeployOptions,
): Promise<Deployed> {
  const manifests = parseManifests(await kubectl(["kustomize", overlay]));
  const gpuinfo = findWorkload(manifests, "gpuinfo");
  const items = reachLocally(withoutReplicas(manifests), webhookService, webhookPort);
  await applyAll(kubectl, items);
  await Promise.all(
    Object.entries(simulators).map(async ([vcenter, simulator]) =>
      createSecret(api, gpuinfo.namespace, vcenter, simulator),
    ),
  );
  await Promise.all(customResourcePaths(manifests).map(async (place) => untilServed(api, place)));
  const hasScheduler = hasWorkload(manifests, schedulerName);
  return { gpuinfo, ...(hasScheduler && { scheduler: findWorkload(manifests, schedulerName) }) };
}

async function applyAll(
  kubectl: ControlPlane["kubectl"],
  items: readonly Manifest[],
): Promise<void> {
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  await kubectl(["apply", "-f", "-"], { input });
}

async function createSecret(
  api: ApiClient,
  namespace: string,
  vcenter: string,
  simulator: Simulator,
): Promise<void> {
  await api.call("POST", `/api/v1/namespaces/${namespace}/secrets`, {
    metadata: { name: vcenter === onlyVcenter ? "vc-creds" : `vc-creds-${vcenter}` },
    stringData: {
      GOVMOMI_URL: simulator.url,
      GOVMOMI_USERNAME: simulator.username,
      GOVMOMI_PASSWORD: simulator.password,
      "ca.crt": simulator.caPem,
    },
  });
}

/** An established resource is still answered with 429 while its storage is made ready. */
async function untilServed(api: ApiClient, place: string): Promise<void> {
  const deadline = Date.now() + servedTimeoutMs;
  while (!(await api.isOk(place))) {
    if (Date.now() > deadline) {
      throw new Error(`the API server does not serve ${place} after ${servedTimeoutMs / 1_000} s`);
    }
    await sleep(50);
  }
}

interface WebhookConfiguration {
  readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
}

/** Resolves once cert-manager has told the API server whom to trust as our webhook. */
export async function untilWebhookIsTrusted(api: ApiClient): Promise<void> {
  const place = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/gpuinfo";
  const deadline = Date.now() + injectedTimeoutMs;
  for (;;) {
    const { webhooks } = await api.call<WebhookConfiguration>("GET", place);
    if (webhooks.every(({ clientConfig }) => clientConfig.caBundle !== undefined)) {
      return;
    }
    if (Date.now() > deadline) {
      const seconds = injectedTimeoutMs / 1_000;
      throw new Error(
        `cert-manager has put no CA into the webhook's configuration after ${seconds} s; see cert-manager.log`,
      );
    }
    await sleep(100);
  }
}
