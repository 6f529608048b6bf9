/** `npm run dump`: writes a redacted copy of a vCenter's inventory, for a bug report that can be replayed. */
import { dump, usage } from "./dump/command.ts";

const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort(new Error("interrupted")));
process.once("SIGTERM", () => interrupted.abort(new Error("terminated")));

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const args = process.argv.slice(2);
if (args.includes("--help") || args.includes("-h")) {
  process.stdout.write(`${usage}\n`);
} else {
  try {
    await dump(args, { env: process.env, say, signal: interrupted.signal });
  } catch (error) {
    say(`Failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
