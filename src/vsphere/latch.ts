/** Wakes one loop, now or at its next turn, however often it is asked to. */
import { promises as timers } from "node:timers";

/** Raised any number of times, taken once. */
export class Latch {
  #raised = false;
  #wake: () => void = () => undefined;

  raise(): void {
    this.#raised = true;
    this.#wake();
  }

  /** Resolves when raised or after `timeoutMs`; lowers it again. @throws the signal's reason. */
  async take(signal: AbortSignal, timeoutMs?: number): Promise<void> {
    signal.throwIfAborted();
    const done = new AbortController();
    try {
      const raised = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      if (!this.#raised)
        await Promise.race([raised, pause(timeoutMs, AbortSignal.any([signal, done.signal]))]);
      signal.throwIfAborted();
    } finally {
      done.abort();
      this.#raised = false;
    }
  }
}

/** Resolves when the time is over or the signal fires; never, without either. */
async function pause(ms: number | undefined, signal: AbortSignal): Promise<void> {
  if (ms !== undefined) return timers.setTimeout(ms, undefined, { signal }).catch(() => undefined);
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
