import { lstatSync, mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { writeVolume } from "../../../hack/stack/pod/atomic-volume.ts";

let dir = "";

beforeEach(() => {
  dir = path.join(mkdtempSync(path.join(tmpdir(), "gpuinfo-volume-")), "volume");
});

function write(files: Readonly<Record<string, string>>): boolean {
  return writeVolume(
    dir,
    new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)])),
  );
}

function visible(): readonly string[] {
  return readdirSync(dir).filter((name) => !name.startsWith(".."));
}

function read(name: string): string {
  return readFileSync(path.join(dir, name), "utf8");
}

describe("a volume on disk", () => {
  it("is a folder even when it holds nothing", () => {
    expect(write({})).toBe(true);
    expect(visible()).toEqual([]);
    expect(write({})).toBe(false);
  });

  it("shows every file through one link that is swapped", () => {
    write({ a: "1", b: "2" });
    expect(visible()).toEqual(["a", "b"]);
    expect(lstatSync(path.join(dir, "a")).isSymbolicLink()).toBe(true);
    expect(lstatSync(path.join(dir, "..data")).isSymbolicLink()).toBe(true);
    expect([read("a"), read("b")]).toEqual(["1", "2"]);
  });

  it("follows a change of content, a new file and one that is gone", () => {
    write({ a: "1", b: "2" });
    expect(write({ a: "3", c: "4" })).toBe(true);
    expect(visible()).toEqual(["a", "c"]);
    expect([read("a"), read("c")]).toEqual(["3", "4"]);
  });

  it("is not touched when nothing changes", () => {
    write({ a: "1" });
    const before = statSync(dir).mtimeMs;
    expect(write({ a: "1" })).toBe(false);
    expect(statSync(dir).mtimeMs).toBe(before);
  });

  it.each([
    [{ a: "1" }, { a: "2" }],
    [{ a: "1" }, { b: "1" }],
    [{ a: "1" }, { a: "1", b: "" }],
    [{ a: "1" }, {}],
  ])("tells %j from %j", (first, second) => {
    write(first);
    expect(write(second)).toBe(true);
  });

  it("keeps one generation of files only", () => {
    write({ a: "1" });
    write({ a: "2" });
    expect(readdirSync(dir).filter((name) => name.startsWith("..generation"))).toHaveLength(1);
  });

  it("has folders where a path asks for them", () => {
    write({ "tls/a.crt": "1", "tls/a.key": "2" });
    expect(visible()).toEqual(["tls"]);
    expect(read("tls/a.key")).toBe("2");
  });

  it("is for its owner's eyes only", () => {
    write({ a: "1" });
    expect(statSync(path.join(dir, "a")).mode & 0o077).toBe(0);
  });
});
