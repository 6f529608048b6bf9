/** Keeps the nodes as one list that stays the same object until a node that matters to selection changes. */

import type { NodeIdentity } from "./selection/model.ts";

export class NodeList {
  readonly #read: () => readonly NodeIdentity[];
  #nodes: readonly NodeIdentity[] | undefined;

  constructor(read: () => readonly NodeIdentity[]) {
    this.#read = read;
  }

  get current(): readonly NodeIdentity[] {
    this.#nodes ??= this.#read();
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
}
