/** How long to wait after failures in a row: doubling, with jitter, up to a cap. */

export interface BackoffOptions {
  readonly baseMs: number;
  readonly capMs: number;
  /** 0 ≤ x < 1; `Math.random` when absent. */
  readonly random?: () => number;
}

export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** How many waits were asked for since the last reset. */
  get failures(): number {
    return this.#failures;
  }

  /** @returns the next wait: between once and twice `base · 2ⁿ`, never more than the cap. */
  nextMs(): number {
    const { baseMs, capMs, random = Math.random } = this.#options;
    const plainMs = baseMs * 2 ** Math.min(this.#failures++, 30);
    return Math.min(plainMs * (1 + random()), capMs);
  }

  reset(): void {
    this.#failures = 0;
  }
}
