/** Keeps long work from holding up health checks, webhook and extender, which share its thread. */

/** So long at a time: a call that comes meanwhile does not notice. */
const workMs = 10;
/** Then it rests so many times as long as it worked: most of the time is left to others. */
const restFactor = 3;

/** To be awaited between two steps of the work. */
export function takeTurns(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    const workedMs = performance.now() - since;
    if (workedMs < workMs) return;
    await new Promise((resolve) => {
      setTimeout(resolve, workedMs * restFactor);
    });
    since = performance.now();
  };
}
