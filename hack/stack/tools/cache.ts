/** Says where a tool family's binaries are kept: outside the tree, keyed by all that shapes them. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import type { ToolFamily } from "./families.ts";

/** Folder of everything that gpuinfo's developers share between checkouts. */
export function cacheRoot(env: NodeJS.ProcessEnv): string {
  const base = env["XDG_CACHE_HOME"] || path.join(homedir(), ".cache");
  return path.join(base, "gpuinfo", "tools");
}

/** What the binaries depend on, apart from the family itself. */
export interface BuildInputs {
  /** Absolute folder of the module. */
  readonly folder: string;
  /** Such as `go1.26.8`. */
  readonly goVersion: string;
  /** Such as `linux-amd64`. */
  readonly platform: string;
}

/** Name of the folder with the binaries: the same inputs give the same name on every machine. */
export function cacheKey(family: ToolFamily, inputs: BuildInputs): string {
  const hash = createHash("sha256");
  const { binaries, linkerValues, data } = family;
  const own = data === undefined ? [] : [data];
  hash.update(JSON.stringify([binaries, linkerValues, inputs.goVersion, inputs.platform, ...own]));
  for (const file of inputFiles(family, inputs.folder)) {
    hash.update(`\0${file}\0`).update(readFileSync(path.join(inputs.folder, file)));
  }
  return `${family.name}-${hash.digest("hex").slice(0, 16)}`;
}

function inputFiles(family: ToolFamily, folder: string): readonly string[] {
  if (!family.ownSources) {
    return ["go.mod", "go.sum"];
  }
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .filter(isSource)
    .toSorted();
}

/** Fleets, documents and tests are read at run time or never. */
function isSource(file: string): boolean {
  return !/_test\.go$|\.md$|(^|\/)(testdata|fleets)\//.test(file);
}
