import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readEnvFile } from "../../../hack/stack/env-file.ts";
import { homeAt } from "../../../hack/stack/process/home.ts";
import { isAlive } from "../../../hack/stack/process/identity.ts";
import { type LedgerEntry, readLedger } from "../../../hack/stack/process/ledger.ts";
import { scratchDir } from "../../../hack/stack/scratch.ts";
import { repositoryRoot } from "../../../hack/stack/tools/families.ts";
import { ensureTools } from "../../../hack/stack/tools.ts";
import { type Command, processesOf, run, startCommand } from "./commands.ts";

const withoutGpuinfo = ["--replicas", "0", "--placement", "off"];
let dir = "";

beforeAll(async () => {
  await ensureTools(["etcd", "kube-apiserver", "vcsim"], () => undefined);
}, 900_000);

/** Starts `up` and waits until it has started that many processes; they are then still getting ready. */
async function upHalfWay(processes: number): Promise<Command> {
  const command = startCommand("up", dir, ...withoutGpuinfo);
  await expect
    .poll(() => readLedger(homeAt(dir)).length, { timeout: 20_000, interval: 10 })
    .toBeGreaterThanOrEqual(processes);
  return command;
}

function liveEntries(): readonly LedgerEntry[] {
  return readLedger(homeAt(dir)).filter(isAlive);
}

