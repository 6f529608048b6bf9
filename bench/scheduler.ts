/**
 * How many annotated pods a second a real kube-scheduler binds, at 1,000 and 5,000 KWOK nodes, with our extender.
 *
 * It runs with the shipped configuration: addresses aside, only the limit on its own calls of the API server is raised,
 * which would be all that is measured (50 a second). Compared are, in turns in the same run: our extender; a bare Node
 * https server that replays our recorded answer and parses nothing; no extender at all. The nodes have room for every
 * pod, so the list that is asked about, and with it the right answer, stays the same. Pods are made while nobody
 * schedules, as the webhook leaves them but without node affinity, so that the extender is asked about every node. Where
 * gpuinfo is not asked they lack the label by which it follows them, so that it rests.
 *
 * The other comparison is that affinity: pods that go through the webhook, of which one node in ten is left to ask about.
 *
 * A rate is taken from the API server's own record: a watch shows the bindings, this process's monotonic clock times
 * them (the PodScheduled condition has whole seconds), and the pods bound first are warm-up. KWOK and the other scheduler
 * stand still meanwhile: kubelets run elsewhere. `--quick` makes fewer rounds.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Scheduler } from "../hack/stack/placement/scheduler.ts";
import type { SchedulerConfig } from "../hack/stack/placement/scheduler-config.ts";
import { rootOf } from "../hack/stack/pod/local-pod.ts";
import { placeOf } from "../hack/stack/pod/pod-files.ts";
import { scratchDir } from "../hack/stack/scratch.ts";
import { type PlacingStack, startStack } from "../hack/stack/stack.ts";
import { writeRecord } from "../src/api/injected.ts";
import { annotationKeys, labelKeys } from "../src/api/names.ts";
import type { Requirement } from "../src/selection/model.ts";
import {
  makePlacingFleet,
  type NodeKind,
  narrowNeeds,
  type PlacingFleet,
  wideNeeds,
} from "./support/placing-fleet.ts";
import { aPod, PodWaves } from "./support/pod-wave.ts";
import { post } from "./support/post.ts";
import { median, type Row, report, type Section } from "./support/report.ts";
import { ServerProcess } from "./support/server-process.ts";
import { until } from "./support/until.ts";

interface Case {
  readonly nodes: number;
  /** In each wave; the first fifth is warm-up. */
  readonly pods: number;
}

const cases: readonly Case[] = [
  { nodes: 1_000, pods: 300 },
  { nodes: 5_000, pods: 120 },
];
const quick = process.argv.includes("--quick");
const rounds = quick ? 1 : 3;
const roundsOfAffinity = quick ? 1 : 3;
const ownName = "gpuinfo-scheduler";
const goalAgainstReplay = 0.9;
/** Calls a second of kube-scheduler to the API server; 50 unless it is configured. */
const qps = 10_000;

type Labels = Readonly<Record<string, string>>;
/** gpuinfo follows the pods that the webhook has labelled, and expects load where they go. */
const managedLabel: Labels = { [labelKeys.managed]: "true" };
const notOurs: Labels = {};

const fittingKind: ReadonlyMap<Requirement, NodeKind> = new Map([
  [wideNeeds, "long"],
  [narrowNeeds, "gpu"],
]);

async function main(): Promise<void> {
  const sections: Section[] = [];
  for (const one of cases) {
    console.log(`${one.nodes} nodes: starting`);
    sections.push(...(await measure(one)));
  }
  if (!report("scheduler", sections)) process.exitCode = 1;
}

async function measure(one: Case): Promise<Section[]> {
  const fleet = makePlacingFleet(one.nodes);
  const dir = await scratchDir("bench");
  const file = join(dir, "fleet.json");
  writeFileSync(file, JSON.stringify(fleet.file));
  const stack = await startStack({ dir: join(dir, "stack"), fleet: file, placement: "scheduler" });
  try {
    const bench = await Bench.start(stack, fleet, one);
    try {
      return [await bench.againstReplay(), await bench.withAffinity()];
    } finally {
      await bench.close();
    }
  } finally {
    await stack.stop();
  }
}

class Bench {
  readonly #stack: PlacingStack;
  readonly #scheduler: Scheduler;
  readonly #fleet: PlacingFleet;
  readonly #case: Case;
  readonly #waves: PodWaves;
  readonly #replay: ServerProcess;
  readonly #webhook: Webhook;

  private constructor(
    stack: PlacingStack,
    scheduler: Scheduler,
    fleet: PlacingFleet,
    one: Case,
    { waves, replay, webhook }: { waves: PodWaves; replay: ServerProcess; webhook: Webhook },
  ) {
    this.#stack = stack;
    this.#scheduler = scheduler;
    this.#fleet = fleet;
    this.#case = one;
    this.#waves = waves;
    this.#replay = replay;
    this.#webhook = webhook;
  }

