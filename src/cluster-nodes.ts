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

  constructor({ kube, log, observer, onChange }: ClusterNodesOptions) {
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

  /** The same object as long as nothing changed that selection goes by; undefined until all were listed once. */
  get current(): readonly NodeIdentity[] | undefined {
    return this.#informers.every(({ synced }) => synced) ? this.#list.current : undefined;
  }

  get checks(): readonly ReadinessCheck[] {
    return [listed("nodes", this.informer), listed("csinodes", this.#csiNodes)];
  }

  start(): void {
    for (const informer of this.#informers) informer.start();
  }

  /** Resolves when all were listed once; never when stopped before. */
  async whenSynced(): Promise<void> {
    await Promise.all(this.#informers.map((informer) => informer.whenSynced()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#informers.map((informer) => informer.stop()));
  }

  get #informers() {
    return [this.informer, this.#csiNodes] as const;
  }
}

/** A resource that has to be listed before we are of use. */
export function listed(
  name: string,
  informer: Pick<Informer<unknown>, "synced" | "state">,
): ReadinessCheck {
  return {
    name,
    problem: () => (informer.synced ? undefined : (informer.state.problem ?? "not listed yet")),
  };
}
