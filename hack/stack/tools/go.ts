/** Calls the Go toolchain, and says in plain words when there is none that can build the tools. */
import { execFile, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const oldestGo = [1, 26] as const;
const advice = `install Go ${oldestGo.join(".")} or newer from https://go.dev/dl/ and put it on PATH`;

/** Version of the Go that builds the module in `folder`, such as `go1.26.8`. */
export async function goVersion(folder: string): Promise<string> {
  const version = await readGoVersion(folder);
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(version) ?? [];
  if (Number(major) === oldestGo[0] && Number(minor) < oldestGo[1]) {
    throw new Error(
      `found Go ${version.slice(2)}, which is too old for the local tools: ${advice}`,
    );
  }
  return version;
}

/**
 * Runs `go` in `folder` and hands every line of its standard error to `onErrorLine`.
 * Gives its standard output; throws with the last lines when it fails.
 */
export async function runGo(
  folder: string,
  args: readonly string[],
  onErrorLine: (line: string) => void,
): Promise<string> {
  const child = spawn("go", args, {
    cwd: folder,
    env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stopWithUs = (): void => void child.kill();
  process.once("exit", stopWithUs);
  const lastLines: string[] = [];
  createInterface(child.stderr).on("line", (line) => {
    lastLines.splice(0, lastLines.length - 19, ...lastLines.slice(-19), line);
    onErrorLine(line);
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  process.off("exit", stopWithUs);
  if (code !== 0) {
    const how = code === null ? "was killed" : `failed with ${code}`;
    throw new Error(`go ${args[0]} in ${folder} ${how}:\n${lastLines.join("\n")}`);
  }
  return Buffer.concat(chunks).toString();
}

async function readGoVersion(folder: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)("go", ["env", "GOVERSION"], { cwd: folder });
    return stdout.trim();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`no usable "go" command (${why.trim()}): ${advice}`, { cause: error });
  }
}
