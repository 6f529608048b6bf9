/** Prints results as a table, and writes them with what is needed to compare them: hardware, versions, commit. */

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { arch, cpus, platform, release, totalmem } from "node:os";
import { dirname } from "node:path";

export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: "ms" | "s" | "MiB" | "calls" | "calls/s" | "%" | "times" | "pods" | "pods/s";
  /** What the value may be at most; absent for a baseline. */
  readonly goal?: number;
  /** What it must be at least, where more is better. */
  readonly least?: number;
}

export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
}

/** @returns whether every goal was reached */
export function report(name: string, sections: readonly Section[]): boolean {
  const surroundings = {
    cpu: cpus()[0]?.model.trim(),
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${arch()} ${release()}`,
    node: process.version,
    commit: commit(),
    date: new Date().toISOString().slice(0, 10),
  };
  console.log(
    `\n${surroundings.cpu}, ${surroundings.cores} cores, ${surroundings.memoryGib} GiB, ${surroundings.system}`,
  );
  console.log(`Node ${surroundings.node}, commit ${surroundings.commit}\n`);
  for (const { title, rows } of sections) {
    console.log(title);
    for (const row of rows) {
      const { what, value, unit } = row;
      console.log(
        `  ${what.padEnd(70)} ${String(round(value)).padStart(7)} ${unit.padEnd(6)}${wanted(row)}`,
      );
    }
    console.log();
  }
  const file = new URL(`../results/${name}.json`, import.meta.url).pathname;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(
    file,
    `${JSON.stringify({ surroundings, sections: sections.map(rounded) }, null, 2)}\n`,
  );
  return sections.every(({ rows }) => rows.every(isReached));
}

function rounded({ title, rows }: Section): Section {
  return { title, rows: rows.map((row) => ({ ...row, value: round(row.value) })) };
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}

function isReached({ value, goal = Number.POSITIVE_INFINITY, least = 0 }: Row): boolean {
  return value <= goal && value >= least;
}

function wanted(row: Row): string {
  const mark = isReached(row) ? "yes" : "NO";
  if (row.goal !== undefined) return ` wanted at most ${row.goal}: ${mark}`;
  return row.least === undefined ? "" : ` wanted at least ${row.least}: ${mark}`;
}

function commit(): string {
  const changed = git("status", "--porcelain", "--", "src", "deploy", "crd") !== "";
  return `${git("rev-parse", "--short", "HEAD")}${changed ? " with changes" : ""}`;
}

function git(...args: string[]): string {
  return execFileSync("git", args, { encoding: "utf8" }).trim();
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = low] = [
    sorted[Math.ceil(middle) - 1],
    sorted[Math.floor(middle)],
  ];
  return (low + high) / 2;
}
