/** Calls an extender through kube-scheduler's own client; see hack/tools/kubernetes/extender-client. */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { ensureTool } from "../../hack/stack/tools.ts";

/** How to reach an extender; the names are those of a KubeSchedulerConfiguration. */
export interface ExtenderServer {
  readonly urlPrefix: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly serverName: string;
  /** False sends whole nodes instead of names. */
  readonly nodeCacheCapable: boolean;
  /** Default 5 s. */
  readonly httpTimeoutMs?: number;
}

/** The same question, asked one or more times, one after the other. */
export interface ExtenderCall {
  readonly server: ExtenderServer;
  readonly verb: "filter" | "prioritize";
  readonly pod: unknown;
  readonly names: readonly string[];
  /** Pads every whole node to about that size. */
  readonly nodeBytes?: number;
  /** Of the names: `same` in every call (default), or different ones. */
  readonly order?: "same" | "rotated" | "shuffled";
  /** Default 1. */
  readonly repeat?: number;
  /** Between two calls. */
  readonly pauseMs?: number;
  /** Adds the last answer's lists. */
  readonly detail?: boolean;
}

export interface ExtenderResult {
  /** Why no call was made. */
  readonly refused?: string;
  /** One per call: encoding, the wire and decoding. */
  readonly latenciesMs?: readonly number[];
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How many calls failed, by what kube-scheduler would have reported. */
  readonly errors?: Readonly<Record<string, number>>;
  /** What follows is the outcome of the last call. */
  readonly feasible: number;
  readonly failed: number;
  /** Rejected nodes by message, as kube-scheduler's event counts them. */
  readonly unresolvable?: Readonly<Record<string, number>>;
  /** Nodes by score. */
  readonly scores?: Readonly<Record<string, number>>;
  /** Hosts with the highest score. */
  readonly best?: readonly string[];
  readonly weight?: number;
  readonly lists?: {
    readonly feasible?: readonly string[];
    readonly failed?: Readonly<Record<string, string>>;
    readonly unresolvable?: Readonly<Record<string, string>>;
    readonly scores?: Readonly<Record<string, number>>;
  };
}

/** One process, whose connections stay open from call to call. */
export class ExtenderClient {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;

  private constructor(file: string) {
    this.#process = spawn(file, [], { stdio: ["pipe", "pipe", "inherit"] });
    this.#answers = createInterface(this.#process.stdout)[Symbol.asyncIterator]();
  }

  static async start(): Promise<ExtenderClient> {
    return new ExtenderClient(await ensureTool("extender-client"));
  }

  /** One call after the other: the next is made when the answer is there. */
  async call(call: ExtenderCall): Promise<ExtenderResult> {
    this.#process.stdin.write(`${JSON.stringify(call)}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error("extender-client ended before it answered");
    const result: ExtenderResult = JSON.parse(value);
    if (result.refused !== undefined) throw new Error(`extender-client: ${result.refused}`);
    return result;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.stdin.end();
    await ended;
  }
}
