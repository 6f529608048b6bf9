/**
 * The CPU that pods placed a moment ago, or about to be placed, will use, and that no measurement shows yet: without it,
 * fifty pods created at once would all go to the node that was idle a moment ago.
 */

import { takesTurnMs } from "./api/own-load.ts";
import type { NodeLoad } from "./selection/model.ts";
import { NodeSums } from "./selection/node-sums.ts";

/** What is needed of a pod. */
export interface LoadingPod {
  readonly uid: string;
  readonly createdAt: Date;
  readonly nodeName?: string;
  readonly boundAt?: Date;
  /** The node that the webhook preferred for it. */
  readonly preferredNode?: string;
  /** `status.phase`. */
  readonly phase: string;
  readonly deleting: boolean;
  /** Thousandths of a core. */
  readonly cpuMilli: number;
}

/** What one pod adds to one node. */
interface Load extends NodeLoad {
  readonly kind: "bound" | "waiting";
  /** Of its binding or, while it waits, its creation; ms since the Unix epoch. */
  readonly sinceMs: number;
}

/** An image must be pulled and a program started before CPU is used; then vSphere averages over 20 s. */
const unseenMs = 60_000;

export class ExpectedLoad {
  readonly #loads = new Map<string, Load>();
  readonly #sums = new NodeSums();
  /** No load that is counted began before: until that one ends, nothing changes by itself. */
  readonly #firstMs = { bound: Number.POSITIVE_INFINITY, waiting: Number.POSITIVE_INFINITY };

  podChanged(pod: LoadingPod): void {
    const load = loadOf(pod);
    if (load === undefined) return this.podDeleted(pod);
    const before = this.#loads.get(pod.uid);
    if (before !== undefined && isSame(before, load)) return;
    this.podDeleted(pod);
    this.#loads.set(pod.uid, load);
    this.#sums.add(load);
    this.#firstMs[load.kind] = Math.min(this.#firstMs[load.kind], load.sinceMs);
  }

  podDeleted({ uid }: Pick<LoadingPod, "uid">): void {
    const load = this.#loads.get(uid);
    if (load === undefined) return;
    this.#loads.delete(uid);
    this.#sums.remove(load);
  }

  /**
   * @param measuredAt when the usage was measured that this comes on top of
   * @returns thousandths of a core by node name; the same object as long as nothing changed
   */
  current(measuredAt: Date, now: Date): ReadonlyMap<string, number> {
    const ended = { bound: measuredAt.getTime() - unseenMs, waiting: now.getTime() - takesTurnMs };
    const { bound, waiting } = this.#firstMs;
    if (bound <= ended.bound || waiting <= ended.waiting) this.#forgetEnded(ended);
    return this.#sums.current();
  }

  #forgetEnded(ended: Readonly<Record<Load["kind"], number>>): void {
    const first = this.#firstMs;
    first.bound = first.waiting = Number.POSITIVE_INFINITY;
    for (const [uid, { kind, sinceMs }] of this.#loads) {
      if (sinceMs <= ended[kind]) this.podDeleted({ uid });
      else first[kind] = Math.min(first[kind], sinceMs);
    }
  }
}

function loadOf(pod: LoadingPod): Load | undefined {
  const { nodeName, boundAt, preferredNode, phase, cpuMilli: milliCpu } = pod;
  if (milliCpu <= 0 || phase === "Succeeded" || phase === "Failed") return undefined;
  if (nodeName !== undefined) {
    if (boundAt === undefined) return undefined;
    return { kind: "bound", node: nodeName, milliCpu, sinceMs: boundAt.getTime() };
  }
  if (preferredNode === undefined || pod.deleting) return undefined;
  return { kind: "waiting", node: preferredNode, milliCpu, sinceMs: pod.createdAt.getTime() };
}

function isSame(a: Load, b: Load): boolean {
  return (
    a.kind === b.kind && a.node === b.node && a.milliCpu === b.milliCpu && a.sinceMs === b.sinceMs
  );
}
