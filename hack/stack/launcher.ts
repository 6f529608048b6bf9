/** Starts, keeps and ends the stack that lives in the background between `make up` and `make down`. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type EnvEntries, readEnvFile, stackEnvironment, writeEnvFile } from "./env-file.ts";
import { endAll } from "./process/end-all.ts";
import { homeAt, openHome, type StackHome } from "./process/home.ts";
import { endProcess, isAlive } from "./process/identity.ts";
import { readLedger } from "./process/ledger.ts";
import { lockHolder, tryLock } from "./process/lock.ts";
import { type StackOptions, startStack } from "./stack.ts";

/** What is found where a stack may be. */
export type Found =
  | { readonly kind: "nothing" }
  | {
      readonly kind: "up";
      readonly env: EnvEntries;
      readonly fleet: string;
      readonly isSameFleet: boolean;
    }
  | { readonly kind: "broken"; readonly dead: readonly string[] };

const launcherGraceMs = 20_000;

/** Looks at the recorded processes: a stack is up when it was once ready and all of them live. */
export function findStack(dir: string, fleet: string): Found {
  const home = homeAt(dir);
  const entries = readLedger(home);
  const env = readEnvFile(home.env);
  if (entries.length === 0) {
    return { kind: "nothing" };
  }
  const dead = entries.filter((entry) => !isAlive(entry)).map(({ name }) => name);
  if (env === undefined || dead.length > 0) {
    return { kind: "broken", dead };
  }
  const running = readRunningFleet(home);
  return { kind: "up", env, fleet: running.file, isSameFleet: running.digest === digestOf(fleet) };
}

/** Starts the stack and writes its env file; what was there before is ended. The caller holds the lock. */
export async function bringUp(
  dir: string,
  fleet: string,
  options: StackOptions,
): Promise<EnvEntries> {
  const stack = await startStack({ ...options, dir, fleet });
  const env = stackEnvironment(stack);
  writeFileSync(stateFile(stack.home), JSON.stringify({ file: fleet, digest: digestOf(fleet) }));
  writeEnvFile(stack.home.env, env);
  await stack.controlPlane.api.close();
  return env;
}

/** Ends the stack in `dir`, and the program that may be starting it. Gives the names of what was running. */
export async function bringDown(dir: string): Promise<readonly string[]> {
  const home = homeAt(dir);
  if (!existsSync(home.dir)) {
    return [];
  }
  const launcher = lockHolder(home.lock);
  if (launcher !== undefined) {
    await endProcess(launcher, "SIGTERM", launcherGraceMs);
  }
  return holdingLock(home, async () => endAll(home));
}

/** Does something while nobody else starts or ends the stack in this home. */
export async function holdingLock<T>(home: StackHome, work: () => Promise<T>): Promise<T> {
  openHome(home.dir);
  const held = tryLock(home.lock);
  if ("holder" in held) {
    throw new Error(
      `process ${held.holder.pid} is starting or ending the stack in ${home.dir}; try again when it is done`,
    );
  }
  try {
    return await work();
  } finally {
    held.release();
  }
}

interface RunningFleet {
  readonly file: string;
  readonly digest: string;
}

function readRunningFleet(home: StackHome): RunningFleet {
  const running: RunningFleet = JSON.parse(readFileSync(stateFile(home), "utf8"));
  return running;
}

function stateFile(home: StackHome): string {
  return path.join(home.dir, "state.json");
}

function digestOf(file: string): string {
  return createHash("sha256")
    .update(existsSync(file) ? readFileSync(file) : "")
    .digest("hex");
}