  static async start(stack: PlacingStack, fleet: PlacingFleet, one: Case): Promise<Bench> {
    const { own } = stack.schedulers;
    if (own === undefined) throw new Error("the stack has no gpuinfo-scheduler");
    await untilLabelled(stack, fleet);
    await stack.schedulers.default.stop();
    await stack.kwok.stop();
    await own.stop();
    const { api, kubeconfig } = stack.controlPlane;
    const webhook = await Webhook.of(stack);
    const waves = await PodWaves.start(api, kubeconfig);
    const here = new URL("./support/replay-process.ts", import.meta.url);
    const servingDir = servingDirOf(stack);
    const replay = await ServerProcess.start(here, { servingDir });
    return new Bench(stack, own, fleet, one, { waves, replay, webhook });
  }

  async close(): Promise<void> {
    await this.#waves.close();
    await this.#replay.stop();
  }

  async againstReplay(): Promise<Section> {
    await this.#withoutWebhook();
    await this.#record(wideNeeds);
    const { extenders: _, ...none } = this.#ours;
    const replayed = this.#config(`https://127.0.0.1:${this.#replay.port}`);
    const [ours = [], replay = [], alone = []] = await this.#inTurns(rounds, [
      async () => this.#wave(wideNeeds, this.#ours),
      async () => this.#wave(wideNeeds, replayed, notOurs),
      async () => this.#wave(wideNeeds, none, notOurs),
    ]);
    const { nodes, pods } = this.#case;
    const title = `${count(nodes)} nodes, all asked about, 60 % fit; ${pods} pods, ${rounds} rounds`;
    return {
      title,
      rows: [
        row("no extender", median(alone), "pods/s"),
        row("replay", median(replay), "pods/s"),
        row("ours", median(ours), "pods/s"),
        row("  against the replay", ratio(ours, replay), "times", goalAgainstReplay),
        row("  against no extender", ratio(ours, alone), "times"),
      ],
    };
  }

  async withAffinity(): Promise<Section> {
    const [all = [], narrowed = []] = await this.#inTurns(roundsOfAffinity, [
      async () => {
        await this.#withoutWebhook();
        return this.#wave(narrowNeeds, this.#ours);
      },
      async () => {
        await this.#withWebhook();
        return this.#wave(narrowNeeds, this.#ours);
      },
    ]);
    const { nodes, pods } = this.#case;
    const title = `${count(nodes)} nodes, 10 % fit; ${pods} pods, ${roundsOfAffinity} rounds`;
    return {
      title,
      rows: [
        row("ours, asked about all nodes", median(all), "pods/s"),
        row("ours, narrowed first by the webhook's affinity", median(narrowed), "pods/s"),
        row("  against all", ratio(narrowed, all), "times"),
      ],
    };
  }

  /** The rates of each, in the order given. The first turn is not counted: it is the compiler's, and paid once. */
  async #inTurns(times: number, waves: readonly (() => Promise<number>)[]): Promise<number[][]> {
    const rates: number[][] = waves.map(() => []);
    for (const wave of waves) await wave();
    for (let round = 0; round < times; round++) {
      for (const [index, wave] of waves.entries()) rates[index]?.push(await wave());
      const shown = rates.map((one) => one.at(-1)?.toFixed(0)).join(", ");
      console.log(`  round ${round + 1}: ${shown} pods/s`);
    }
    return rates;
  }

  async #wave(
    needs: Requirement,
    config: SchedulerConfig,
    labels: Labels = managedLabel,
  ): Promise<number> {
    const { pods } = this.#case;
    await this.#waves.create(pods, (index) => this.#pod(index, needs, labels));
    await this.#scheduler.start(config);
    const { podsPerSecond, nodes } = await this.#waves.bound(pods, pods / 5);
    await this.#scheduler.stop();
    await this.#waves.removeAll();
    if (config.extenders !== undefined) this.#check(needs, nodes);
    return podsPerSecond;
  }

  /** As the webhook leaves it, without the affinity; each prefers another node. */
  #pod(index: number, needs: Requirement, labels = managedLabel): object {
    const { gpu, hours } = needs;
    const fitting = [...this.#fleet.kinds].filter(([, kind]) => kind === fittingKind.get(needs));
    const [preferredNode = ""] = fitting[index % fitting.length] ?? [];
    const record = { at: new Date().toISOString(), gpu, hours, required: [], preferredNode };
    const annotations = {
      [annotationKeys.gpuRequired]: String(gpu),
      [annotationKeys.desAccTime]: String(hours),
      [annotationKeys.injected]: writeRecord(record),
    };
    return aPod(index, { labels, annotations, schedulerName: ownName });
  }

  #check(needs: Requirement, nodes: readonly string[]): void {
    const { kinds } = this.#fleet;
    const wrong = nodes.filter((node) => kinds.get(node) !== fittingKind.get(needs));
    if (wrong.length > 0) throw new Error(`${wrong.length} pods are on nodes such as ${wrong[0]}`);
  }

  get #gpuinfo() {
    const [replica] = this.#stack.replicas;
    if (replica === undefined) throw new Error("the stack runs no gpuinfo");
    return replica;
  }

  get #ours(): SchedulerConfig {
    return this.#config(this.#gpuinfo.extenderUrl);
  }

  #config(urlPrefix: string): SchedulerConfig {
    const { clientConnection, extenders = [], ...rest } = this.#scheduler.config;
    return {
      ...rest,
      clientConnection: { ...clientConnection, qps, burst: qps },
      extenders: extenders.map((entry) => ({ ...entry, urlPrefix })),
    };
  }

  /** Hands our answers to the replay. */
  async #record(needs: Requirement): Promise<void> {
    const { extender } = this.#stack;
    if (extender === undefined) throw new Error("the stack has no extender");
    const access = { ...extender, url: this.#gpuinfo.extenderUrl };
    const asked = { Pod: this.#pod(0, needs), Nodes: null };
    const names = [...this.#fleet.kinds.keys()];
    const filter = await post(access, "/filter", { ...asked, NodeNames: names });
    const { NodeNames }: { NodeNames: readonly string[] } = JSON.parse(filter);
    const prioritize = await post(access, "/prioritize", { ...asked, NodeNames });
    await this.#replay.tell({ answers: { "/filter": filter, "/prioritize": prioritize } });
  }

  async #withoutWebhook(): Promise<void> {
    await this.#webhook.remove();
    await this.#untilAffinity(false);
  }

  async #withWebhook(): Promise<void> {
    await this.#webhook.restore();
    await this.#untilAffinity(true);
  }

  async #untilAffinity(wanted: boolean): Promise<void> {
    await until(
      async () => {
        const { spec } = await this.#waves.dryRun(this.#pod(0, narrowNeeds));
        return (spec.affinity !== undefined) === wanted;
      },
      () => `pods ${wanted ? "lack" : "still get"} the webhook's affinity`,
    );
  }
}

