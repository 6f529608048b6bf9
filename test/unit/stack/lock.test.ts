import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { ownIdentity } from "../../../hack/stack/process/identity.ts";
import { lock, lockHolder, tryLock } from "../../../hack/stack/process/lock.ts";

let file = "";

beforeEach(() => {
  file = path.join(mkdtempSync(path.join(tmpdir(), "gpuinfo-lock-")), "folder", "x.lock");
});

describe("a lock file", () => {
  it("is taken by one and names it to the next", () => {
    expect(tryLock(file)).toHaveProperty("release");
    expect(tryLock(file)).toEqual({ holder: ownIdentity() });
    expect(lockHolder(file)).toEqual(ownIdentity());
  });

  it("can be taken again once it is released", () => {
    const first = tryLock(file);
    if ("release" in first) {
      first.release();
    }
    expect(lockHolder(file)).toBeUndefined();
    expect(tryLock(file)).toHaveProperty("release");
  });

  const leftovers = [
    ["of a process that is gone", JSON.stringify({ pid: 2 ** 30, startedAt: "x" })],
    ["of an earlier process with our pid", JSON.stringify({ ...ownIdentity(), startedAt: "x" })],
    ["cut short", '{"pid":'],
    ["that is empty", ""],
    ["of another shape", "[]"],
  ] as const;
  it.each(leftovers)("is taken over from a leftover %s", (_, content) => {
    const first = tryLock(file);
    expect(first).toHaveProperty("release");
    writeFileSync(file, content);
    expect(lockHolder(file)).toBeUndefined();
    expect(tryLock(file)).toHaveProperty("release");
    expect(lockHolder(file)).toEqual(ownIdentity());
  });

  it("leaves no other files behind", () => {
    tryLock(file);
    tryLock(file);
    expect(readdirSync(path.dirname(file))).toEqual(["x.lock"]);
  });

  it("is waited for, and the wait is announced once", async () => {
    const first = tryLock(file);
    const announced: number[] = [];
    const second = lock(file, ({ pid }) => announced.push(pid));
    await expect.poll(() => announced).toEqual([process.pid]);
    if ("release" in first) {
      first.release();
    }
    (await second).release();
    expect(announced).toEqual([process.pid]);
  });
});
