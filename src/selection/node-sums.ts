/** Adds up, by node, the CPU that single pods are expected to use. */

import type { NodeLoad } from "./model.ts";

export class NodeSums {
  readonly #sums = new Map<string, { loads: number; milliCpu: number }>();
  #current: ReadonlyMap<string, number> = new Map();
  #isDirty = false;

  add({ node, milliCpu }: NodeLoad): void {
    this.#count(node, 1, milliCpu);
  }

  /** Takes back what was added. */
  remove({ node, milliCpu }: NodeLoad): void {
    this.#count(node, -1, -milliCpu);
  }

  /** Thousandths of a core by node name; the same object as long as no sum changed. */
  current(): ReadonlyMap<string, number> {
    if (!this.#isDirty) return this.#current;
    this.#isDirty = false;
    const sums = new Map([...this.#sums].map(([node, { milliCpu }]) => [node, milliCpu]));
    if (!haveSameEntries(sums, this.#current)) this.#current = sums;
    return this.#current;
  }

  #count(node: string, loads: number, milliCpu: number): void {
    const before = this.#sums.get(node) ?? { loads: 0, milliCpu: 0 };
    const sum = { loads: before.loads + loads, milliCpu: before.milliCpu + milliCpu };
    if (sum.loads === 0) this.#sums.delete(node);
    else this.#sums.set(node, sum);
    this.#isDirty = true;
  }
}

function haveSameEntries(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}
