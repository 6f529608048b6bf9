/** `make logs`: prints the end of one log of the stack, then what is added to it, until Ctrl-C. */
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { stackDir } from "../places.ts";
import { tailOf } from "../process/component.ts";
import { homeAt } from "../process/home.ts";
import { reportFailure } from "../report-failure.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { dir: { type: "string", default: stackDir } },
});

async function follow(name: string): Promise<never> {
  const { logs } = homeAt(values.dir);
  const file = path.join(logs, `${name}.log`);
  if (!existsSync(file)) {
    throw new Error(
      `there is no log "${name}" in ${logs}; there are: ${namesIn(logs).join(", ") || "none"}`,
    );
  }
  console.log(tailOf(file));
  for (let offset = statSync(file).size; ; await sleep(200)) {
    offset += printFrom(file, offset);
  }
}

function namesIn(logs: string): readonly string[] {
  return existsSync(logs) ? readdirSync(logs).map((name) => path.basename(name, ".log")) : [];
}

/** How many bytes were there to print. */
function printFrom(file: string, offset: number): number {
  const buffer = Buffer.alloc(64 * 1_024);
  const opened = openSync(file, "r");
  try {
    const count = readSync(opened, buffer, 0, buffer.length, offset);
    process.stdout.write(buffer.subarray(0, count));
    return count;
  } finally {
    closeSync(opened);
  }
}

const [name = "gpuinfo-local-0"] = positionals;
await follow(name).catch(reportFailure);
