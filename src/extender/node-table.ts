/** Gives every node name a small number, and keeps its JSON. */

/** The names of one call, each once. */
export interface Asked {
  /** Numbers of the nodes in the table, in the order asked. */
  readonly numbers: readonly number[];
  /** Names that are not in the table, in the order asked. */
  readonly strangers: ReadonlySet<string>;
}

export class NodeTable {
  readonly #numbers = new Map<string, number>();
  /** The call in which a node was last asked about: marking costs less than a set per call. */
  readonly #askedIn: number[] = [];
  #call = 0;
  /** Every name as a JSON string, by number. */
  readonly json: string[] = [];

  get size(): number {
    return this.json.length;
  }

  /** The number of a name, which gets one if it has none. */
  add(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.json.push(JSON.stringify(name)) - 1;
    this.#numbers.set(name, number);
    this.#askedIn.push(0);
    return number;
  }

  ask(names: readonly string[]): Asked {
    this.#call += 1;
    const numbers: number[] = [];
    const strangers = new Set<string>();
    for (const name of names) {
      const number = this.#numbers.get(name);
      if (number === undefined) strangers.add(name);
      else if (this.#askedIn[number] !== this.#call) {
        this.#askedIn[number] = this.#call;
        numbers.push(number);
      }
    }
    return { numbers, strangers };
  }

  /** The number of a node if the last `ask` named it. */
  asked(name: string): number | undefined {
    const number = this.#numbers.get(name);
    return number !== undefined && this.#askedIn[number] === this.#call ? number : undefined;
  }
}
