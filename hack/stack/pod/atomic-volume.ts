/** Writes a volume's files the way the kubelet does: all of them change in one step, or none. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

const dataLink = "..data";

/** Content by path inside the volume. */
export type VolumeFiles = ReadonlyMap<string, Buffer>;

/**
 * Makes the volume in `dir` hold exactly `files`. Every file is a link through `..data`, which is
 * swapped by a rename, so a reader sees the old set or the new one. True when something changed.
 */
export function writeVolume(dir: string, files: VolumeFiles): boolean {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const link = path.join(dir, dataLink);
  const before = existsSync(link) ? path.join(dir, readlinkSync(link)) : undefined;
  if (before !== undefined && holds(before, files)) {
    return false;
  }
  swap(dir, link, writeGeneration(dir, files));
  linkVisibleNames(dir, topLevelNames(files));
  if (before !== undefined) {
    rmSync(before, { recursive: true, force: true });
  }
  return true;
}

function holds(generation: string, files: VolumeFiles): boolean {
  const present = readdirSync(generation, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(generation, path.join(entry.parentPath, entry.name)));
  return (
    present.length === files.size &&
    present.every(
      (name) => files.get(name)?.equals(readFileSync(path.join(generation, name))) === true,
    )
  );
}

function writeGeneration(dir: string, files: VolumeFiles): string {
  const generation = mkdtempSync(path.join(dir, "..generation_"));
  for (const [name, content] of files) {
    const file = path.join(generation, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content, { mode: 0o600 });
  }
  return generation;
}

function swap(dir: string, link: string, generation: string): void {
  const next = path.join(dir, "..data_tmp");
  rmSync(next, { force: true });
  symlinkSync(path.basename(generation), next);
  renameSync(next, link);
}

function linkVisibleNames(dir: string, names: ReadonlySet<string>): void {
  const present = readdirSync(dir).filter((name) => !name.startsWith(".."));
  for (const name of present.filter((candidate) => !names.has(candidate))) {
    rmSync(path.join(dir, name));
  }
  for (const name of [...names].filter((candidate) => !present.includes(candidate))) {
    symlinkSync(path.join(dataLink, name), path.join(dir, name));
  }
}

function topLevelNames(files: VolumeFiles): ReadonlySet<string> {
  return new Set([...files.keys()].map((name) => name.split("/")[0] ?? name));
}
