/** Knows which nodes each of several label selectors selects, and follows both as they change. */

import { type LabelSelector, selects } from "../api/label-selector.ts";
import type { Texts } from "../api/node-marks.ts";

interface Selected {
  readonly selector: LabelSelector;
  readonly nodes: Set<string>;
}

const none: ReadonlySet<string> = new Set();

export class SelectorIndex {
  readonly #labels = new Map<string, Texts>();
  readonly #selected = new Map<string, Selected>();

  /** Names of the nodes that the selector of that name selects; none where there is no such selector. */
  nodesOf(name: string): ReadonlySet<string> {
    return this.#selected.get(name)?.nodes ?? none;
  }

  setSelector(name: string, selector: LabelSelector): void {
    const nodes = new Set<string>();
    for (const [node, labels] of this.#labels) if (selects(selector, labels)) nodes.add(node);
    this.#selected.set(name, { selector, nodes });
  }

  deleteSelector(name: string): void {
    this.#selected.delete(name);
  }

  /** @returns whether a selector selects other nodes now than before */
  setNode(node: string, labels: Texts): boolean {
    const before = this.#labels.get(node);
    this.#labels.set(node, labels);
    if (before !== undefined && sameTexts(before, labels)) return false;
    let changed = false;
    for (const { selector, nodes } of this.#selected.values()) {
      const isSelected = selects(selector, labels);
      if (isSelected === nodes.has(node)) continue;
      if (isSelected) nodes.add(node);
      else nodes.delete(node);
      changed = true;
    }
    return changed;
  }

  /** @returns whether a selector selected it */
  deleteNode(node: string): boolean {
    this.#labels.delete(node);
    let changed = false;
    for (const { nodes } of this.#selected.values()) changed = nodes.delete(node) || changed;
    return changed;
  }
}

/** Kubelets update their nodes all the time, their labels hardly ever. */
function sameTexts(a: Texts, b: Texts): boolean {
  if (a === b) return true;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
