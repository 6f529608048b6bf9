/**
 * How long kube-scheduler waits for the extender, at 1,000, 5,000 and 15,000 nodes of which 40 % are rejected.
 *
 * kube-scheduler's own client asks, over mutual TLS and one connection, one call at a time; its encoding and decoding
 * are in the figures. The baseline is the wire: a bare Node https server that replays our own answer and parses nothing.
 * Both are asked in turns in the same run. `--quick` makes fewer calls.
 */

import { readFileSync } from "node:fs";
import { request } from "node:https";
import { scratchDir } from "../hack/stack/scratch.ts";
import { aPod } from "../test/support/extender.ts";
import { ExtenderClient, type ExtenderServer } from "../test/support/extender-client.ts";
import { type ExtenderPki, issueExtenderPki, serverName } from "../test/support/extender-pki.ts";
import { manyNodes } from "../test/support/many-nodes.ts";
import { median, type Row, report, type Section } from "./support/report.ts";
import { ServerProcess } from "./support/server-process.ts";

type Verb = "filter" | "prioritize";
type Order = "shuffled" | "same";

const oursFile = new URL("./support/extender-process.ts", import.meta.url);
const replayFile = new URL("./support/replay-process.ts", import.meta.url);

const counts = [1_000, 5_000, 15_000] as const;
const verbs: readonly Verb[] = ["filter", "prioritize"];
const orders: readonly Order[] = ["shuffled", "same"];
const quick = process.argv.includes("--quick");
const turns = quick ? 4 : 8;
const callsPerTurn = quick ? 15 : 50;

const warmUpTurns = 3;

/** Times the replay; and p99 against our own p50. */
const goalAgainstReplay = 1.6;
const goalP99 = 5;
/** Times p99 of standing still. */
const goalWhileChanging = 1.5;

interface Latencies {
  readonly all: number[];
  /** The median of each turn. */
  readonly medians: number[];
}

async function main(): Promise<void> {
  const client = await ExtenderClient.start();
  const pki = await issueExtenderPki(await scratchDir("bench"));
  const sections: Section[] = [];
  for (const count of counts) {
    const servers = await Servers.start(client, pki, count);
    for (const verb of verbs) sections.push(await servers.compare(verb));
    sections.push(await servers.whileChanging());
    await servers.stop();
  }
  await client.stop();
  if (!report("extender", sections)) process.exitCode = 1;
}

class Servers {
  readonly #client: ExtenderClient;
  readonly #pki: ExtenderPki;
  readonly #names: readonly string[];
  readonly #ours: ServerProcess;
  readonly #replay: ServerProcess;

  private constructor(
    client: ExtenderClient,
    pki: ExtenderPki,
    {
      names,
      ours,
      replay,
    }: { names: readonly string[]; ours: ServerProcess; replay: ServerProcess },
  ) {
    this.#client = client;
    this.#pki = pki;
    this.#names = names;
    this.#ours = ours;
    this.#replay = replay;
  }

  static async start(client: ExtenderClient, pki: ExtenderPki, count: number): Promise<Servers> {
    const { servingDir } = pki;
    const ours = await ServerProcess.start(oursFile, {
      servingDir,
      nodes: count,
    });
    const replay = await ServerProcess.start(replayFile, { servingDir });
    const servers = new Servers(client, pki, { names: manyNodes(count).names, ours, replay });
    await servers.#record();
    return servers;
  }

