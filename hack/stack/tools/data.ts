/** Copies files that come with a tool's module, such as its CRDs, beside the tool. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { ToolFamily } from "./families.ts";
import { runGo } from "./go.ts";

/** Every folder of the family's data becomes one of the same content below `destination`. */
export async function copyData(
  { data = {} }: ToolFamily,
  moduleFolder: string,
  destination: string,
): Promise<void> {
  for (const [name, { module, folder }] of Object.entries(data)) {
    const found = await runGo(moduleFolder, ["list", "-m", "-f", "{{.Dir}}", module], () => {});
    copyFiles(path.join(found.trim(), folder), path.join(destination, name));
  }
}

/** The copies are ours to remove: the files of Go's module cache are read-only. */
export function copyFiles(from: string, to: string): void {
  const entries = readdirSync(from, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((candidate) => candidate.isFile())) {
    const file = path.join(entry.parentPath, entry.name);
    const copy = path.join(to, path.relative(from, file));
    mkdirSync(path.dirname(copy), { recursive: true });
    writeFileSync(copy, readFileSync(file));
  }
}
