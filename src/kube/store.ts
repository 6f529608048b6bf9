/** Holds the parsed objects of one resource and says what changed. */

import { setImmediate as letOthersRun } from "node:timers/promises";

/** An object with the version that it was parsed from. */
export interface Entry<T> {
  readonly resourceVersion: string;
  readonly object: T;
}

export interface Change<T> {
  readonly type: "add" | "update" | "delete";
  readonly key: string;
  /** As it is now; for a delete, as it was last seen. */
  readonly object: T;
  /** As it was before; for an update only. */
  readonly previous?: T;
}

/** How many objects are compared before other work gets its turn. */
const sliceSize = 500;

export class Store<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #onChange: (change: Change<T>) => void;

  constructor(onChange: (change: Change<T>) => void) {
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): T | undefined {
    return this.#entries.get(key)?.object;
  }

  versionOf(key: string): string | undefined {
    return this.#entries.get(key)?.resourceVersion;
  }

  list(): T[] {
    return Array.from(this.#entries.values(), (entry) => entry.object);
  }

  /** Adds or replaces an object; the same version again is no change. */
  set(key: string, entry: Entry<T>): void {
    const previous = this.#entries.get(key);
    if (previous?.resourceVersion === entry.resourceVersion) return;
    this.#entries.set(key, entry);
    if (previous === undefined) this.#onChange({ type: "add", key, object: entry.object });
    else this.#onChange({ type: "update", key, object: entry.object, previous: previous.object });
  }

  delete(key: string): void {
    const previous = this.#entries.get(key);
    if (previous === undefined) return;
    this.#entries.delete(key);
    this.#onChange({ type: "delete", key, object: previous.object });
  }

  /** Makes the store hold exactly `entries`; what is not among them was deleted unseen. */
  async replace(entries: ReadonlyMap<string, Entry<T>>): Promise<void> {
    for (const slice of slicesOf(this.#entries.keys())) {
      for (const key of slice) if (!entries.has(key)) this.delete(key);
      await letOthersRun();
    }
    for (const slice of slicesOf(entries)) {
      for (const [key, entry] of slice) this.set(key, entry);
      await letOthersRun();
    }
  }
}

function* slicesOf<I>(items: Iterable<I>): Generator<I[]> {
  const all = Array.from(items);
  for (let from = 0; from < all.length; from += sliceSize) yield all.slice(from, from + sliceSize);
}
