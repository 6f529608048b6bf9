/**
 * How long it takes until every GPUInfo's status is right: after they are applied, and after a host enters maintenance.
 *
 * The baseline is what the API server itself needs: the same objects created, and the same statuses written by a client
 * that knows the answers beforehand. It is measured in the same run. The right answers come from the fleet, by a few lines
 * of their own (support/fleet.ts), not from the code under test.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { scratchDir } from "../hack/stack/scratch.ts";
import { type Stack, startStack } from "../hack/stack/stack.ts";
import type { GpuInfo, GpuInfoStatus } from "../src/api/gpuinfo.ts";
import { apiVersion, kind } from "../src/api/group.ts";
import { KubeClient } from "../src/kube/client.ts";
import { applyGpuInfoStatus } from "../src/kube/gpuinfo-status.ts";
import { Informer } from "../src/kube/informer.ts";
import { listWatch } from "../src/kube/list-watch.ts";
import { gpuInfos, pathOf } from "../src/kube/resource.ts";
import { type Fleet, type FleetSize, makeFleet, rightNode } from "./support/fleet.ts";
import { median, type Row, report, type Section } from "./support/report.ts";

interface Case extends FleetSize {
  readonly title: string;
  readonly gpuInfos: number;
  readonly goals: Readonly<
    Partial<Record<"firstInventoryS" | "applyS" | "maintenanceS" | "blockMs" | "rssMib", number>>
  >;
}

const cases: readonly Case[] = [
  {
    title: "1,000 machines, 50 hosts, 100 GPUInfos (cormachogan/gpuinfo: 47.2 s, 60 MB)",
    machines: 1_000,
    hosts: 50,
    nodes: 200,
    gpuInfos: 100,
    goals: { applyS: 1.5, rssMib: 150 },
  },
  {
    title: "5,000 machines, 200 hosts, 1,000 GPUInfos",
    machines: 5_000,
    hosts: 200,
    nodes: 1_000,
    gpuInfos: 1_000,
    goals: { firstInventoryS: 4, maintenanceS: 2, blockMs: 100, rssMib: 256 },
  },
];

const namespace = "default";
const rounds = 5;
/** Of the baseline, before and again after. */
const roundsAlone = 3;
const writers = 8;

/** The little that the benchmark looks at, read cheaply: it runs on the same cores as what it measures. */
interface Answer {
  readonly status: { readonly suitableNodeName?: string; readonly suitableHostName?: string };
}

function readAnswer(object: unknown): Answer {
  const hasStatus = typeof object === "object" && object !== null && "status" in object;
  return { status: hasStatus && typeof object.status === "object" ? (object.status ?? {}) : {} };
}

interface Ask {
  readonly name: string;
  readonly gpu: boolean;
  readonly hours: number;
}

function asks(count: number): Ask[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `gpu-${i}`,
    gpu: i % 2 === 0,
    hours: 1 + ((i * 13) % 140),
  }));
}

async function main(): Promise<void> {
  const sections: Section[] = [];
  for (const one of cases) {
    console.log(`${one.title}: starting`);
    sections.push({ title: one.title, rows: await measure(one) });
  }
  if (!report("reconcile", sections)) process.exitCode = 1;
}

async function measure(one: Case): Promise<Row[]> {
  const fleet = makeFleet(one);
  const dir = await scratchDir("bench");
  const file = join(dir, "fleet.json");
  writeFileSync(file, JSON.stringify(fleet.file));
  const stack = await startStack({ dir: join(dir, "stack"), fleet: file });
  const bench = new Bench(stack, fleet, asks(one.gpuInfos));
  try {
    return await bench.run(one);
  } finally {
    await bench.close();
    await stack.stop();
  }
}

class Bench {
  readonly #stack: Stack;
  readonly #fleet: Fleet;
  readonly #asks: readonly Ask[];
  readonly #client: KubeClient;
  readonly #informer: Informer<Answer>;
  /** By name of the GPUInfo, known before anything is timed. */
  readonly #right: ReadonlyMap<string, string>;

