/** Gives tests folders of their own, and cleans up after those that were killed. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { scratchRoot } from "./places.ts";
import { endAll } from "./process/end-all.ts";
import { homeAt } from "./process/home.ts";
import { isAlive, ownIdentity, type ProcessIdentity } from "./process/identity.ts";
import { lock } from "./process/lock.ts";

const ownerFile = "owner.json";

/** A new empty folder; it and what was started in it lasts until a sweep after this process has ended. */
export async function scratchDir(name: string): Promise<string> {
  await sweepScratch();
  mkdirSync(scratchRoot, { recursive: true });
  const dir = mkdtempSync(path.join(scratchRoot, `${name}-`));
  writeFileSync(path.join(dir, ownerFile), JSON.stringify(ownIdentity()));
  return dir;
}

/** Ends and removes the scratch folders whose owner is gone. Gives the names of what was still running. */
export async function sweepScratch(): Promise<readonly string[]> {
  const ended: string[] = [];
  const held = await lock(`${scratchRoot}.lock`, () => undefined);
  try {
    for (const dir of orphans()) {
      ended.push(...(await endAll(homeAt(dir))));
      rmSync(dir, { recursive: true, force: true });
    }
  } finally {
    held.release();
  }
  return ended;
}

function orphans(): readonly string[] {
  if (!existsSync(scratchRoot)) {
    return [];
  }
  return readdirSync(scratchRoot)
    .map((name) => path.join(scratchRoot, name))
    .filter((dir) => !hasLiveOwner(dir));
}

function hasLiveOwner(dir: string): boolean {
  const file = path.join(dir, ownerFile);
  // A folder without the file was made this instant, by a process that is about to write it.
  if (!existsSync(file)) {
    return true;
  }
  const owner: ProcessIdentity = JSON.parse(readFileSync(file, "utf8"));
  return isAlive(owner);
}
