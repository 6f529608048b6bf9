/** Where a stack keeps its files: one folder, everything below it. */
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";

/** Paths of one stack. Two stacks with different folders do not know of each other. */
export interface StackHome {
  /** Absolute. */
  readonly dir: string;
  /** One log file per process. */
  readonly logs: string;
  /** The processes that were started, one JSON line each. */
  readonly ledger: string;
  /** Shell `KEY=value` lines for the user; there only while the stack is ready. */
  readonly env: string;
  /** Held by the program that is starting or stopping the stack. */
  readonly lock: string;
}

/** Gives the paths and makes sure that the folder is there, readable by its owner only. */
export function openHome(dir: string): StackHome {
  const home = homeAt(dir);
  mkdirSync(home.dir, { recursive: true, mode: 0o700 });
  mkdirSync(home.logs, { recursive: true });
  return home;
}

/** Removes all that an ended stack has left but its logs: data, keys, tokens and passwords. */
export function removeData(home: StackHome): void {
  for (const name of ["env", "etcd", "pki", "pod", "placement", "kubectl-cache", "state.json"]) {
    rmSync(path.join(home.dir, name), { recursive: true, force: true });
  }
}

/** Removes the logs as well, for a stack that is about to start. */
export function emptyHome(home: StackHome): void {
  removeData(home);
  rmSync(home.logs, { recursive: true, force: true });
  mkdirSync(home.logs);
}

/** Gives the paths without touching the disk. */
export function homeAt(dir: string): StackHome {
  const absolute = path.resolve(dir);
  return {
    dir: absolute,
    logs: path.join(absolute, "logs"),
    ledger: path.join(absolute, "processes.jsonl"),
    env: path.join(absolute, "env"),
    lock: path.join(absolute, "launcher.lock"),
  };
}
