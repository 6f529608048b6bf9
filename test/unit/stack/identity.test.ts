import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import {
  endProcess,
  identityOf,
  isAlive,
  ownIdentity,
  type ProcessIdentity,
} from "../../../hack/stack/process/identity.ts";

/** A process that lasts; with `ignoreTerm` it has to be killed. */
async function aProcess(ignoreTerm = false): Promise<ProcessIdentity> {
  const program = `${ignoreTerm ? "process.on('SIGTERM', () => {});" : ""} console.log("up"); setInterval(() => {}, 1e6)`;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  const identity = identityOf(child.pid ?? 0);
  if (identity === undefined) {
    throw new Error("the process did not start");
  }
  return identity;
}

describe("identity of a process", () => {
  it("is the same whenever it is asked for", () => {
    expect(identityOf(process.pid)).toEqual(ownIdentity());
  });

  it("is none for a pid that nobody has", () => {
    expect(identityOf(2 ** 30)).toBeUndefined();
  });

  it("tells a later process with the same pid apart", () => {
    expect(isAlive(ownIdentity())).toBe(true);
    expect(isAlive({ ...ownIdentity(), startedAt: "another time" })).toBe(false);
  });

  it("is none for a zombie, whose parent has not yet asked how it ended", async () => {
    // The shell becomes a program that never waits for its child.
    const parent = spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 60"]);
    const [printed]: Buffer[] = await once(parent.stdout, "data");
    const child = Number(printed);
    await expect.poll(() => identityOf(child)).toBeUndefined();
    parent.kill("SIGKILL");
  });
});

describe("ending a process", () => {
  it("asks politely first", async () => {
    const identity = await aProcess();
    await endProcess(identity, "SIGTERM", 10_000);
    expect(isAlive(identity)).toBe(false);
  });

  it("kills what does not end in time", async () => {
    const identity = await aProcess(true);
    await endProcess(identity, "SIGTERM", 100);
    expect(isAlive(identity)).toBe(false);
  });

  it("leaves a process alone that only has the pid in common", async () => {
    const identity = await aProcess();
    await endProcess({ ...identity, startedAt: "another time" }, "SIGKILL", 100);
    expect(isAlive(identity)).toBe(true);
    await endProcess(identity, "SIGKILL", 1_000);
  });
});
