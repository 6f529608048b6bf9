/** Runs loops that only make sense together. */

/**
 * Runs all until one of them ends or fails, stops the others, and waits for them.
 * @throws what the first one threw.
 */
export async function runTogether(
  signal: AbortSignal,
  loops: readonly ((signal: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const siblings = new AbortController();
  const both = AbortSignal.any([signal, siblings.signal]);
  let failed: { readonly cause: unknown } | undefined;
  await Promise.all(
    loops.map(async (loop) => {
      try {
        await loop(both);
      } catch (cause) {
        failed ??= { cause };
      } finally {
        siblings.abort();
      }
    }),
  );
  if (failed) throw failed.cause;
}
