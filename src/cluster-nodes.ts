/** Follows the Kubernetes nodes, and the ids that vSphere's storage driver knows them by. */

import type { Logger } from "pino";
import type { ReadinessCheck } from "./health.ts";
import type { KubeClient } from "./kube/client.ts";
import { readVsphereNodeId } from "./kube/csi-nodes.ts";
import { Informer } from "./kube/informer.ts";
import { listWatch } from "./kube/list-watch.ts";
import { type MarkedNode, readMarkedNode } from "./kube/nodes.ts";
import type { KubeObserver } from "./kube/observer.ts";
import { csiNodes, nodes } from "./kube/resource.ts";
import { NodeList } from "./node-list.ts";
import type { NodeIdentity } from "./selection/model.ts";

export interface ClusterNodesOptions {
  readonly kube: KubeClient;
  readonly log: Logger;
  readonly observer: KubeObserver;
  /** Called when something changed that selection goes by. */
  readonly onChange: () => void;
}

export class ClusterNodes {
  readonly informer: Informer<MarkedNode>;
  readonly #csiNodes: Informer<string>;
  readonly #list: NodeList;
  readonly #options: ClusterNodesOptions;
  readonly #enough = Promise.withResolvers<void>();
  /** Set once the CSINodes have been waited for long enough. */
  #goesWithoutCsiNodes = false;
  #patience: NodeJS.Timeout | undefined;

  constructor(options: ClusterNodesOptions) {
    const { kube, log, observer, onChange } = options;
    this.#options = options;
    this.informer = new Informer({
      name: "nodes",
      source: listWatch(kube, nodes),
      parse: readMarkedNode,
      log,
      observer,
    });
    this.#csiNodes = new Informer({
      name: "csinodes",
      source: listWatch(kube, csiNodes),
      parse: readVsphereNodeId,
      log,
      observer,
    });
    this.#list = new NodeList(
      () => this.informer.list().map(({ identity }) => identity),
      (node) => this.#csiNodes.get(node),
    );
    this.informer.onChange(({ object, previous, type }) => {
      const before = type === "update" ? previous?.identity : undefined;
      if (this.#list.changed(object.identity, before)) onChange();
    });
    this.#csiNodes.onChange((change) => {
      if (this.#list.csiNodeChanged(change)) onChange();
    });
  }

  /**
   * The same object as long as nothing changed that selection goes by; undefined until the nodes were listed once, and
   * the CSINodes or half a minute went by: their ids are but one of the things that a machine is known by.
   */
  get current(): readonly NodeIdentity[] | undefined {
    const isEnough = this.#csiNodes.synced || this.#goesWithoutCsiNodes;
    return this.informer.synced && isEnough ? this.#list.current : undefined;
  }

  get checks(): readonly ReadinessCheck[] {
    return [
      listed("nodes", this.informer),
      {
        ...listed("csinodes", this.#csiNodes),
        isTolerated: () => this.#csiNodes.synced || this.#goesWithoutCsiNodes,
      },
    ];
  }

  start(): void {
    for (const informer of this.#informers) informer.start();
    this.#patience ??= setTimeout(() => this.#goOn(), patienceMs);
  }

  /** Resolves when {@link current} has the nodes; never when stopped before. */
  async whenSynced(): Promise<void> {
    const listedOrNot = Promise.race([this.#csiNodes.whenSynced(), this.#enough.promise]);
    await Promise.all([this.informer.whenSynced(), listedOrNot]);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#patience);
    await Promise.all(this.#informers.map((informer) => informer.stop()));
  }

  /** Without what we may not list, or what does not come; it is taken in when it comes. */
  #goOn(): void {
    if (this.#csiNodes.synced) return;
    const { log, onChange } = this.#options;
    const { problem } = this.#csiNodes.state;
    log.warn({ resource: "csinodes", problem }, "not listed yet, going on without");
    this.#goesWithoutCsiNodes = true;
    this.#enough.resolve();
    onChange();
  }

  get #informers() {
    return [this.informer, this.#csiNodes] as const;
  }
}

const patienceMs = 30_000;
const defaultMaxSilenceMs = 15 * 60_000;

/**
 * A resource that has to be listed before we are of use. When it falls silent later, alone or with the API server, what
 * is known of it goes on to count: that is shown.
 *
 * @param maxSilenceMs the API server sends something for every resource every one to two minutes
 */
export function listed(
  name: string,
  informer: Pick<Informer<unknown>, "synced" | "state">,
  maxSilenceMs: number = defaultMaxSilenceMs,
): ReadinessCheck {
  return {
    name,
    problem() {
      const { silentMs = 0, problem } = informer.state;
      if (!informer.synced) return problem ?? "not listed yet";
      if (silentMs <= maxSilenceMs) return undefined;
      return `not heard of for ${Math.floor(silentMs / 60_000)} minutes: ${problem ?? "no watch"}`;
    },
    isTolerated: () => informer.synced,
  };
}