/** The webhook as the API server knows it. */
class Webhook {
  readonly #api: PlacingStack["controlPlane"]["api"];
  readonly #configuration: object;
  #isThere = true;

  private constructor(api: PlacingStack["controlPlane"]["api"], configuration: object) {
    this.#api = api;
    this.#configuration = configuration;
  }

  static readonly #path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

  static async of({ controlPlane: { api } }: PlacingStack): Promise<Webhook> {
    const found = await api.call<{ readonly metadata: object; readonly webhooks: unknown }>(
      "GET",
      `${Webhook.#path}/gpuinfo`,
    );
    return new Webhook(api, { metadata: { name: "gpuinfo" }, webhooks: found.webhooks });
  }

  async remove(): Promise<void> {
    if (this.#isThere) await this.#api.call("DELETE", `${Webhook.#path}/gpuinfo`);
    this.#isThere = false;
  }

  async restore(): Promise<void> {
    if (!this.#isThere) await this.#api.call("POST", Webhook.#path, this.#configuration);
    this.#isThere = true;
  }
}

/** Resolves once gpuinfo has labelled all nodes: a Node update would make the scheduler work. */
async function untilLabelled({ controlPlane }: PlacingStack, { kinds }: PlacingFleet) {
  const labels = [labelKeys.gpu, labelKeys.availableUntil, labelKeys.esxiHost].join(",");
  const path = `/api/v1/nodes?labelSelector=${encodeURIComponent(labels)}`;
  let labelled = 0;
  await until(
    async () => {
      const { items } = await controlPlane.api.call<{ readonly items: readonly unknown[] }>(
        "GET",
        path,
      );
      labelled = items.length;
      if (labelled < kinds.size) await sleep(1_000);
      return labelled === kinds.size;
    },
    () => `${labelled} of ${kinds.size} nodes are labelled`,
  );
}

/** Where gpuinfo has its own certificate. */
function servingDirOf({ home, replicas: [replica] }: PlacingStack): string {
  return placeOf(rootOf(home, replica?.name ?? ""), "/etc/gpuinfo/tls");
}

function row(what: string, value: number, unit: Row["unit"], least?: number): Row {
  return { what, value, unit, ...(least !== undefined && { least }) };
}

/** Round by round, since the machine is not equally quick all the time. */
function ratio(ours: readonly number[], baseline: readonly number[]): number {
  return median(ours.map((value, round) => value / (baseline[round] ?? Number.NaN)));
}

function count(nodes: number): string {
  return nodes.toLocaleString("en");
}

await main();
