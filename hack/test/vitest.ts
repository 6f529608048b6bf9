/** Runs one project of vitest.config.ts and counts. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { repositoryRoot } from "../stack/tools/families.ts";
import { type Tally, withRunnerStatus } from "./tally.ts";

/** What is read of vitest's JSON report. */
export interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly unknown[];
  }[];
}

export async function runVitest(project: string): Promise<Tally> {
  const reportFile = path.join(repositoryRoot, ".local", "test", `${project}.json`);
  mkdirSync(path.dirname(reportFile), { recursive: true });
  rmSync(reportFile, { force: true });
  const vitest = path.join(repositoryRoot, "node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`];
  const child = spawn(process.execPath, [vitest, "run", "--project", project, ...reporters], {
    cwd: repositoryRoot,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const code = await new Promise<number | null>((resolve) => {
    child.once("error", () => resolve(null)).once("close", resolve);
  });
  return withRunnerStatus(readTally(reportFile), code === 0);
}

function readTally(reportFile: string): Tally {
  if (!existsSync(reportFile)) {
    return { passed: 0, failed: 0 };
  }
  const report: VitestReport = JSON.parse(readFileSync(reportFile, "utf8"));
  return tallyOf(report);
}

/** A file that cannot even be loaded has no tests to fail: it counts as one. */
export function tallyOf({ numPassedTests, numFailedTests, testResults }: VitestReport): Tally {
  const unloadable = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
  );
  return { passed: numPassedTests, failed: numFailedTests + unloadable.length };
}
