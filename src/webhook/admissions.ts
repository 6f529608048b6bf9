/**
 * Remembers which node each admitted pod was sent to, until the pod is seen and counted with all others, or for a minute:
 * so pods that come together are spread.
 */

import { cpuRequestMilli } from "../api/cpu-request.ts";
import type { Pod } from "../api/pod.ts";
import type { NodeLoad } from "../selection/model.ts";
import { NodeSums } from "../selection/node-sums.ts";

/** A pod as it is admitted: those of controllers have no name yet. */
export interface PodIdentity {
  readonly namespace: string;
  readonly name?: string | undefined;
  readonly generateName?: string | undefined;
  /** The node that a preferred term was added for. */
  readonly preferredNode?: string | undefined;
}

interface Admission extends NodeLoad {
  readonly key: string;
  readonly at: number;
}

/** A pod is seen a moment after its admission, unless something else refused it: then never. */
const rememberedMs = 60_000;

/** Some 160 admissions a second, for a minute: a few megabytes. */
const most = 10_000;

/** As long as a name may be: nobody has checked it yet. */
const longestName = 253;

export class Admissions {
  /** Oldest first. */
  readonly #admissions = new Set<Admission>();
  readonly #byKey = new Map<string, Set<Admission>>();
  readonly #sums = new NodeSums();
  readonly #most: number;

  constructor(options: { readonly most?: number } = {}) {
    this.#most = options.most ?? most;
  }

  /** A pod was admitted with a preference for that node; dry runs are none. */
  admitted(pod: Pod, { preferredNode, ...identity }: PodIdentity, at: Date): void {
    if (preferredNode === undefined) return;
    this.#forgetBefore(at.getTime() - rememberedMs);
    this.#add({
      key: keyOf(identity.namespace, identity.name || identity.generateName || "", preferredNode),
      node: preferredNode,
      milliCpu: cpuRequestMilli(pod),
      at: at.getTime(),
    });
    const [oldest] = this.#admissions;
    if (this.#admissions.size > this.#most && oldest !== undefined) this.#forget(oldest);
  }

  /** A pod is counted elsewhere from now on: one admission that may be its own is forgotten. */
  podSeen({ namespace, name = "", generateName = "", preferredNode }: PodIdentity): void {
    if (preferredNode === undefined) return;
    for (const text of [name, generateName]) {
      const [oldest] = this.#byKey.get(keyOf(namespace, text, preferredNode)) ?? [];
      if (oldest === undefined) continue;
      this.#forget(oldest);
      return;
    }
  }

  /** CPU requests on their way to each node, in thousandths of a core: the same map as long as nothing changed. */
  expectedMilliCpu(now: Date): ReadonlyMap<string, number> {
    this.#forgetBefore(now.getTime() - rememberedMs);
    return this.#sums.current();
  }

  #add(admission: Admission): void {
    this.#admissions.add(admission);
    const alike = this.#byKey.get(admission.key) ?? new Set();
    this.#byKey.set(admission.key, alike.add(admission));
    this.#sums.add(admission);
  }

  #forget(admission: Admission): void {
    this.#admissions.delete(admission);
    const alike = this.#byKey.get(admission.key);
    alike?.delete(admission);
    if (alike?.size === 0) this.#byKey.delete(admission.key);
    this.#sums.remove(admission);
  }

  #forgetBefore(time: number): void {
    for (const admission of this.#admissions) {
      if (admission.at > time) return;
      this.#forget(admission);
    }
  }
}

/** No object's name has a slash in it. */
function keyOf(namespace: string, name: string, node: string): string {
  return `${namespace}/${name.slice(0, longestName)}/${node}`;
}
