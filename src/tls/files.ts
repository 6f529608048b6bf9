/** Reads the files of a mounted Secret all from one generation. */

import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";

/** The kubelet swaps this link when the Secret changes; the names beside it are links through it. */
const dataLink = "..data";
const attempts = 3;

export const fileNames = ["tls.crt", "tls.key", "ca.crt"] as const;
export type FileName = (typeof fileNames)[number];

/** Text by file name; undefined where the file, or the whole directory, is not there. */
export type Files = Readonly<Record<FileName, string | undefined>>;

/** @throws Error naming the file that is there and cannot be read */
export async function readFiles(dir: string): Promise<Files> {
  for (let attempt = 1; ; attempt += 1) {
    const generation = await generationOf(dir);
    const files = await readAll(generation);
    // The Secret changed while we read: what was read is half old, half gone.
    if (attempt === attempts || (await generationOf(dir)) === generation) return files;
  }
}

async function generationOf(dir: string): Promise<string> {
  return realpath(join(dir, dataLink)).catch(() => dir);
}

async function readAll(dir: string): Promise<Files> {
  const [cert, key, ca] = await Promise.all(fileNames.map((name) => readIfThere(join(dir, name))));
  return { "tls.crt": cert, "tls.key": key, "ca.crt": ca };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`cannot read ${path}: ${why}`, { cause });
  }
}
