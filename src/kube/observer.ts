/** What this folder tells whoever counts: callbacks that main.ts turns into metrics. */

/**
 * Called synchronously, so an implementation must be quick and must not throw.
 * Durations are seconds, as Prometheus wants them.
 */
export interface KubeObserver {
  /** A request got its answer; `code` is the HTTP status, or `<error>` when there was none. */
  requestDone(method: string, code: string): void;
  /** An informer read the whole list; `missed` objects had changed without their event reaching us. */
  relisted(resource: string, missed: number): void;
  /** An informer's watch ended with an error, or a list failed. */
  watchFailed(resource: string, kind: string): void;
  /** An object or a watch event could not be parsed and was left out. */
  malformed(resource: string): void;
  /** This process started or stopped leading. */
  leading(lease: string, leading: boolean): void;
  /** Keys that wait for a worker, whenever it changes. */
  queueDepth(queue: string, depth: number): void;
  /** A key that was not waiting yet was added. */
  queueAdded(queue: string): void;
  /** A worker took a key that had waited so long. */
  queueWaited(queue: string, seconds: number): void;
  /** A worker finished with a key after so long; `failed` when it threw. */
  queueWorked(queue: string, seconds: number, failed: boolean): void;
  /** A key was put back after a failure. */
  queueRetried(queue: string): void;
  /** An Event was written, given up after errors, or dropped because there were too many. */
  eventDone(outcome: "written" | "failed" | "dropped"): void;
}

function ignore(): void {}

/** An observer that counts nothing. */
export const silentObserver: KubeObserver = {
  requestDone: ignore,
  relisted: ignore,
  watchFailed: ignore,
  malformed: ignore,
  leading: ignore,
  queueDepth: ignore,
  queueAdded: ignore,
  queueWaited: ignore,
  queueWorked: ignore,
  queueRetried: ignore,
  eventDone: ignore,
};
