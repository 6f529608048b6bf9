/** Runs kubectl against the local API server. */
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { repositoryRoot } from "../tools/families.ts";

interface KubectlOptions {
  /** What kubectl reads from its standard input, for `-f -`. */
  readonly input?: string;
  /** Another user's kubeconfig than the administrator's. */
  readonly kubeconfig?: string;
}

/** kubectl refused; the message holds what it said. */
export class KubectlError extends Error {
  readonly stderr: string;

  constructor(args: readonly string[], code: number | null, stderr: string) {
    super(`kubectl ${args.join(" ")} ended with ${code}: ${stderr.trim()}`);
    this.name = "KubectlError";
    this.stderr = stderr;
  }
}

/** Gives kubectl's standard output; throws `KubectlError` when it fails. Paths are from the top of the checkout. */
export type Kubectl = (args: readonly string[], options?: KubectlOptions) => Promise<string>;

/** kubectl at `command`, as the user of `kubeconfig`; it keeps its discovery cache in `cacheDir`. */
export function kubectlAt(command: string, kubeconfig: string, cacheDir: string): Kubectl {
  return async (args, options = {}) => {
    const child = spawn(command, [...args], {
      env: {
        PATH: process.env["PATH"],
        KUBECONFIG: options.kubeconfig ?? kubeconfig,
        KUBECACHEDIR: cacheDir,
      },
      cwd: repositoryRoot,
      stdio: "pipe",
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
    const output = Promise.all([text(child.stdout), text(child.stderr)]);
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject).once("close", resolve);
    });
    const [stdout, stderr] = await output;
    if (code !== 0) {
      throw new KubectlError(args, code, stderr);
    }
    return stdout;
  };
}
