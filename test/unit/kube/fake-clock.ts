/** A clock whose time passes only when told to. */

import { setImmediate as settle } from "node:timers/promises";
import type { Clock } from "../../../src/kube/clock.ts";

interface Sleeper {
  readonly wakesAtMs: number;
  readonly wake: () => void;
}

export class FakeClock {
  #nowMs = 0;
  readonly #sleepers = new Set<Sleeper>();

  /** This clock as a machine sees it whose time of day is wrong by `skewMs`. */
  seenWithSkew(skewMs: number): Clock {
    return {
      monotonicMs: () => this.#nowMs,
      now: () => new Date(Date.UTC(2026, 10, 22) + skewMs + this.#nowMs),
      sleep: async (ms, signal) => this.#sleep(ms, signal),
    };
  }

  /** Lets time pass unnoticed, as it does for a process that was suspended. */
  skip(ms: number): void {
    this.#nowMs += ms;
  }

  /** Lets time pass, waking sleepers in order and letting them do what they do next. */
  async advance(ms: number, afterEachStep: () => void = () => {}): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await settle();
      afterEachStep();
      const next = this.#earliest();
      if (next === undefined || next.wakesAtMs > endMs) break;
      this.#nowMs = Math.max(this.#nowMs, next.wakesAtMs);
      this.#sleepers.delete(next);
      next.wake();
    }
    this.#nowMs = endMs;
    afterEachStep();
  }

  #earliest(): Sleeper | undefined {
    return Array.from(this.#sleepers).toSorted((a, b) => a.wakesAtMs - b.wakesAtMs)[0];
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper = { wakesAtMs: this.#nowMs + ms, wake: resolve };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers.delete(sleeper);
        resolve();
      });
    });
  }
}
