/** Ends everything that the stack in a folder has started, whoever started it and however that ended. */
import { closeForStarts } from "./component.ts";
import { emptyHome, openHome, removeData, type StackHome } from "./home.ts";
import { endProcess, isAlive, type ProcessIdentity } from "./identity.ts";
import { clearLedger, readLedger } from "./ledger.ts";
import { findMarked } from "./marker.ts";

const unrecordedGraceMs = 2_000;

/** Ends it all and keeps the logs. Gives the names of what was still running, the last started first. */
export async function endAll(home: StackHome): Promise<readonly string[]> {
  const recorded = readLedger(home).filter(isAlive).toReversed();
  // The last started depends on those before it: it must be able to say goodbye to them.
  for (const entry of recorded) {
    await endProcess(entry, "SIGTERM", entry.graceMs);
  }
  const unrecorded = findMarked(home.dir).filter(isNotThisProcess);
  await Promise.all(unrecorded.map((found) => endProcess(found, "SIGTERM", unrecordedGraceMs)));
  removeData(home);
  clearLedger(home);
  return [...recorded.map(({ name }) => name), ...unrecorded.map(({ pid }) => `process ${pid}`)];
}

/** A home for a new stack: what an earlier one left there has ended and its files are gone. */
export async function freshHome(dir: string): Promise<StackHome> {
  const home = openHome(dir);
  await endAll(home);
  emptyHome(home);
  return home;
}

/** Starts something of several processes; when one of them fails, ends them all. */
export async function orEndAll<T>(home: StackHome, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    closeForStarts(home);
    await endAll(home);
    throw error;
  }
}

function isNotThisProcess({ pid }: ProcessIdentity): boolean {
  return pid !== process.pid;
}
