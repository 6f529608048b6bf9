/**
 * The CPU that pods bound a moment ago will use, and that no measurement shows yet: without it, fifty pods created at
 * once would all go to the node that was idle a moment ago.
 */

/** What is needed of a pod. */
export interface LoadingPod {
  readonly uid: string;
  readonly nodeName?: string;
  readonly boundAt?: Date;
  /** `status.phase`. */
  readonly phase: string;
  /** Thousandths of a core. */
  readonly cpuMilli: number;
}

interface Load {
  readonly node: string;
  readonly milliCpu: number;
  readonly boundAtMs: number;
}

/** An image must be pulled and a program started before CPU is used; then vSphere averages over 20 s. */
const unseenMs = 60_000;

export class ExpectedLoad {
  readonly #loads = new Map<string, Load>();
  #current: ReadonlyMap<string, number> = new Map();
  #isDirty = false;
  /** When the first of the loads that are counted was bound: from the measurement on that shows it, all is summed anew. */
  #earliestMs = Number.POSITIVE_INFINITY;

  podChanged(pod: LoadingPod): void {
    const load = loadOf(pod);
    if (load === undefined) return this.podDeleted(pod);
    const before = this.#loads.get(pod.uid);
    if (before !== undefined && isSame(before, load)) return;
    this.#loads.set(pod.uid, load);
    this.#isDirty = true;
  }

  podDeleted({ uid }: Pick<LoadingPod, "uid">): void {
    if (this.#loads.delete(uid)) this.#isDirty = true;
  }

  /**
   * @param measuredAt when the usage was measured that this comes on top of
   * @returns thousandths of a core by node name; the same object as long as nothing changed
   */
  current(measuredAt: Date): ReadonlyMap<string, number> {
    const seenUntilMs = measuredAt.getTime() - unseenMs;
    if (!this.#isDirty && this.#earliestMs > seenUntilMs) return this.#current;
    this.#forgetUntil(seenUntilMs);
    const sums = new Map<string, number>();
    this.#earliestMs = Number.POSITIVE_INFINITY;
    for (const { node, milliCpu, boundAtMs } of this.#loads.values()) {
      sums.set(node, (sums.get(node) ?? 0) + milliCpu);
      this.#earliestMs = Math.min(this.#earliestMs, boundAtMs);
    }
    this.#isDirty = false;
    if (!haveSameEntries(sums, this.#current)) this.#current = sums;
    return this.#current;
  }

  #forgetUntil(seenUntilMs: number): void {
    for (const [uid, { boundAtMs }] of this.#loads) {
      if (boundAtMs <= seenUntilMs) this.#loads.delete(uid);
    }
  }
}

function loadOf({ nodeName, boundAt, phase, cpuMilli }: LoadingPod): Load | undefined {
  if (nodeName === undefined || boundAt === undefined || cpuMilli <= 0) return undefined;
  if (phase === "Succeeded" || phase === "Failed") return undefined;
  return { node: nodeName, milliCpu: cpuMilli, boundAtMs: boundAt.getTime() };
}

function isSame(a: Load, b: Load): boolean {
  return a.node === b.node && a.milliCpu === b.milliCpu && a.boundAtMs === b.boundAtMs;
}

function haveSameEntries(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}
