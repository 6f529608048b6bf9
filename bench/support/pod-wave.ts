/** Makes many pods, tells how quickly they are bound, and takes them away again. */

import { pino } from "pino";
import type { ApiClient } from "../../hack/stack/cluster/api-client.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { Informer } from "../../src/kube/informer.ts";
import { listWatch } from "../../src/kube/list-watch.ts";
import { pods as podResource } from "../../src/kube/resource.ts";
import { until } from "./until.ts";

const namespace = "default";
const podsPath = `/api/v1/namespaces/${namespace}/pods`;
const creators = 8;

interface SeenPod {
  readonly node: string;
}

/** The little that is looked at, read cheaply: it runs on the same cores as what is measured. */
function readSeen(object: unknown): SeenPod {
  const has = typeof object === "object" && object !== null && "spec" in object;
  const { nodeName = "" }: { nodeName?: string } = has ? Object(object.spec) : {};
  return { node: nodeName };
}

/** What became of one wave. */
export interface Wave {
  /** Without the warm-up: those bound first. */
  readonly podsPerSecond: number;
  /** Where each pod is. */
  readonly nodes: readonly string[];
}

export class PodWaves {
  readonly #api: ApiClient;
  readonly #client: KubeClient;
  readonly #informer: Informer<SeenPod>;
  /** By performance.now(), in the order in which the watch showed them. */
  #boundAt: number[] = [];

  private constructor(api: ApiClient, kubeconfig: string) {
    this.#api = api;
    this.#client = new KubeClient({ kubeconfig });
    this.#informer = new Informer({
      name: "pods",
      source: listWatch(this.#client, podResource, { namespace }),
      parse: readSeen,
      log: pino({ level: "silent" }),
    });
    this.#informer.onChange(({ object, previous, type }) => {
      const isNewlyBound = object.node !== "" && (previous?.node ?? "") === "";
      if (type !== "delete" && isNewlyBound) this.#boundAt.push(performance.now());
    });
  }

  static async start(api: ApiClient, kubeconfig: string): Promise<PodWaves> {
    const waves = new PodWaves(api, kubeconfig);
    waves.#informer.start();
    await waves.#informer.whenSynced();
    return waves;
  }

  /** Resolves once all are there; nobody may be scheduling. */
  async create(count: number, pod: (index: number) => object): Promise<void> {
    this.#boundAt = [];
    const indices = Array.from({ length: count }, (_, index) => index).values();
    await Promise.all(
      Array.from({ length: creators }, async () => {
        for (const index of indices) await this.#api.call("POST", podsPath, pod(index));
      }),
    );
  }

  /** Resolves once all `count` pods are bound. The first `warmUp` of them do not count. */
  async bound(count: number, warmUp: number): Promise<Wave> {
    await until(
      () => this.#boundAt.length >= count,
      () => `${this.#boundAt.length} of ${count} pods are bound`,
    );
    const from = this.#boundAt[warmUp - 1] ?? Number.NaN;
    const to = this.#boundAt.at(-1) ?? Number.NaN;
    return {
      podsPerSecond: ((count - warmUp) * 1_000) / (to - from),
      nodes: this.#informer.list().map(({ node }) => node),
    };
  }

  async removeAll(): Promise<void> {
    await this.#api.call("DELETE", `${podsPath}?gracePeriodSeconds=0`);
    await until(
      () => this.#informer.state.objects === 0,
      () => `${this.#informer.state.objects} pods are still there`,
    );
  }

  /** What the API server would make of a pod: as the webhook, if it is there, leaves it. */
  async dryRun(pod: object): Promise<{ readonly spec: { readonly affinity?: unknown } }> {
    return this.#api.call("POST", `${podsPath}?dryRun=All`, pod);
  }

  async close(): Promise<void> {
    await this.#informer.stop();
    await this.#client.close();
  }
}

export interface WavePod {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly schedulerName: string;
}

export function aPod(index: number, { labels, annotations, schedulerName }: WavePod): object {
  const resources = { requests: { cpu: "100m" } };
  return {
    metadata: { name: `train-${index}`, namespace, labels, annotations },
    spec: {
      schedulerName,
      containers: [{ name: "train", image: "registry.example.com/train:1", resources }],
    },
  };
}
