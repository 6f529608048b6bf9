/** Runs the kubectl that `KUBECTL` names (with arguments such as `--context` if wanted) against the user's cluster. */
import { spawnSync } from "node:child_process";
import path from "node:path";

const [command = "kubectl", ...firstArgs] = (process.env["KUBECTL"] ?? "kubectl")
  .trim()
  .split(/\s+/);
const repositoryRoot = path.resolve(import.meta.dirname, "../..");
const maxBuffer = 1024 ** 3;

/** Shows the user what kubectl says; throws when it fails. */
export function run(args: readonly string[], input = ""): void {
  call(args, input, "inherit");
}

/** Gives what kubectl says; throws when it fails. */
export function read(args: readonly string[]): string {
  return call(args, "", "pipe");
}

/** The API groups and versions that the API server knows, such as `apps/v1`. */
export function servedVersions(): ReadonlySet<string> {
  return new Set(read(["api-versions"]).split("\n"));
}

function call(args: readonly string[], input: string, stdout: "inherit" | "pipe"): string {
  const ended = spawnSync(command, [...firstArgs, ...args], {
    cwd: repositoryRoot,
    input,
    stdio: ["pipe", stdout, "inherit"],
    encoding: "utf8",
    maxBuffer,
  });
  if (ended.error !== undefined) {
    throw new Error(`cannot run ${command}: ${ended.error.message}`, { cause: ended.error });
  }
  if (ended.status !== 0) {
    throw new Error(`${command} ${args.join(" ")} ended with ${ended.status ?? ended.signal}`);
  }
  return ended.stdout ?? "";
}
