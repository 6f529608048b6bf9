/**
 * What reading vCenter costs: the first inventory, reading everything again, and following what changes.
 *
 * The baseline is a client that fetches the same pages and throws them away (support/bare-reader.ts), in the same run.
 */

import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { scratchDir } from "../hack/stack/scratch.ts";
import type { Simulator } from "../hack/stack/simulator.ts";
import { startStack, type TwoVcenterStack } from "../hack/stack/stack.ts";
import { defaultTimings } from "../src/vsphere/timings.ts";
import type { BareRead } from "./support/bare-reader.ts";
import { makeSite } from "./support/large-site.ts";
import { median, type Row, report } from "./support/report.ts";
import { until } from "./support/until.ts";

/** In each of the two vCenters. */
const size = { machines: 5_000, hosts: 250, nodes: 1_000 };
const title = "10,000 machines on 500 hosts in 2 vCenters, 2,000 of them Kubernetes nodes";
const rounds = 3;
const steadySeconds = 60;
const changeEverySeconds = 15;
/** Between full reads. */
const fullReadSeconds = defaultTimings.fullReadMs / 1_000;
/** What a regular full read calls; a new session also logs in and has everything told by the watch. */
const methodsOfFullRead = new Set([
  "RetrievePropertiesEx",
  "ContinueRetrievePropertiesEx",
  "CurrentTime",
]);

async function main(): Promise<void> {
  console.log(`${title}: starting`);
  const dir = await scratchDir("bench");
  const site = makeSite(size);
  const write = (name: "east" | "west"): string => {
    const file = join(dir, `${name}.json`);
    writeFileSync(file, JSON.stringify(site[name]));
    return file;
  };
  const fleets = { east: write("east"), west: write("west") };
  const stack = await startStack({ dir: join(dir, "stack"), fleets, say: console.log });
  try {
    const rows = await new Bench(stack).run();
    if (!report("inventory", [{ title, rows }])) process.exitCode = 1;
  } finally {
    await stack.stop();
  }
}

interface FullRead {
  readonly cpuS: number;
  readonly wallS: number;
  readonly blockMs: number;
  /** Of those that a regular full read makes, to both vCenters. */
  readonly calls: number;
}

class Bench {
  readonly #stack: TwoVcenterStack;
  readonly #vcenters: readonly Simulator[];

  constructor(stack: TwoVcenterStack) {
    this.#stack = stack;
    this.#vcenters = [stack.simulators.east, stack.simulators.west];
  }

  async run(): Promise<Row[]> {
    await this.#replica.stop();
    const alone: BareRead[] = [];
    for (let round = 0; round < rounds; round++) alone.push(await this.#readAlone());
    const first: { wallS: number; cpuS: number }[] = [];
    for (let round = 0; round < rounds; round++) {
      if (round > 0) await this.#replica.stop();
      first.push(await this.#firstInventory());
    }
    await sleep(5_000);
    const full: FullRead[] = [];
    for (let round = 0; round < rounds; round++) full.push(await this.#readAgain());
    const steady = await this.#follow();
    const aloneCpuS = median(alone.map(({ cpuS }) => cpuS));
    const fullCpuS = median(full.map(({ cpuS }) => cpuS));
    const fullCalls = median(full.map(({ calls }) => calls)) / this.#vcenters.length;
    const shareWithFull = steady.cpuShare + fullCpuS / fullReadSeconds;
    return [
      row("baseline: the same pages fetched and thrown away", wallOf(alone), "s"),
      row("baseline: CPU of that", aloneCpuS, "s"),
      row("baseline: longest event-loop block of that", blockOf(alone), "ms"),
      row("process start to first inventory", wallOf(first), "s", 8),
      row("  against the baseline", wallOf(first) / wallOf(alone), "times"),
      row("CPU until then", median(first.map(({ cpuS }) => cpuS)), "s"),
      row("everything read again: CPU", fullCpuS, "s", 5),
      row("  against the baseline", fullCpuS / aloneCpuS, "times"),
      row("everything read again: longest event-loop block", blockOf(full), "ms", 100),
      row("steady state: share of one core", 100 * steady.cpuShare, "%"),
      row("  with a full read every 5 minutes", 100 * shareWithFull, "%", 5),
      row("steady state: calls to each vCenter", steady.callsPerSecond, "calls/s"),
      row(
        "  with a full read every 5 minutes",
        steady.callsPerSecond + fullCalls / fullReadSeconds,
        "calls/s",
        1,
      ),
      row("steady state: memory (RSS)", steady.rssMib, "MiB", 256),
      row("peak memory (RSS)", memoryMib(this.#replica.pid(), "VmHWM"), "MiB"),
    ];
  }

  get #replica() {
    const [replica] = this.#stack.replicas;
    if (replica === undefined) throw new Error("the stack runs no gpuinfo");
    return replica;
  }

  async #readAlone(): Promise<BareRead> {
    const child = fork(new URL("support/bare-reader.ts", import.meta.url), { execArgv: [] });
    const vcenters = this.#vcenters.map(({ url, username, password, caPem }) => ({
      url,
      username,
      password,
      caPem,
      insecure: false,
    }));
    const ended = once(child, "exit");
    const answer = once(child, "message");
    child.send({ vcenters, followed: size.nodes });
    const failed = ended.then(() => {
      throw new Error("the client of the baseline ended without an answer");
    });
    const [took]: BareRead[] = await Promise.race([answer, failed]);
    failed.catch(() => undefined);
    await ended;
    if (took === undefined) throw new Error("the client of the baseline gave no answer");
    return took;
  }

