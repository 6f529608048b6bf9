/** Keeps the nodes as one list that stays the same object until a node that matters to selection changes. */

import type { Change } from "./kube/store.ts";
import type { NodeIdentity } from "./selection/model.ts";

export class NodeList {
  readonly #read: () => readonly NodeIdentity[];
  readonly #csiNodeIdOf: (node: string) => string | undefined;
  #nodes: readonly NodeIdentity[] | undefined;
  /** A node and its id are joined once: what did not change stays the same object. */
  readonly #joined = new WeakMap<NodeIdentity, NodeIdentity>();

  /** @param csiNodeIdOf a node's id for vSphere's storage driver: empty or undefined where it has none */
  constructor(
    read: () => readonly NodeIdentity[],
    csiNodeIdOf: (node: string) => string | undefined = () => undefined,
  ) {
    this.#read = read;
    this.#csiNodeIdOf = csiNodeIdOf;
  }

  get current(): readonly NodeIdentity[] {
    this.#nodes ??= this.#read().map((node) => this.#join(node));
    return this.#nodes;
  }

  /**
   * Kubelets update their nodes all the time; most updates change nothing that we read.
   * @returns whether this one does
   */
  changed(now: NodeIdentity, before: NodeIdentity | undefined): boolean {
    if (before !== undefined && JSON.stringify(now) === JSON.stringify(before)) return false;
    this.#nodes = undefined;
    return true;
  }

  /**
   * Every node has a CSINode, and where vSphere's driver does not run, none of them tells anything.
   * @returns whether this change does
   */
  csiNodeChanged({ type, object, previous = "" }: Omit<Change<string>, "key">): boolean {
    const [now, before] = type === "delete" ? ["", object] : [object, previous];
    if (now === before) return false;
    this.#nodes = undefined;
    return true;
  }

  #join(node: NodeIdentity): NodeIdentity {
    const csiNodeId = this.#csiNodeIdOf(node.name) ?? "";
    if (csiNodeId === node.csiNodeId) return node;
    const known = this.#joined.get(node);
    if (known?.csiNodeId === csiNodeId) return known;
    const joined = { ...node, csiNodeId };
    this.#joined.set(node, joined);
    return joined;
  }
}
