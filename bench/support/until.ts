/** Waits for something to become true, and says what was found instead when it does not. */

import { setTimeout as sleep } from "node:timers/promises";

const timeoutMs = 120_000;

/** Asks every 20 ms. @param found for the error after two minutes, such as `7 of 9 pods are bound` */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  found: () => string,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`${found()} after ${timeoutMs / 1_000} s`);
    await sleep(20);
  }
}
