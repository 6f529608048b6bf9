import { execFileSync } from "node:child_process";
import { mkdtempSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readEnvFile, writeEnvFile } from "../../../hack/stack/env-file.ts";

const file = path.join(mkdtempSync(path.join(tmpdir(), "gpuinfo-env-")), "env");

function valueInShell(): string {
  return execFileSync("sh", ["-c", `. "${file}"; printf %s "$X"`], { encoding: "utf8" });
}

describe("the env file", () => {
  it("is not there before it is written", () => {
    expect(readEnvFile(`${file}.none`)).toBeUndefined();
  });

  it("holds plain values without quotes, one per line", () => {
    writeEnvFile(file, { KUBECONFIG: "/a/b", METRICS_URL: "http://127.0.0.1:1/metrics" });
    expect(execFileSync("cat", [file], { encoding: "utf8" })).toBe(
      "KUBECONFIG=/a/b\nMETRICS_URL=http://127.0.0.1:1/metrics\n",
    );
  });

  it("is for its owner's eyes only", () => {
    writeEnvFile(file, { X: "1" });
    expect(statSync(file).mode & 0o077).toBe(0);
  });

  const awkward = [
    "",
    "a b",
    "$HOME",
    "`id`",
    "it's",
    "'",
    "''",
    '"',
    "\\",
    "a;b",
    "*",
    "ü",
    "~",
    "x#y",
  ];
  it.each(awkward)("gives a shell exactly %j", (value) => {
    writeEnvFile(file, { X: value });
    expect(valueInShell()).toBe(value);
  });

  it("reads back what was written", () => {
    const values = fc.string().filter((text) => !/[\n\0]/.test(text));
    fc.assert(
      fc.property(values, (value) => {
        writeEnvFile(file, { X: value, Y: "1" });
        expect(readEnvFile(file)).toEqual({ X: value, Y: "1" });
      }),
    );
  });
});
