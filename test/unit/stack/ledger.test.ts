import { appendFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { openHome, type StackHome } from "../../../hack/stack/process/home.ts";
import {
  clearLedger,
  type LedgerEntry,
  readLedger,
  recordProcess,
} from "../../../hack/stack/process/ledger.ts";

let home: StackHome;

function anEntry(name: string): LedgerEntry {
  return { name, pid: 4_711, startedAt: "boot/123", logFile: `/tmp/${name}.log`, graceMs: 3_000 };
}

beforeEach(() => {
  home = openHome(mkdtempSync(path.join(tmpdir(), "gpuinfo-ledger-")));
});

describe("the ledger of started processes", () => {
  it("is empty before anything was started", () => {
    expect(readLedger(home)).toEqual([]);
  });

  it("keeps the order of the starts", () => {
    recordProcess(home, anEntry("etcd"));
    recordProcess(home, anEntry("kube-apiserver"));
    expect(readLedger(home)).toEqual([anEntry("etcd"), anEntry("kube-apiserver")]);
  });

  const damages = ['{"name":"kube-apis', "null", "{}", '{"name":"x","pid":"1","startedAt":"y"}'];
  it.each(damages)("skips a damaged line: %s", (line) => {
    recordProcess(home, anEntry("etcd"));
    appendFileSync(home.ledger, line);
    expect(readLedger(home)).toEqual([anEntry("etcd")]);
  });

  it("forgets everything when it is cleared", () => {
    recordProcess(home, anEntry("etcd"));
    clearLedger(home);
    expect(readLedger(home)).toEqual([]);
  });
});
