/** Ends a watch on which nothing is heard any more, or after which the list must be read soon. */

import { KubeError } from "./errors.ts";

/** Why a watch was ended that did not fail. */
export class WatchEnd extends Error {}

export interface WatchTimers {
  /** Aborted with a KubeError `timeout` after silence, or with a WatchEnd. */
  readonly signal: AbortSignal;
  readonly heard: () => void;
  readonly endSoon: () => void;
  readonly clear: () => void;
}

export function startWatchTimers(timings: {
  readonly inactivityMs: number;
  readonly relistSoonMs: number;
}): WatchTimers {
  const { inactivityMs, relistSoonMs } = timings;
  const ender = new AbortController();
  const silence = setTimeout(() => {
    ender.abort(new KubeError("timeout", `WATCH: not a byte for ${inactivityMs} ms`));
  }, inactivityMs);
  let early: NodeJS.Timeout | undefined;
  return {
    signal: ender.signal,
    heard: () => void silence.refresh(),
    endSoon: () => {
      early ??= setTimeout(() => ender.abort(new WatchEnd("the list is due")), relistSoonMs);
    },
    clear: () => {
      clearTimeout(silence);
      clearTimeout(early);
    },
  };
}
