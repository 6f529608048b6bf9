/** A component that tests end and start again. */
import type { Component } from "./component.ts";
import { onTheSamePort } from "./ports.ts";

export interface Restartable {
  readonly logFile: string;
  readonly pid: () => number;
  /** Resolves once the process is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again and resolves once it is ready. */
  start(): Promise<void>;
}

/** Starts it for the first time. */
export async function restartable(start: () => Promise<Component>): Promise<Restartable> {
  let running = await start();
  return {
    logFile: running.logFile,
    pid: () => running.identity.pid,
    stop: async (signal) => running.stop(signal),
    start: async () => {
      running = await onTheSamePort(start);
    },
  };
}
