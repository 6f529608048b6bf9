/** Composes what places pods: webhook, extender, node labels, and the events of pods that wait. */

import type { Server } from "node:http";
import type { Logger } from "pino";
import { GpuInfo, type GpuInfoSpec } from "./api/gpuinfo.ts";
import { listed } from "./cluster-nodes.ts";
import type { Config, PlacementMode } from "./config.ts";
import { extenderApp } from "./extender/app.ts";
import type { ReadinessCheck } from "./health.ts";
import type { KubeClient } from "./kube/client.ts";
import { isKubeError } from "./kube/errors.ts";
import type { EventRecorder } from "./kube/events.ts";
import type { Informer } from "./kube/informer.ts";
import { patchNodeMarks } from "./kube/node-marks.ts";
import type { MarkedNode } from "./kube/nodes.ts";
import type { KubeObserver } from "./kube/observer.ts";
import { gpuInfos as gpuInfoResource, pathOf } from "./kube/resource.ts";
import type { WorkQueueOptions } from "./kube/work-queue.ts";
import type { ManagedPods } from "./managed-pods.ts";
import type { PlacementMetrics } from "./metrics/placement.ts";
import { PromiseWatch } from "./promise-watch.ts";
import { NodeLabeller } from "./reconciler/node-labeller.ts";
import { Nudger } from "./reconciler/nudger.ts";
import { PendingPods } from "./reconciler/pending-pods.ts";
import type { Selector } from "./selection/select.ts";
import { close } from "./serve.ts";
import { soon } from "./soon.ts";
import { Certificates } from "./tls/certificates.ts";
import { listenTls } from "./tls/listen.ts";
import { webhookApp } from "./webhook/app.ts";

export interface PlacementOptions {
  readonly config: Config;
  readonly mode: Exclude<PlacementMode, "off">;
  readonly log: Logger;
  readonly kube: KubeClient;
  readonly observer: KubeObserver;
  readonly metrics: PlacementMetrics;
  readonly nodes: Informer<MarkedNode>;
  readonly gpuInfos: Informer<GpuInfo>;
  readonly pods: ManagedPods;
  readonly events: EventRecorder;
  readonly selector: Selector;
  /** Puts a node on our queue, if this replica leads. */
  readonly enqueue: (node: string, options: { readonly urgent: boolean }) => void;
  readonly isLeading: () => boolean;
  /** False during the first moments, when having no inventory yet is no news. */
  readonly isSettled: () => boolean;
}

const labelWriters = 8;
/** A node that flaps, or hosts that are renamed, must not fill the API server's time; what opens or closes a node goes first. */
const otherLabelsPerSecond = 50;
/** Pods come in bursts: this long after the first change, all are looked at together. */
const gatherPodsMs = 250;

export class Placement {
  /** Its name is what {@link PlacementOptions.enqueue} adds to. */
  static readonly queueName = "node-labels";
  readonly #options: PlacementOptions;
  readonly #labeller: NodeLabeller;
  readonly #pending: PendingPods;
  readonly #nudger: Nudger;
  /** Absent where WATCH_PROMISES is off. */
  readonly #promises: PromiseWatch | undefined;
  readonly #certificates: Certificates;
  readonly #pendingSoon;
  #servers: readonly Server[] = [];

