/** Builds what the container runs, and the local stack with it: dist/, with one file of code. See docs/adr/0006-bundle.md. */

import { cpSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";

const root = join(import.meta.dirname, "..");
const target = join(root, "dist/main.js");

/** Builds unless dist/ is newer than everything that it is made of. Several processes may do so at once. */
export async function ensureBuilt(): Promise<void> {
  const sources = [join(root, "src"), join(root, "package-lock.json"), import.meta.filename];
  const built = statSync(target, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (Math.max(...sources.map(newestIn)) >= built) await build();
}

async function build(): Promise<void> {
  mkdirSync(join(root, "dist"), { recursive: true });
  cpSync(join(root, "src/vsphere/wsdl"), join(root, "dist/wsdl"), { recursive: true });
  const bundle = await rolldown({
    cwd: root,
    input: join(root, "src/main.ts"),
    platform: "node",
    // Only what is large and little used is bundled. node-vsphere-soap could not be: it is no strict-mode code.
    external: ["axios", "express", "node-vsphere-soap", "pino", "prom-client", "soap", "zod"],
    treeshake: { moduleSideEffects: false },
  });
  // Written beside and then renamed, so that nobody ever starts half a file.
  const draft = `${target}.${process.pid}`;
  await bundle.write({ file: draft, format: "esm" });
  await bundle.close();
  renameSync(draft, target);
}

function newestIn(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestIn(join(path, name))));
}

if (import.meta.main) await build();
