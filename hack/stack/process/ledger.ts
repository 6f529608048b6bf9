/** Remembers on disk which processes a stack started, so that they can be ended after any crash. */
import { appendFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import type { StackHome } from "./home.ts";
import type { ProcessIdentity } from "./identity.ts";

/** One started process, and how to end it. */
export interface LedgerEntry extends ProcessIdentity {
  readonly name: string;
  readonly logFile: string;
  /** How long it may take after SIGTERM before it is killed, in milliseconds. */
  readonly graceMs: number;
}

/** Written at once and to the end of the file: a crash loses no earlier entry. */
export function recordProcess(home: StackHome, entry: LedgerEntry): void {
  appendFileSync(home.ledger, `${JSON.stringify(entry)}\n`);
}

/** Every process ever recorded since the ledger was last cleared, in the order of their start. */
export function readLedger(home: StackHome): readonly LedgerEntry[] {
  if (!existsSync(home.ledger)) {
    return [];
  }
  return readFileSync(home.ledger, "utf8").split("\n").flatMap(parseLine);
}

export function clearLedger(home: StackHome): void {
  rmSync(home.ledger, { force: true });
}

/** A line cut short by a crash is dropped: its process is found by its marker instead. */
function parseLine(line: string): readonly LedgerEntry[] {
  try {
    const entry: Partial<LedgerEntry> = JSON.parse(line);
    const { name, pid, startedAt, logFile = "", graceMs = 0 } = entry;
    const isWhole =
      typeof name === "string" && typeof pid === "number" && typeof startedAt === "string";
    return isWhole ? [{ name, pid, startedAt, logFile, graceMs }] : [];
  } catch {
    return [];
  }
}