  async #firstInventory(): Promise<{ wallS: number; cpuS: number }> {
    const startedAt = performance.now();
    await this.#replica.start();
    await until(
      () => this.#isComplete(),
      () => "the inventory is not complete",
    );
    return {
      wallS: (performance.now() - startedAt) / 1_000,
      cpuS: cpuSeconds(this.#replica.pid()),
    };
  }

  async #isComplete(): Promise<boolean> {
    const metrics = await this.#metrics();
    return (
      sumOf(metrics, "gpuinfo_inventory_objects", 'kind="virtual_machine"') === 2 * size.machines &&
      sumOf(metrics, "gpuinfo_inventory_objects", 'kind="watched_virtual_machine"') ===
        2 * size.nodes
    );
  }

  /** A session that ends makes everything be read anew, as the regular full read does, and logs in besides. */
  async #readAgain(): Promise<FullRead> {
    const pid = this.#replica.pid();
    const logins = sumOf(await this.#metrics(), "gpuinfo_vcenter_logins_total");
    await this.#resetCalls();
    const before = cpuSeconds(pid);
    const startedAt = performance.now();
    for (const vcenter of this.#vcenters) await vcenter.control("/sessions/expire", {});
    let ages = Number.POSITIVE_INFINITY;
    await until(
      async () => {
        const metrics = await this.#metrics();
        ages = maxOf(metrics, "gpuinfo_inventory_age_seconds");
        const since = (performance.now() - startedAt) / 1_000;
        const again = sumOf(metrics, "gpuinfo_vcenter_logins_total") === logins + 2;
        return again && ages < since && (await this.#isComplete());
      },
      () => `the inventory is ${ages} s old`,
    );
    const wallS = (performance.now() - startedAt) / 1_000;
    // Lets what was read reach whoever listens.
    await sleep(2_000);
    const blockMs = maxOf(await this.#metrics(), "nodejs_eventloop_lag_max_seconds") * 1_000;
    const calls = await this.#calls((method) => methodsOfFullRead.has(method));
    return { cpuS: cpuSeconds(pid) - before, wallS, blockMs, calls };
  }

  /** Machines move to and fro meanwhile, as DRS moves them. */
  async #follow(): Promise<{ cpuShare: number; callsPerSecond: number; rssMib: number }> {
    const pid = this.#replica.pid();
    await this.#resetCalls();
    const before = cpuSeconds(pid);
    const startedAt = performance.now();
    for (let moves = 0; performance.now() - startedAt < steadySeconds * 1_000; moves++) {
      await this.#moveOne(moves);
      await sleep(changeEverySeconds * 1_000);
    }
    const lastedS = (performance.now() - startedAt) / 1_000;
    return {
      cpuShare: (cpuSeconds(pid) - before) / lastedS,
      callsPerSecond: (await this.#calls()) / this.#vcenters.length / lastedS,
      rssMib: memoryMib(pid, "VmRSS"),
    };
  }

  async #moveOne(moves: number): Promise<void> {
    for (const [index, vcenter] of this.#vcenters.entries()) {
      const name = index === 0 ? "east" : "west";
      const host = `esxi-${1 + (moves % 2)}.${name}.example.com`;
      await vcenter.control("/vmotion", { vm: `${name}-0`, host });
    }
  }

  async #resetCalls(): Promise<void> {
    for (const { controlUrl } of this.#vcenters)
      await fetch(`${controlUrl}/calls`, { method: "DELETE" });
  }

  async #calls(counts: (method: string) => boolean = () => true): Promise<number> {
    let sum = 0;
    for (const { controlUrl } of this.#vcenters) {
      const calls: Record<string, number> = JSON.parse(
        await (await fetch(`${controlUrl}/calls`)).text(),
      );
      for (const [method, count] of Object.entries(calls)) sum += counts(method) ? count : 0;
    }
    return sum;
  }

  async #metrics(): Promise<string> {
    return (await fetch(this.#replica.metricsUrl)).text();
  }
}

function row(what: string, value: number, unit: Row["unit"], goal?: number): Row {
  return { what, value, unit, ...(goal !== undefined && { goal }) };
}

function wallOf(reads: readonly { readonly wallS: number }[]): number {
  return median(reads.map(({ wallS }) => wallS));
}

/** The worst of all rounds: it is to be never longer. */
function blockOf(reads: readonly { readonly blockMs: number }[]): number {
  return Math.max(...reads.map(({ blockMs }) => blockMs));
}

function valuesOf(metrics: string, name: string, label = ""): number[] {
  return metrics
    .split("\n")
    .filter((line) => /^[a-z_]+/.exec(line)?.[0] === name && line.includes(label))
    .map((line) => Number(line.slice(line.lastIndexOf(" ") + 1)));
}

function sumOf(metrics: string, name: string, label?: string): number {
  return valuesOf(metrics, name, label).reduce((sum, value) => sum + value, 0);
}

/** Infinite where there is no such metric. */
function maxOf(metrics: string, name: string): number {
  const values = valuesOf(metrics, name);
  return values.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...values);
}

const ticksPerSecond = 100;

function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

function memoryMib(pid: number, field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) / 1_024;
}

await main();
