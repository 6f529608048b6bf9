/** Gathers a burst of calls into one. */

export interface Soon {
  /** Works so long after the first call; further calls until then change nothing. */
  call(): void;
  stop(): void;
}

/** @param failed hears what `work` throws: the next call is a new try */
export function soon(
  delayMs: number,
  work: () => Promise<void>,
  failed: (error: unknown) => void,
): Soon {
  let timer: NodeJS.Timeout | undefined;
  return {
    call() {
      timer ??= setTimeout(() => {
        timer = undefined;
        work().catch(failed);
      }, delayMs);
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