  async stop(): Promise<void> {
    await Promise.all([this.#ours.stop(), this.#replay.stop()]);
  }

  async compare(verb: Verb): Promise<Section> {
    const rows: Row[] = [];
    for (const order of orders) {
      const { ours, replay } = await this.#inTurns(verb, order);
      const [p50, bare] = [median(ours.all), median(replay.all)];
      rows.push(
        row(`${described[order]}: replay, p50`, bare, "ms"),
        row(`${described[order]}: ours, p50`, p50, "ms"),
        row("  against the replay", ratio(ours, replay), "times", goalAgainstReplay),
        row(`${described[order]}: replay, p99`, p99(replay.all), "ms"),
        row(`${described[order]}: ours, p99`, p99(ours.all), "ms"),
        row("  against its p50", p99(ours.all) / p50, "times", goalP99),
      );
    }
    return { title: `${verb}, ${this.#names.length.toLocaleString("en")} nodes`, rows };
  }

  async whileChanging(): Promise<Section> {
    const still: number[] = [];
    const changing: number[] = [];
    for (let turn = 0; turn < turns; turn++) {
      still.push(...(await this.#ask(this.#ours, "filter", "shuffled")));
      await this.#ours.tell({ changing: true });
      changing.push(...(await this.#ask(this.#ours, "filter", "shuffled")));
      await this.#ours.tell({ changing: false });
    }
    const title = `filter, ${this.#names.length.toLocaleString("en")} nodes, 10 of them changing per second`;
    return {
      title,
      rows: [
        row("standing still, p50", median(still), "ms"),
        row("changing, p50", median(changing), "ms"),
        row("standing still, p99", p99(still), "ms"),
        row("changing, p99", p99(changing), "ms"),
        row("  against standing still", p99(changing) / p99(still), "times", goalWhileChanging),
      ],
    };
  }

  async #inTurns(verb: Verb, order: Order): Promise<{ ours: Latencies; replay: Latencies }> {
    const ours: Latencies = { all: [], medians: [] };
    const replay: Latencies = { all: [], medians: [] };
    // What the first calls of a process cost is its compiler's, and paid once.
    for (let turn = 0; turn < warmUpTurns; turn++) {
      for (const server of [this.#ours, this.#replay]) await this.#ask(server, verb, order);
    }
    for (let turn = 0; turn < turns; turn++) {
      for (const [server, latencies] of [
        [this.#ours, ours],
        [this.#replay, replay],
      ] as const) {
        const measured = await this.#ask(server, verb, order);
        latencies.all.push(...measured);
        latencies.medians.push(median(measured));
      }
    }
    return { ours, replay };
  }

  async #ask(server: ServerProcess, verb: Verb, order: Order): Promise<readonly number[]> {
    const { latenciesMs = [], errors } = await this.#client.call({
      server: this.#addressOf(server),
      verb,
      pod: aPod(),
      names: this.#names,
      order,
      repeat: callsPerTurn,
    });
    if (errors !== undefined) throw new Error(`calls failed: ${JSON.stringify(errors)}`);
    return latenciesMs;
  }

  #addressOf({ port }: ServerProcess): ExtenderServer {
    const urlPrefix = `https://127.0.0.1:${port}`;
    return { urlPrefix, ...this.#pki.scheduler, serverName, nodeCacheCapable: true };
  }

  /** Hands our own answers to the replay; each is the right one for all lists of the same names. */
  async #record(): Promise<void> {
    const answers: Record<string, string> = {};
    for (const verb of verbs) answers[`/${verb}`] = await this.#answer(verb);
    await this.#replay.tell({ answers });
  }

  async #answer(verb: Verb): Promise<string> {
    const { caFile, certFile, keyFile } = this.#pki.scheduler;
    const outgoing = request({
      host: "127.0.0.1",
      port: this.#ours.port,
      servername: serverName,
      method: "POST",
      path: `/${verb}`,
      ca: readFileSync(caFile),
      cert: readFileSync(certFile),
      key: readFileSync(keyFile),
    });
    outgoing.end(JSON.stringify({ Pod: aPod(), Nodes: null, NodeNames: this.#names }));
    const chunks: Buffer[] = [];
    await new Promise<void>((resolve, reject) => {
      outgoing.once("error", reject).once("response", (response) => {
        response.on("data", (chunk: Buffer) => chunks.push(chunk)).once("end", resolve);
      });
    });
    return Buffer.concat(chunks).toString();
  }
}

const described: Readonly<Record<Order, string>> = {
  shuffled: "another list in every call",
  same: "the same list again",
};

function row(what: string, value: number, unit: Row["unit"], goal?: number): Row {
  return { what, value, unit, ...(goal !== undefined && { goal }) };
}

/** Turn by turn, since the machine is not equally quick all the time. */
function ratio(ours: Latencies, replay: Latencies): number {
  return median(ours.medians.map((value, turn) => value / (replay.medians[turn] ?? Number.NaN)));
}

function p99(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
}

await main();
