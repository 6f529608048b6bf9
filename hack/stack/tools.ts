/** Finds the tools of the local stack: the user's own, else from the cache, else built from source. */
import { accessSync, constants, existsSync } from "node:fs";
import path from "node:path";
import { lock } from "./process/lock.ts";
import { buildFamily } from "./tools/build.ts";
import { cacheKey, cacheRoot } from "./tools/cache.ts";
import { familyOf, repositoryRoot, type ToolFamily } from "./tools/families.ts";
import { goVersion } from "./tools/go.ts";
import { describeElapsed, type Say, startProgress } from "./tools/progress.ts";

/** Gives the path of a tool that was asked for. */
export type ToolPath<Name extends string> = (name: Name) => string;

/**
 * Makes sure that every named tool is there. Building the first time takes minutes: `say` gets
 * lines that tell so, and nothing when all is there already.
 */
export async function ensureTools<Name extends string>(
  names: readonly Name[],
  say: Say,
): Promise<ToolPath<Name>> {
  const missing = names.filter((name) => findOwn(name, process.env) === undefined);
  const folders = await ensureFamilies([...new Set(missing.map(familyOf))], say);
  return (name) => {
    return findOwn(name, process.env) ?? path.join(folders.get(familyOf(name)) ?? "", name);
  };
}

/** Path of one tool; progress goes to standard error. */
export async function ensureTool(name: string): Promise<string> {
  const pathOf = await ensureTools([name], console.error);
  return pathOf(name);
}

/** Those who use controller-runtime's envtest have some of the binaries already. */
export function findOwn(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const folder = env["KUBEBUILDER_ASSETS"];
  if (folder === undefined || folder === "") {
    return undefined;
  }
  const file = path.resolve(folder, name);
  try {
    accessSync(file, constants.X_OK);
    return file;
  } catch {
    return undefined;
  }
}

async function ensureFamilies(
  families: readonly ToolFamily[],
  say: Say,
): Promise<ReadonlyMap<ToolFamily, string>> {
  const located = await Promise.all(
    families.map(async (family) => ({ family, ...(await locate(family)) })),
  );
  const missing = located.filter(({ destination }) => !existsSync(destination));
  if (missing.length > 0) {
    announce(
      missing.map(({ family }) => family),
      say,
    );
  }
  for (const [index, { family, folder, destination }] of missing.entries()) {
    await buildOnce(
      family,
      folder,
      destination,
      `${family.name} (${index + 1} of ${missing.length})`,
      say,
    );
  }
  return new Map(located.map(({ family, destination }) => [family, destination]));
}

function announce(families: readonly ToolFamily[], say: Say): void {
  say(
    `Building the local tools from source, once: ${families.map(({ name }) => name).join(", ")}.`,
  );
  for (const { name, firstBuild } of families) {
    say(`  ${name}: ${firstBuild} on 2 cores when Go has compiled nothing of it before`);
  }
  say(`They are kept in ${cacheRoot(process.env)} for every checkout.`);
}

async function buildOnce(
  family: ToolFamily,
  folder: string,
  destination: string,
  title: string,
  say: Say,
): Promise<void> {
  const startedAt = Date.now();
  const held = await lock(`${destination}.lock`, ({ pid }) => {
    say(`${title}: process ${pid} is building it already, waiting for that`);
  });
  const progress = startProgress(title, say);
  try {
    if (!existsSync(destination)) {
      say(`${title}: started`);
      await buildFamily(family, folder, destination, progress.update);
    }
  } finally {
    progress.stop();
    held.release();
  }
  say(`${title}: done in ${describeElapsed(Date.now() - startedAt)}`);
}

async function locate(
  family: ToolFamily,
): Promise<{ readonly folder: string; readonly destination: string }> {
  const folder = path.join(repositoryRoot, family.folder);
  const inputs = {
    folder,
    goVersion: await goVersion(folder),
    platform: `${process.platform}-${process.arch}`,
  };
  return { folder, destination: path.join(cacheRoot(process.env), cacheKey(family, inputs)) };
}
