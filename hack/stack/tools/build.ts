/** Builds one tool family from source and puts it into the cache in one step. */
import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { isErrno } from "../process/identity.ts";
import { copyData } from "./data.ts";
import type { ToolFamily } from "./families.ts";
import { runGo } from "./go.ts";

/** How far a build is. */
export type BuildStep =
  | { readonly kind: "fetching"; readonly modules: number }
  | { readonly kind: "compiling"; readonly compiled: number; readonly total: number };

/** Builds every binary of the family into `destination`, which appears complete or not at all. */
export async function buildFamily(
  family: ToolFamily,
  folder: string,
  destination: string,
  onStep: (step: BuildStep) => void,
): Promise<void> {
  const total = await countPackages(family, folder, onStep);
  const scratch = `${destination}.building-${process.pid}`;
  removeLeftovers(destination);
  mkdirSync(scratch, { recursive: true });
  try {
    await compile(family, folder, scratch, total, onStep);
    await copyData(family, folder, scratch);
    moveIntoPlace(scratch, destination);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Lists the packages first: this fetches the sources, and tells how many there are to compile. */
async function countPackages(
  family: ToolFamily,
  folder: string,
  onStep: (step: BuildStep) => void,
): Promise<number> {
  let modules = 0;
  onStep({ kind: "fetching", modules });
  const args = ["list", "-deps", "-trimpath", ...Object.values(family.binaries)];
  const listed = await runGo(folder, args, (line) => {
    modules += line.startsWith("go: downloading ") ? 1 : 0;
    onStep({ kind: "fetching", modules });
  });
  return listed.trim().split("\n").length;
}

async function compile(
  family: ToolFamily,
  folder: string,
  scratch: string,
  total: number,
  onStep: (step: BuildStep) => void,
): Promise<void> {
  let compiled = 0;
  onStep({ kind: "compiling", compiled, total });
  await runGo(folder, buildArguments(family, scratch), (line) => {
    compiled += /^[\w./~-]+$/.test(line) ? 1 : 0;
    onStep({ kind: "compiling", compiled, total });
  });
}

/** The arguments of the one `go build` that makes all binaries of the family. */
export function buildArguments(family: ToolFamily, outputFolder: string): readonly string[] {
  const values = Object.entries(family.linkerValues ?? {}).map(
    ([key, value]) => `-X ${key}=${value}`,
  );
  const entries = Object.entries(family.binaries);
  // One main package may be given its binary's name; several are named after their folders.
  const [first] = entries;
  const output =
    entries.length === 1 && first !== undefined
      ? path.join(outputFolder, first[0])
      : outputFolder + path.sep;
  return [
    "build",
    "-v",
    "-trimpath",
    "-buildvcs=false",
    // Every compiler takes up to 1 GB for the largest packages: no more of them than that allows.
    `-p=${Math.min(availableParallelism(), 8)}`,
    `-ldflags=${["-s -w", ...values].join(" ")}`,
    `-o=${output}`,
    ...entries.map(([, mainPackage]) => mainPackage),
  ];
}

/** What killed builders have left; the caller holds the lock, so no other builder is at work. */
function removeLeftovers(destination: string): void {
  const [folder, name] = [path.dirname(destination), path.basename(destination)];
  for (const entry of readdirSync(folder).filter((other) =>
    other.startsWith(`${name}.building-`),
  )) {
    rmSync(path.join(folder, entry), { recursive: true, force: true });
  }
}

/** Somebody else may have been quicker, from the same sources: then theirs is as good. */
function moveIntoPlace(scratch: string, destination: string): void {
  try {
    renameSync(scratch, destination);
  } catch (error) {
    if (!isErrno(error, "ENOTEMPTY") && !isErrno(error, "EEXIST")) {
      throw error;
    }
  }
}
