/** Composes the look at nodes for what an administrator should know: nodes and bindings in, events and gauges out. */

import type { Registry } from "prom-client";
import type { Config } from "./config.ts";
import type { EventRecorder } from "./kube/events.ts";
import type { Informer } from "./kube/informer.ts";
import type { MarkedNode } from "./kube/nodes.ts";
import { watchFindings } from "./metrics/nodes.ts";
import { type FoundNode, NodeFindings } from "./reconciler/node-findings.ts";
import type { Bindings } from "./selection/select.ts";

export interface NodeWatchOptions {
  readonly config: Pick<Config, "hardMaxAgeMs" | "simulateAccelerators">;
  readonly registry: Registry;
  readonly nodes: Pick<Informer<MarkedNode>, "list">;
  readonly events: Pick<EventRecorder, "record">;
  readonly bindings: () => Bindings | undefined;
  readonly isLeading: () => boolean;
}

export class NodeWatch {
  readonly #findings: NodeFindings;

  constructor({ config, registry, nodes, events, bindings, isLeading }: NodeWatchOptions) {
    this.#findings = new NodeFindings({
      listNodes: () => nodes.list().map(foundNode),
      bindings,
      recordEvent: ({ name, uid }, { reason, note }) => {
        const regarding = { apiVersion: "v1", kind: "Node", name, uid };
        events.record({ regarding, type: "Warning", reason, action: "ReadInventory", note });
      },
      now: () => new Date(),
      hardMaxAgeMs: config.hardMaxAgeMs,
      simulate: config.simulateAccelerators,
    });
    watchFindings(registry, () => (isLeading() ? this.#findings.counts : undefined));
  }

  /** Looks at every node; for the process that leads. */
  async sweep(): Promise<void> {
    await this.#findings.sweep();
  }
}

function foundNode({ identity, uid, labels, gpuGuest }: MarkedNode): FoundNode {
  const { name, ready } = identity;
  return { name, uid, ready, labels, allocatable: gpuGuest.allocatable };
}
