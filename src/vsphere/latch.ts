/** Wakes one loop, now or at its next turn, however often it is asked to. */
import { sleep } from "./sleep.ts";

/** Raised any number of times, taken once. */
export class Latch {
  #raised = false;
  #waiting: AbortController | undefined;

  raise(): void {
    this.#raised = true;
    this.#waiting?.abort();
  }

  /** Resolves when raised or after `timeoutMs`, and lowers it again. @throws the signal's reason. */
  async take(signal: AbortSignal, timeoutMs?: number): Promise<void> {
    signal.throwIfAborted();
    this.#waiting = new AbortController();
    if (!this.#raised) await sleep(timeoutMs, AbortSignal.any([signal, this.#waiting.signal]));
    this.#raised = false;
    signal.throwIfAborted();
  }
}
