/** Gives every node a small number, by which rankings keep what they know of it. */

import { asciiJson, item } from "./ascii-json.ts";
import { NameIndex } from "./name-index.ts";
import type { NodeNames } from "./node-names.ts";

/** The names of one call, each once. */
export interface Asked {
  /** Numbers of the nodes in the table, in the order asked. */
  readonly numbers: readonly number[];
  /** Names that are not in the table, in the order asked. */
  readonly strangers: ReadonlySet<string>;
}

export class NodeTable {
  readonly #numbers = new Map<string, number>();
  readonly #index = new NameIndex();
  /** The call in which a node was asked about last: marking costs less than a set for every call. */
  readonly #askedIn: number[] = [];
  #call = 0;
  readonly #items: string[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** The name as JSON, with a comma before it. */
  item(number: number): string {
    return this.#items[number] ?? "";
  }

  /** The name as JSON. */
  json(number: number): string {
    return this.item(number).slice(1);
  }

  /** The number of that node, which gets one if it has none. */
  add(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.#items.push(item(asciiJson(name))) - 1;
    this.#numbers.set(name, number);
    this.#index.add(name);
    this.#askedIn.push(0);
    return number;
  }

  ask(names: NodeNames): Asked {
    this.#call += 1;
    const numbers: number[] = [];
    const strangers = new Set<string>();
    for (let index = 0; index < names.count; index++) {
      const number = this.#find(names, index);
      if (number === undefined) strangers.add(names.name(index));
      else if (this.#askedIn[number] !== this.#call) {
        this.#askedIn[number] = this.#call;
        numbers.push(number);
      }
    }
    return { numbers, strangers };
  }

  /** The number of that node, if the last `ask` was about it. */
  asked(name: string): number | undefined {
    const number = this.#numbers.get(name);
    return number !== undefined && this.#askedIn[number] === this.#call ? number : undefined;
  }

  #find(names: NodeNames, index: number): number | undefined {
    const number = this.#index.find(names.bytes, names.startOf(index), names.endOf(index));
    // The index does not have names that would be odd in JSON; no cluster has such nodes.
    return number === -1 ? this.#numbers.get(names.name(index)) : number;
  }
}
