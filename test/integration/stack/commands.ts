/** Runs the stack's commands as make does, and looks for the processes that they leave. */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";
import { repositoryRoot } from "../../../hack/stack/tools/families.ts";

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

export interface Command {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts `up` or `down` on the stack in `dir`. */
export function startCommand(
  name: "up" | "down",
  dir: string,
  ...args: readonly string[]
): Command {
  const script = path.join(repositoryRoot, "hack/stack/cli", `${name}.ts`);
  const child = spawn(process.execPath, [script, "--dir", dir, ...args], { stdio: "pipe" });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const code = new Promise<number | null>((resolve) => child.once("close", resolve));
  const ended = Promise.all([code, output]).then(([status, parts]) => {
    return { code: status, output: parts.join("") };
  });
  return { child, ended };
}

export async function run(
  name: "up" | "down",
  dir: string,
  ...args: readonly string[]
): Promise<Ended> {
  return startCommand(name, dir, ...args).ended;
}

/** Command lines of live processes that name the folder, or were started for the stack in it. */
export function processesOf(dir: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => Number(pid) !== process.pid)
    .map((pid) => ({ command: readProc(pid, "cmdline"), environment: readProc(pid, "environ") }))
    .filter(({ command, environment }) => `${command} ${environment}`.includes(dir))
    .map(({ command }) => command);
}

/** Empty for a zombie and for a process that has just ended. */
function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
