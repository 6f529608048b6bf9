/** Marks what a stack starts through its environment, which finds processes that no ledger names. */
import { readdirSync, readFileSync } from "node:fs";
import { identityOf, type ProcessIdentity } from "./identity.ts";

const markerKey = "GPUINFO_STACK_DIR";

/** Environment that marks a process as belonging to the stack in `dir`. */
export function markerFor(dir: string): Readonly<Record<string, string>> {
  return { [markerKey]: dir };
}

/**
 * Live processes that carry the mark of `dir`. Only Linux shows other processes' environment
 * (in /proc); elsewhere the list is empty and the ledger alone has to do.
 */
export function findMarked(dir: string): readonly ProcessIdentity[] {
  return listPids()
    .filter((pid) => environmentOf(pid).includes(`${markerKey}=${dir}`))
    .flatMap((pid) => identityOf(pid) ?? []);
}

function listPids(): readonly number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return [];
  }
}
