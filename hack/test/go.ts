/** Runs the tests of a Go module, shows what fails, and counts. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { type Tally, withRunnerStatus } from "./tally.ts";

/** A line of `go test -json`, as far as it is read; see `go doc test2json`. */
export interface GoTestEvent {
  readonly Action: string;
  readonly Package?: string;
  readonly Test?: string;
  readonly Output?: string;
}

export async function runGoTests(folder: string): Promise<Tally> {
  const child = spawn("go", ["test", "-count=1", "-json", "./..."], {
    cwd: folder,
    env: { ...process.env, GOWORK: "off" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve) => {
    child.once("error", () => resolve(null)).once("close", resolve);
  });
  const report = new GoReport(console.log);
  for await (const line of createInterface(child.stdout)) {
    report.add(parseEvent(line));
  }
  return withRunnerStatus(report.tally(), (await ended) === 0);
}

/** Counts tests that have no tests below them, and keeps their output until it is known whether they fail. */
export class GoReport {
  readonly #say: (line: string) => void;
  readonly #results = new Map<string, "pass" | "fail">();
  readonly #output = new Map<string, string>();

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  add(event: GoTestEvent): void {
    const key = `${event.Package ?? ""} ${event.Test ?? ""}`;
    if (event.Action === "output") {
      this.#output.set(key, (this.#output.get(key) ?? "") + (event.Output ?? ""));
    } else if (event.Action === "build-output") {
      this.#say((event.Output ?? "").trimEnd());
    } else if (event.Action === "pass" || event.Action === "fail") {
      this.#end(event, key, event.Action);
    }
  }

  tally(): Tally {
    const names = [...this.#results.keys()];
    const leaves = names.filter((name) => !names.some((other) => other.startsWith(`${name}/`)));
    const passed = leaves.filter((name) => this.#results.get(name) === "pass").length;
    return { passed, failed: leaves.length - passed };
  }

  /** Without a test it is a package that ends: shown, but not counted. */
  #end(event: GoTestEvent, key: string, action: "pass" | "fail"): void {
    if (event.Test !== undefined) {
      this.#results.set(key, action);
    } else {
      this.#say(`  ${action === "pass" ? "ok  " : "FAIL"} ${event.Package ?? ""}`);
    }
    if (action === "fail") {
      this.#say((this.#output.get(key) ?? "").trimEnd());
    }
  }
}

/** Something other than JSON is what go says when it cannot even start. */
function parseEvent(line: string): GoTestEvent {
  try {
    const event: GoTestEvent = JSON.parse(line);
    return event;
  } catch {
    return { Action: "build-output", Output: line };
  }
}