describe("a launcher that does not come to its end", () => {
  beforeAll(async () => {
    dir = await scratchDir("launcher");
  });

  it.each([1, 3])("leaves nothing after SIGKILL at %i processes and `down`", async (processes) => {
    const command = await upHalfWay(processes);
    command.child.kill("SIGKILL");
    await command.ended;
    const recorded = readLedger(homeAt(dir));
    expect(liveEntries()).not.toEqual([]);
    expect(await run("down", dir)).toMatchObject({
      code: 0,
      output: expect.stringContaining("Ended "),
    });
    expect(recorded.filter(isAlive)).toEqual([]);
    expect(processesOf(dir)).toEqual([]);
  });

  it("leaves nothing when the ledger is lost as well", async () => {
    const command = await upHalfWay(2);
    command.child.kill("SIGKILL");
    await command.ended;
    writeFileSync(homeAt(dir).ledger, "");
    expect(processesOf(dir)).not.toEqual([]);
    expect(await run("down", dir)).toMatchObject({ code: 0 });
    expect(processesOf(dir)).toEqual([]);
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("cleans up by itself on %s", async (signal, code) => {
    const command = await upHalfWay(2);
    command.child.kill(signal);
    const { code: found, output } = await command.ended;
    expect(found).toBe(code);
    expect(output).toContain(`${signal}: ending what was started`);
    expect(output).not.toContain("Failed");
    expect(processesOf(dir)).toEqual([]);
    expect(existsSync(homeAt(dir).env)).toBe(false);
  });

  it("is ended by `down` while it is starting", async () => {
    const command = await upHalfWay(2);
    expect(await run("down", dir)).toMatchObject({ code: 0 });
    expect(await command.ended).toMatchObject({ code: 143 });
    expect(processesOf(dir)).toEqual([]);
  });

  it("is not joined by a second one", async () => {
    const command = await upHalfWay(1);
    const second = await run("up", dir, ...withoutGpuinfo);
    expect(second).toMatchObject({
      code: 1,
      output: expect.stringContaining(`process ${command.child.pid} is starting`),
    });
    command.child.kill("SIGTERM");
    await command.ended;
  });
});

describe("an unknown way of placing pods", () => {
  it("is refused with those that there are, before anything is started", async () => {
    dir = await scratchDir("bad-placement");
    const { code, output } = await run("up", dir, "--placement", "sheduler");
    expect(code).toBe(1);
    expect(output).toContain(
      "--placement=sheduler: accepted are scheduler, extender, affinity and off",
    );
    expect(processesOf(dir)).toEqual([]);
  });
});

describe("a component that cannot start", () => {
  it("is named with the end of its log, and nothing stays", async () => {
    dir = await scratchDir("bad-fleet");
    const fleet = path.join(dir, "fleet.json");
    writeFileSync(fleet, JSON.stringify({ datacenters: [{ name: "DC0", rooms: [] }] }));
    const { code, output } = await run("up", dir, "--fleet", fleet);
    expect(code).toBe(1);
    expect(output).toMatch(/Failed: vcsim ended while starting.*vcsim\.log:\n +\| .*rooms/s);
    expect(processesOf(dir)).toEqual([]);
    expect(existsSync(homeAt(dir).env)).toBe(false);
  });

  it.each([
    ["is not there", undefined],
    ["is no JSON", "{"],
  ])("is a fleet file that %s", async (_, content) => {
    dir = await scratchDir("bad-fleet");
    const fleet = path.join(dir, "fleet.json");
    if (content !== undefined) {
      writeFileSync(fleet, content);
    }
    const { code, output } = await run("up", dir, "--fleet", fleet);
    expect(code).toBe(1);
    expect(output).toContain(`the fleet file ${fleet} cannot be read`);
    expect(processesOf(dir)).toEqual([]);
  });
});

describe("a stack that is up", () => {
  beforeAll(async () => {
    dir = await scratchDir("up");
    const { code, output } = await run("up", dir, ...withoutGpuinfo);
    if (code !== 0) {
      throw new Error(output);
    }
  });
  afterAll(async () => run("down", dir));

  it("tells where everything is, with a kubectl that works", async () => {
    const env = readEnvFile(homeAt(dir).env) ?? {};
    expect(Object.keys(env)).toEqual(["KUBECONFIG", "KUBECTL", "VCSIM_URL", "VCSIM_CONTROL_URL"]);
    const nodes = execFileSync(env["KUBECTL"] ?? "", ["get", "nodes"], {
      env: { ...env, KUBECACHEDIR: path.join(dir, "kubectl-cache") },
      encoding: "utf8",
    });
    expect(nodes).toContain("worker-7");
    expect((await fetch(`${env["VCSIM_CONTROL_URL"]}/healthz`)).status).toBe(200);
  });

  it("is left alone by a second `up`", async () => {
    const [before, env] = [liveEntries(), readEnvFile(homeAt(dir).env)];
    const second = await run("up", dir, ...withoutGpuinfo);
    expect(second).toMatchObject({ code: 0, output: expect.stringContaining("up already") });
    expect(liveEntries()).toEqual(before);
    expect(readEnvFile(homeAt(dir).env)).toEqual(env);
  });

  it("is not exchanged for one with another fleet", async () => {
    const fleet = path.join(dir, "other.json");
    writeFileSync(fleet, JSON.stringify({ datacenters: [{ name: "DC0" }] }));
    const before = liveEntries();
    const other = await run("up", dir, ...withoutGpuinfo, "--fleet", fleet);
    expect(other).toMatchObject({
      code: 1,
      output: expect.stringContaining('run "make down" first'),
    });
    expect(liveEntries()).toEqual(before);
  });

  it("stays when another one beside it comes and goes", async () => {
    const other = await scratchDir("beside");
    const before = liveEntries();
    expect(await run("up", other, ...withoutGpuinfo)).toMatchObject({ code: 0 });
    const [ours, theirs] = [readEnvFile(homeAt(dir).env), readEnvFile(homeAt(other).env)];
    expect(theirs?.["VCSIM_URL"]).not.toBe(ours?.["VCSIM_URL"]);
    expect(theirs?.["KUBECONFIG"]).not.toBe(ours?.["KUBECONFIG"]);
    expect(await run("down", other)).toMatchObject({ code: 0 });
    expect(processesOf(other)).toEqual([]);
    expect(liveEntries()).toEqual(before);
  });

  it("is started anew when one of its processes has died", async () => {
    const victim = liveEntries().find(({ name }) => name === "etcd");
    process.kill(victim?.pid ?? 0, "SIGKILL");
    const again = await run("up", dir, ...withoutGpuinfo);
    expect(again).toMatchObject({ code: 0, output: expect.stringContaining("etcd has ended") });
    expect(liveEntries().length).toBe(readLedger(homeAt(dir)).length);
  });

  it("is gone after `down`, and a second `down` has nothing to do", async () => {
    expect(await run("down", dir)).toMatchObject({
      code: 0,
      output: expect.stringContaining("kube-apiserver"),
    });
    expect(processesOf(dir)).toEqual([]);
    expect(existsSync(homeAt(dir).env)).toBe(false);
    expect(await run("down", dir)).toMatchObject({ code: 0, output: "Nothing was running.\n" });
  });
});

describe("a stack in which pods are placed", () => {
  beforeAll(async () => {
    dir = await scratchDir("placing");
    const { code, output } = await run("up", dir);
    if (code !== 0) {
      throw new Error(output);
    }
  });
  afterAll(async () => run("down", dir));

  it("is what `up` starts by itself, and goes on working when `up` has returned", async () => {
    const env = readEnvFile(homeAt(dir).env) ?? {};
    const names = liveEntries().map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["kube-scheduler", "gpuinfo-scheduler", "kwok"]));
    const kubectl = (...args: readonly string[]): string =>
      execFileSync(env["KUBECTL"] ?? "", args, {
        cwd: repositoryRoot,
        env: { ...env, KUBECACHEDIR: path.join(dir, "kubectl-cache") },
        encoding: "utf8",
      });
    kubectl("apply", "-f", "samples/jobs/gpu-job.yaml");
    await expect
      .poll(() => kubectl("get", "pods", "-o=jsonpath={.items[*].spec.nodeName}"))
      .toBe("worker-4");
  });

  it("tells where the extender is, and what a client needs to ask it", () => {
    const env = readEnvFile(homeAt(dir).env) ?? {};
    expect(env["EXTENDER_URL"]).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(env["EXTENDER_SERVERNAME"]).toBe("gpuinfo-extender.gpuinfo-system.svc");
    const files = ["EXTENDER_CA", "EXTENDER_CERT", "EXTENDER_KEY"].map((key) => env[key] ?? "");
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
  });

  it("leaves nothing after `down`", async () => {
    expect(await run("down", dir)).toMatchObject({
      code: 0,
      output: expect.stringContaining("service-forwarder"),
    });
    expect(processesOf(dir)).toEqual([]);
  });
});
