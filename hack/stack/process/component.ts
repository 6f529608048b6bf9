/** Runs one process of a stack in the background, with a log file and an entry in the ledger. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { StackHome } from "./home.ts";
import { endProcess, identityOf, type ProcessIdentity } from "./identity.ts";
import { recordProcess } from "./ledger.ts";
import { markerFor } from "./marker.ts";

export interface ComponentSpec {
  /** Also the name of its log file. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment, but for PATH, HOME and TMPDIR: what the user has exported stays out. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** How long it may take after SIGTERM before it is killed, in milliseconds; default 2,000. */
  readonly graceMs?: number;
}

/** A started process. It outlives this program unless stopped. */
export interface Component {
  readonly name: string;
  readonly identity: ProcessIdentity;
  readonly logFile: string;
  /** Whether the process has ended, for whatever reason. */
  hasExited(): boolean;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** A component ended or was not ready in time. The message holds the end of its log. */
export class ComponentFailed extends Error {
  readonly component: string;
  readonly logTail: string;

  constructor(component: string, what: string, logFile: string) {
    const logTail = tailOf(logFile);
    super(`${component} ${what}. The end of ${logFile}:\n${indent(logTail)}`);
    this.name = "ComponentFailed";
    this.component = component;
    this.logTail = logTail;
  }
}

const closed = new WeakSet<StackHome>();

/** From now on nothing is started in this home: what is being stopped must not grow. */
export function closeForStarts(home: StackHome): void {
  closed.add(home);
}

/** Starts the process and records it in one step, so that nothing is running unrecorded. */
export async function startComponent(home: StackHome, spec: ComponentSpec): Promise<Component> {
  if (closed.has(home)) {
    throw new Error(`${spec.name} is not started: the stack in ${home.dir} is being stopped`);
  }
  const logFile = path.join(home.logs, `${spec.name}.log`);
  const child = spawnDetached(home, spec, logFile);
  const identity = child.pid === undefined ? undefined : identityOf(child.pid);
  if (identity === undefined) {
    const cause = await new Promise<Error>((resolve) => child.once("error", resolve));
    throw new Error(`cannot start ${spec.name}: ${cause.message}`, { cause });
  }
  const graceMs = spec.graceMs ?? 2_000;
  recordProcess(home, { ...identity, name: spec.name, logFile, graceMs });
  child.unref();
  return {
    name: spec.name,
    identity,
    logFile,
    hasExited: () => child.exitCode !== null || child.signalCode !== null,
    stop: (signal = "SIGTERM") => endProcess(identity, signal, graceMs),
  };
}

/** Asks `probe` every 50 ms; a component that ends meanwhile or takes too long is a failure. */
export async function untilReady<T>(
  component: Component,
  probe: () => Promise<T | undefined>,
  timeoutMs: number,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await probe().catch(() => undefined);
    if (answer !== undefined) {
      return answer;
    }
    if (component.hasExited()) {
      throw new ComponentFailed(component.name, "ended while starting", component.logFile);
    }
    if (Date.now() > deadline) {
      const seconds = timeoutMs / 1_000;
      throw new ComponentFailed(component.name, `was not ready in ${seconds} s`, component.logFile);
    }
    await sleep(50);
  }
}

/** The last lines of a log, for the person who has to find out why. */
export function tailOf(logFile: string, lines = 20): string {
  try {
    return readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "(no log was written)";
  }
}

/** Detached: a process group of its own, so that Ctrl-C in the terminal does not reach it. */
function spawnDetached(home: StackHome, spec: ComponentSpec, logFile: string): ChildProcess {
  const log = openSync(logFile, "a");
  try {
    return spawn(spec.command, spec.args, {
      cwd: spec.cwd ?? home.dir,
      env: { ...baseEnvironment(), ...spec.env, ...markerFor(home.dir) },
      stdio: ["ignore", log, log],
      detached: true,
    });
  } finally {
    closeSync(log);
  }
}

function baseEnvironment(): Record<string, string> {
  const kept = ["PATH", "HOME", "TMPDIR"];
  return Object.fromEntries(
    kept.flatMap((key) => {
      const value = process.env[key];
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "  | ");
}
