/** Lets one replica at a time work: queues run while this process holds the lease, and only then. */

import type { Logger } from "pino";
import { Elector, type ElectorOptions } from "./kube/elector.ts";
import { type AddOptions, WorkQueue, type WorkQueueOptions } from "./kube/work-queue.ts";

export interface LeadershipOptions {
  /** Absent: there is no other process, and we always work. */
  readonly election?: Pick<ElectorOptions, "name" | "store" | "identity" | "observer">;
  readonly queues: readonly Omit<WorkQueueOptions, "log">[];
  /** The queues are empty: put into them what there is to do. */
  readonly onStart: () => void;
  readonly log: Logger;
}

/**
 * A process that loses the lease does not end: what it writes is computed anew each time and can do no harm twice,
 * and its inventory is worth keeping. It drops its work and competes again.
 */
export class Leadership {
  readonly #options: LeadershipOptions;
  #elector: Elector | undefined;
  /** By name; undefined while another replica leads. */
  #queues: ReadonlyMap<string, WorkQueue> | undefined;
  #stopped = false;

  constructor(options: LeadershipOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#stopped) return;
    const { election, log } = this.#options;
    if (election === undefined) {
      this.#work();
      return;
    }
    this.#elector = new Elector({
      ...election,
      log,
      onStartedLeading: () => this.#work(),
      onStoppedLeading: (why) => {
        void this.#rest();
        if (why === "lost" && !this.#stopped) this.start();
      },
    });
    this.#elector.start();
  }

  /** Does nothing on a replica that does not lead: the leader sees the same change. */
  add(queue: string, key: string, options: AddOptions): void {
    this.#queues?.get(queue)?.add(key, options);
  }

  get leading(): boolean {
    return this.#queues !== undefined;
  }

  /** Finishes what is being written, then gives the lease back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#rest();
    await this.#elector?.stop();
  }

  #work(): void {
    const { queues, log, onStart } = this.#options;
    this.#queues = new Map(queues.map((queue) => [queue.name, new WorkQueue({ ...queue, log })]));
    for (const queue of this.#queues.values()) queue.start();
    onStart();
  }

  async #rest(): Promise<void> {
    const queues = [...(this.#queues?.values() ?? [])];
    this.#queues = undefined;
    await Promise.all(queues.map((queue) => queue.stop()));
  }
}