  constructor(options: PlacementOptions) {
    this.#options = options;
    const { config, log, kube, metrics, nodes, gpuInfos, pods, selector } = options;
    this.#labeller = new NodeLabeller({
      bindings: selector.bindings,
      getMarks: (node) => nodes.get(node)?.marks,
      listNodes: () => nodes.list().map(({ identity }) => identity.name),
      enqueue: options.enqueue,
      write: (node, patch, signal) => patchNodeMarks(kube, node, patch, signal),
      now: () => new Date(),
      policy: config,
      hardMaxAgeMs: config.hardMaxAgeMs,
    });
    this.#nudger = new Nudger({
      write: (node, patch) => patchNodeMarks(kube, node, patch),
      isLeading: options.isLeading,
      now: () => new Date(),
      log,
    });
    this.#pending = new PendingPods({
      listPods: () => pods.informer.list(),
      selectNodes: selector.selectNodes,
      specOf: (namespace, name) => this.#knownSpec(namespace, name),
      recordEvent: ({ namespace, name, uid }, { reason, note }) => {
        options.events.record({
          regarding: { apiVersion: "v1", kind: "Pod", namespace, name, uid },
          type: "Warning",
          reason,
          action: "SelectNode",
          note,
        });
      },
      onWaits: (waits) => this.#nudger.look(waits),
      isSettled: options.isSettled,
      now: () => new Date(),
    });
    this.#promises = config.watchPromises ? this.#watchPromises() : undefined;
    this.#certificates = new Certificates({
      dir: config.placement.tlsDir,
      log,
      observer: metrics.tls,
    });
    this.#pendingSoon = soon(
      gatherPodsMs,
      async () => {
        if (options.isLeading()) await this.#pending.sweep();
      },
      (err) => log.error({ err }, "waiting pods not looked at, the next look comes soon"),
    );
    pods.informer.onChange(() => this.#pendingSoon.call());
    gpuInfos.onChange(({ object, previous }) => {
      if (object.metadata.generation !== previous?.metadata.generation) this.#pendingSoon.call();
    });
    nodes.onChange(({ object, type }) => {
      if (type === "update" && options.isLeading()) this.#labeller.check(object.identity.name);
    });
    metrics.watchExpiry(() => this.#certificates.current()?.expiresAt);
  }

  /** For the process that leads. */
  get queue(): Omit<WorkQueueOptions, "log"> {
    return {
      name: Placement.queueName,
      workers: labelWriters,
      normalPerSecond: otherLabelsPerSecond,
      process: (node, signal) => this.#labeller.reconcile(node, signal),
      observer: this.#options.observer,
    };
  }

  get checks(): readonly ReadinessCheck[] {
    const { informer } = this.#options.pods;
    return [
      listed("pods", informer, Number.POSITIVE_INFINITY),
      { name: "certificate", problem: () => this.#certificates.problem() },
    ];
  }

  /** Opens the listeners and begins to follow the pods. @throws Error naming an address that cannot be had */
  async start(): Promise<void> {
    await this.#certificates.start();
    this.#servers = await this.#listen();
    this.#promises?.start();
    this.#options.pods.informer.start();
  }

  /** Looks at every node, and every pod that runs or waits; for the process that leads. */
  async sweep(): Promise<void> {
    await this.#labeller.sweep();
    await this.#promises?.sweep();
    await this.#pending.sweep();
  }

  async stop(): Promise<void> {
    this.#pendingSoon.stop();
    this.#nudger.stop();
    const { informer } = this.#options.pods;
    await Promise.all([...this.#servers.map(close), this.#promises?.stop(), informer.stop()]);
    this.#certificates.stop();
  }

  #watchPromises(): PromiseWatch {
    const { pods, selector, metrics, ...others } = this.#options;
    return new PromiseWatch({
      ...others,
      metrics: metrics.promises,
      pods: pods.informer,
      bindings: selector.bindings,
      specOf: (namespace, name) => this.#knownSpec(namespace, name),
    });
  }

  async #listen(): Promise<readonly Server[]> {
    const { config, mode, log, metrics } = this.#options;
    const { webhookAddress, extenderAddress, extenderClientNames } = config.placement;
    const tls = { certificates: this.#certificates, log, observer: metrics.tls };
    const webhook = await listenTls(this.#webhook(), webhookAddress, { ...tls, name: "webhook" });
    if (mode === "affinity") return [webhook];
    const extender = await listenTls(this.#extender(), extenderAddress, {
      ...tls,
      name: "extender",
      clientNames: extenderClientNames,
    });
    return [webhook, extender];
  }

  #webhook() {
    const { config, mode, log, metrics, selector, pods } = this.#options;
    return webhookApp({
      mode,
      schedulerName: config.placement.schedulerName,
      extenderSchedulers: config.placement.extenderSchedulers,
      gpuPolicy: config.gpuPolicy,
      selectNodes: selector.selectNodes,
      getGpuInfoSpec: (namespace, name) => this.#specOf(namespace, name),
      admissions: pods.admissions,
      now: () => new Date(),
      log,
      observer: metrics.webhook,
    });
  }

  #extender() {
    const { config, log, metrics, selector } = this.#options;
    return extenderApp({
      selectNodes: selector.selectNodes,
      getGpuInfoSpec: (namespace, name) => this.#knownSpec(namespace, name),
      softMaxAgeMs: config.softMaxAgeMs,
      now: () => new Date(),
      log,
      observer: metrics.extender,
    });
  }

  #knownSpec(namespace: string, name: string): GpuInfoSpec | undefined {
    return this.#options.gpuInfos.get(`${namespace}/${name}`)?.spec;
  }

  /** A GPUInfo that was applied a moment before the job may not have been heard of yet: then it is read. */
  async #specOf(namespace: string, name: string): Promise<GpuInfoSpec | undefined> {
    const known = this.#knownSpec(namespace, name);
    if (known !== undefined) return known;
    try {
      const path = pathOf(gpuInfoResource, { namespace, name });
      const found = await this.#options.kube.request({ method: "GET", path, timeoutMs: 1_000 });
      return GpuInfo.parse(found).spec;
    } catch (error) {
      if (isKubeError(error, "notFound")) return undefined;
      throw error;
    }
  }
}
