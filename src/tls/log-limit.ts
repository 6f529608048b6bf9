/** Keeps a peer that fails again and again from filling the log. */

/** Lets one line per key through in `everyMs`, and counts the rest. Keys must come from a small set. */
export class LogLimit {
  readonly #everyMs: number;
  readonly #lines = new Map<string, { atMs: number; held: number }>();

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** @returns how many lines with this key were held back since the last one, or undefined to hold this one back too */
  pass(key: string, nowMs: number): number | undefined {
    const last = this.#lines.get(key);
    if (last !== undefined && nowMs - last.atMs < this.#everyMs) {
      last.held += 1;
      return undefined;
    }
    this.#lines.set(key, { atMs: nowMs, held: 0 });
    return last?.held ?? 0;
  }
}
