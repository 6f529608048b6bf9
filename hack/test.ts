/**
 * `make test`: builds the tools, runs the simulator's Go tests and every project of vitest.config.ts in
 * its order, and ends with one line, `N passed, N failed`. A runner that did not run counts as a failure.
 */
import path from "node:path";
import { parseArgs } from "node:util";
import vitestConfig from "../vitest.config.ts";
import { sweepScratch } from "./stack/scratch.ts";
import { repositoryRoot, toolFamilies } from "./stack/tools/families.ts";
import { describeElapsed } from "./stack/tools/progress.ts";
import { ensureTools } from "./stack/tools.ts";
import { runGoTests } from "./test/go.ts";
import { addTallies, type Tally } from "./test/tally.ts";
import { runVitest } from "./test/vitest.ts";

// Ctrl-C reaches the runners too and ends them; what they have left behind is ended then.
let interrupted = false;
process.on("SIGINT", () => {
  interrupted = true;
});

interface Suite {
  readonly name: string;
  readonly run: () => Promise<Tally>;
}

const { values } = parseArgs({
  options: { only: { type: "string", multiple: true, default: [] } },
});

function suites(): readonly Suite[] {
  return [
    { name: "vcsim", run: async () => runGoTests(path.join(repositoryRoot, "hack/vcsim")) },
    ...projectNames().map((name) => ({ name, run: async () => runVitest(name) })),
  ];
}

/** A project that is added to vitest.config.ts is run without further ado. */
function projectNames(): readonly string[] {
  const projects: readonly { readonly test: { readonly name: string } }[] =
    vitestConfig.test?.projects?.filter(isNamed) ?? [];
  return projects.map(({ test }) => test.name);
}

function isNamed(project: unknown): project is { readonly test: { readonly name: string } } {
  return typeof project === "object" && project !== null && "test" in project;
}

async function runSuites(wanted: readonly Suite[]): Promise<readonly Tally[]> {
  const tallies: Tally[] = [];
  for (const [index, { name, run }] of wanted.entries()) {
    if (interrupted) {
      throw new Error("interrupted");
    }
    console.log(`\n== ${name} (${index + 1} of ${wanted.length})`);
    const startedAt = Date.now();
    const tally = await run();
    const elapsed = describeElapsed(Date.now() - startedAt);
    console.log(`== ${name}: ${tally.passed} passed, ${tally.failed} failed, in ${elapsed}`);
    tallies.push(tally);
  }
  return tallies;
}

async function runAll(): Promise<Tally> {
  const wanted = suites().filter(
    ({ name }) => values.only.length === 0 || values.only.includes(name),
  );
  if (wanted.some(({ name }) => name !== "unit")) {
    await ensureTools(
      toolFamilies.flatMap(({ binaries }) => Object.keys(binaries)),
      console.log,
    );
  }
  try {
    return addTallies(await runSuites(wanted));
  } finally {
    await sweepScratch();
  }
}

/** Whatever goes wrong, the last line says that the tests did not pass. */
async function runAllOrFail(): Promise<Tally> {
  try {
    return await runAll();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return { passed: 0, failed: 1 };
  }
}

const { passed, failed } = await runAllOrFail();
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
console.log(`${passed} passed, ${failed} failed`);
