/** Waits for what the story says. */
import { setTimeout as sleep } from "node:timers/promises";

const timeoutMs = 30_000;

/** What `probe` finds, and how long that took; throws when it finds nothing in half a minute. */
export async function until<T>(
  what: string | (() => string),
  probe: () => Promise<T | undefined>,
): Promise<{ readonly found: T; readonly elapsedMs: number }> {
  const startedAt = performance.now();
  for (;;) {
    const found = await probe();
    const elapsedMs = performance.now() - startedAt;
    if (found !== undefined) {
      return { found, elapsedMs };
    }
    if (elapsedMs > timeoutMs) {
      const words = typeof what === "string" ? what : what();
      throw new Error(`waited ${timeoutMs / 1_000} s in vain for ${words}`);
    }
    await sleep(50);
  }
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