  constructor(stack: Stack, fleet: Fleet, wanted: readonly Ask[]) {
    this.#stack = stack;
    this.#fleet = fleet;
    this.#asks = wanted;
    this.#right = this.#rightAnswers(wanted);
    this.#client = new KubeClient({ kubeconfig: stack.controlPlane.kubeconfig });
    this.#informer = new Informer({
      name: "gpuinfoes",
      source: listWatch(this.#client, gpuInfos),
      parse: readAnswer,
      log: pino({ level: "silent" }),
    });
  }

  async close(): Promise<void> {
    await this.#informer.stop();
    await this.#client.close();
  }

  async run({ goals }: Case): Promise<Row[]> {
    this.#informer.start();
    await this.#informer.whenSynced();
    await this.#replica.stop();
    const alone: { created: number; changed: number }[] = [];
    const measureAlone = async () => {
      for (let round = 0; round < roundsAlone; round++) alone.push(await this.#writeAlone());
    };
    await measureAlone();

    const firstInventoryS = await seconds(async () => {
      await this.#replica.start();
      await this.#replica.untilReady();
    });
    await this.#untilLeading();
    const idleCalls = await this.#callsWhile(() => sleep(2_000));
    await this.#metric("nodejs_eventloop_lag_max_seconds");
    const applied: number[] = [];
    let callsOfOneApply = 0;
    for (let round = 0; round < rounds; round++) {
      callsOfOneApply = await this.#callsWhile(async () => {
        applied.push(await seconds(() => this.#applyAll()));
        await sleep(500);
      });
      if (round < rounds - 1) await this.#deleteAll();
    }
    const changed: number[] = [];
    for (let round = 0; round < rounds; round++) changed.push(await this.#maintenance());
    const blockMs = (await this.#metric("nodejs_eventloop_lag_max_seconds")) * 1_000;
    const peakMib = peakRssMib(this.#replica.pid());
    // Once more: an API server that has worked for minutes is slower than a fresh one.
    await this.#replica.stop();
    await this.#deleteAll();
    await measureAlone();

    const created = median(alone.map((one) => one.created));
    const changedAlone = median(alone.map((one) => one.changed));
    return [
      row("baseline: all created and written by a client that knows the answers", created, "s"),
      row("all statuses right after the apply", median(applied), "s", goals.applyS),
      row("  against the baseline", median(applied) / created, "times"),
      row("baseline: half of them rewritten by that client", changedAlone, "s"),
      row(
        "that half right after a host enters maintenance",
        median(changed),
        "s",
        goals.maintenanceS,
      ),
      row("  against the baseline", median(changed) / changedAlone, "times"),
      row("process start to first inventory", firstInventoryS, "s", goals.firstInventoryS),
      row("vCenter calls in 2 s of rest", idleCalls, "calls"),
      row("vCenter calls during one apply of all", callsOfOneApply, "calls"),
      row("longest event-loop block after the first inventory", blockMs, "ms", goals.blockMs),
      row("peak memory (RSS) of the process", peakMib, "MiB", goals.rssMib),
    ];
  }

  get #replica() {
    const [replica] = this.#stack.replicas;
    if (replica === undefined) throw new Error("the stack runs no gpuinfo");
    return replica;
  }

  /** All created and answered, then half of them (as many as leave a host) answered otherwise. */
  async #writeAlone(): Promise<{ created: number; changed: number }> {
    const created = await seconds(async () => {
      await inParallel(this.#asks, async (ask) => {
        await this.#create(ask);
        await this.#write(ask, this.#right.get(ask.name) ?? "");
      });
      await this.#until((ask) => this.#isRight(ask));
    });
    const half = this.#asks.filter(({ gpu }) => gpu);
    const changed = await seconds(async () => {
      await inParallel(half, (ask) => this.#write(ask, "another"));
      await this.#until((ask) => this.#status(ask)?.suitableNodeName === "another", half);
    });
    await this.#deleteAll();
    return { created, changed };
  }

  async #write(ask: Ask, node: string): Promise<void> {
    await applyGpuInfoStatus(this.#client, { metadata: meta(ask) }, statusLikeOurs(node));
  }

  async #applyAll(): Promise<void> {
    await inParallel(this.#asks, (ask) => this.#create(ask));
    await this.#until((ask) => this.#isRight(ask));
  }

  /** Puts the host that most GPUInfos name into maintenance, and takes it out again. */
  async #maintenance(): Promise<number> {
    const host = mostNamed(this.#asks.map((ask) => this.#status(ask)?.suitableHostName ?? ""));
    const affected = this.#asks.filter((ask) => this.#status(ask)?.suitableHostName === host);
    const right = this.#rightAnswers(affected, new Set([host]));
    const taken = await seconds(async () => {
      await this.#control("POST", "/maintenance", { host, state: "enter" });
      await this.#until(
        (ask) => this.#status(ask)?.suitableNodeName === right.get(ask.name),
        affected,
      );
    });
    console.log(`  ${affected.length} GPUInfos leave ${host}: ${taken.toFixed(2)} s`);
    await this.#control("POST", "/maintenance", { host, state: "exit" });
    await sleep(2_000);
    return taken;
  }

  #rightAnswers(wanted: readonly Ask[], down?: ReadonlySet<string>): ReadonlyMap<string, string> {
    return new Map(
      wanted.map((ask) => [ask.name, rightNode(this.#fleet, ask, down)?.name ?? "None available"]),
    );
  }

  #status(ask: Ask) {
    return this.#informer.get(`${namespace}/${ask.name}`)?.status;
  }

  #isRight(ask: Ask): boolean {
    return this.#status(ask)?.suitableNodeName === this.#right.get(ask.name);
  }

  async #create({ name, gpu, hours }: Ask): Promise<void> {
    const spec = { desAccTime: hours, gpuRequired: gpu };
    const body = { apiVersion, kind, metadata: { namespace, name }, spec };
    await this.#client.request({ method: "POST", path: pathOf(gpuInfos, { namespace }), body });
  }

  async #deleteAll(): Promise<void> {
    await this.#client.request({ method: "DELETE", path: pathOf(gpuInfos, { namespace }) });
    await this.#until((ask) => this.#informer.get(`${namespace}/${ask.name}`) === undefined);
  }

  async #until(holds: (ask: Ask) => boolean, of: readonly Ask[] = this.#asks): Promise<void> {
    const deadline = performance.now() + 60_000;
    let open = of.filter((ask) => !holds(ask));
    while (open.length > 0) {
      if (performance.now() > deadline)
        throw new Error(
          `${open.length} statuses are not right after 60 s, such as ${open[0]?.name}`,
        );
      await sleep(5);
      open = open.filter((ask) => !holds(ask));
    }
  }

  async #untilLeading(): Promise<void> {
    while ((await this.#metric("leader_election_master_status")) !== 1) await sleep(200);
  }

  async #callsWhile(work: () => Promise<unknown>): Promise<number> {
    await this.#control("DELETE", "/calls");
    await work();
    const calls: Record<string, number> = JSON.parse(await this.#control("GET", "/calls"));
    return Object.values(calls).reduce((sum, count) => sum + count, 0);
  }

  async #control(method: string, path: string, body?: unknown): Promise<string> {
    const response = await fetch(this.#stack.simulator.controlUrl + path, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return text;
  }

  async #metric(name: string): Promise<number> {
    const text = await (await fetch(this.#replica.metricsUrl)).text();
    return Number(new RegExp(`^${name}(?:{[^}]*})? (\\S+)$`, "m").exec(text)?.[1]);
  }
}

function row(what: string, value: number, unit: Row["unit"], goal?: number): Row {
  return { what, value, unit, ...(goal !== undefined && { goal }) };
}

function meta({ name }: Ask): GpuInfo["metadata"] {
  return { name, namespace, uid: "", generation: 1, resourceVersion: "" };
}

/** As large as what gpuinfo writes, so that it costs the API server as much. */
function statusLikeOurs(node: string): GpuInfoStatus {
  const condition = {
    status: "True",
    lastTransitionTime: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    observedGeneration: 1,
  } as const;
  return {
    suitableNodeName: node,
    suitableHostName: "esxi-0.example.com",
    nodeMemoryUsage: 1_024,
    nodeCPUUsage: 100,
    availableAcceleratorTime: 399,
    candidates: 500,
    rejected: { NoGpu: 500 },
    evaluatedTime: condition.lastTransitionTime,
    observedGeneration: 1,
    conditions: [
      {
        ...condition,
        type: "InventoryFresh",
        reason: "InventoryFresh",
        message: "vCenter answers",
      },
      {
        ...condition,
        type: "Ready",
        reason: "NodeFound",
        message: "500 of 1000 nodes fit: 500 NoGpu",
      },
    ],
  };
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: writers }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1_000;
}

function mostNamed(names: readonly string[]): string {
  const counts = Map.groupBy(names, (name) => name);
  return [...counts].toSorted(([, a], [, b]) => b.length - a.length)[0]?.[0] ?? "";
}

function peakRssMib(pid: number): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) / 1_024;
}

await main();
