/** A lock file that names its holder, so that a crashed holder's lock is recovered. */
import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, isErrno, ownIdentity, type ProcessIdentity } from "./identity.ts";

export interface Lock {
  release(): void;
}

/** Takes the lock if nobody holds it; otherwise says who does. */
export function tryLock(file: string): Lock | { readonly holder: ProcessIdentity } {
  mkdirSync(path.dirname(file), { recursive: true });
  const candidate = `${file}.${randomUUID()}`;
  const content = JSON.stringify(ownIdentity());
  writeFileSync(candidate, content);
  try {
    return takeOrTellHolder(file, candidate, content);
  } finally {
    rmSync(candidate, { force: true });
  }
}

/** Waits for the lock; `onWait` is called once, with the holder, when there is something to wait for. */
export async function lock(file: string, onWait: (holder: ProcessIdentity) => void): Promise<Lock> {
  let told = false;
  for (;;) {
    const result = tryLock(file);
    if ("release" in result) {
      return result;
    }
    if (!told) {
      told = true;
      onWait(result.holder);
    }
    await sleep(200);
  }
}

/** Who holds the lock; undefined when it is free, or held by a process that is gone. */
export function lockHolder(file: string): ProcessIdentity | undefined {
  const content = readIfThere(file);
  return content === undefined ? undefined : liveHolder(content);
}

function takeOrTellHolder(
  file: string,
  candidate: string,
  content: string,
): Lock | { holder: ProcessIdentity } {
  for (;;) {
    if (linkIfFree(candidate, file)) {
      return { release: () => releaseIfOurs(file, content) };
    }
    const found = readIfThere(file);
    if (found === undefined) {
      continue;
    }
    const holder = liveHolder(found);
    if (holder !== undefined) {
      return { holder };
    }
    removeStale(file, found);
  }
}

/** A hard link is created complete or not at all: nobody reads half a lock. */
function linkIfFree(candidate: string, file: string): boolean {
  try {
    linkSync(candidate, file);
    return true;
  } catch (error) {
    if (isErrno(error, "EEXIST")) {
      return false;
    }
    throw error;
  }
}

/** Moves the stale lock away, and puts it back if somebody else's fresh lock was caught instead. */
function removeStale(file: string, stale: string): void {
  const aside = `${file}.${randomUUID()}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (isErrno(error, "ENOENT")) {
      return;
    }
    throw error;
  }
  if (readFileSync(aside, "utf8") !== stale) {
    linkIfFree(aside, file);
  }
  rmSync(aside, { force: true });
}

function releaseIfOurs(file: string, content: string): void {
  if (readIfThere(file) === content) {
    rmSync(file, { force: true });
  }
}

function liveHolder(content: string): ProcessIdentity | undefined {
  const holder = parseIdentity(content);
  return holder !== undefined && isAlive(holder) ? holder : undefined;
}

function parseIdentity(content: string): ProcessIdentity | undefined {
  try {
    const { pid, startedAt }: Partial<ProcessIdentity> = JSON.parse(content);
    return typeof pid === "number" && typeof startedAt === "string"
      ? { pid, startedAt }
      : undefined;
  } catch {
    return undefined;
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT")) {
      return undefined;
    }
    throw error;
  }
}
