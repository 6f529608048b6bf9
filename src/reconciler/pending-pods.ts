/**
 * Tells on each managed pod that finds no node why that is: an Event, once per change of the counts, and again before
 * the API server forgets it.
 */

import { resolveDemand } from "../api/demand.ts";
import type { GpuInfoSpec } from "../api/gpuinfo.ts";
import { recordOf } from "../api/injected.ts";
import type { Pod } from "../api/pod.ts";
import type { Ranking, Requirement, Selection, SelectNodes } from "../selection/model.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { summarise } from "./summary.ts";
import { noNodeSuits, noRoom } from "./waiting-note.ts";

/** What is needed of a pod that gpuinfo manages. */
export interface PendingPod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** It is bound: absent while it waits. */
  readonly nodeName?: string;
  /** kube-scheduler has tried, and found no node. */
  readonly unschedulable: boolean;
  readonly deleting: boolean;
  readonly pod: Pod;
}

/** An event about a pod, as it stands in `kubectl describe pod`; a warning, with the action `SelectNode`. */
export interface WaitingEvent {
  /**
   * - `NoNodeSuits`: the vSphere side allows none
   * - `NodesSuitButNotNow`: it allows some, but kube-scheduler does not place the pod on them
   * - `DemandRefused`: the annotations cannot be understood, or the GPUInfo that they name is gone
   * - the others: nothing can be said about nodes at the moment
   */
  readonly reason:
    | "NoNodeSuits"
    | "NodesSuitButNotNow"
    | "DemandRefused"
    | "InventoryNotReady"
    | "InventoryStale"
    | "NodesNotReady";
  readonly note: string;
}

/** What pods wait for, and what selection says to it. */
export interface Wait {
  readonly requirement: Requirement;
  readonly ranking: Ranking;
}

export interface PendingPodsOptions {
  /** From the informer's store. */
  readonly listPods: () => readonly PendingPod[];
  readonly selectNodes: SelectNodes;
  readonly specOf: (namespace: string, name: string) => GpuInfoSpec | undefined;
  readonly recordEvent: (pod: PendingPod, event: WaitingEvent) => void;
  /** Hears after each sweep what pods wait for, each requirement once. */
  readonly onWaits?: (waits: readonly Wait[]) => void;
  /** False during the first moments, when having no inventory yet is no news. */
  readonly isSettled: () => boolean;
  readonly now: () => Date;
}

/** How many pods are looked at before other work gets its turn. */
const sliceSize = 100;
/** A node that suits is taken within moments, unless something else is in the way. */
const graceMs = 15_000;
/** The API server keeps events for an hour, pods may wait for days. */
const tellAgainMs = 50 * 60_000;

/** What is to be told of a pod; the same `key` is no news. */
interface Finding extends Omit<WaitingEvent, "note"> {
  readonly key: string;
  readonly note: () => string;
}

/** What was found about a pod before. Times are ms since the Unix epoch. */
interface Memory {
  readonly told?: { readonly key: string; readonly atMs: number };
  /** Since when nodes suit although it waits. */
  readonly suitsSinceMs?: number;
}

type Judged = (requirement: Requirement) => Selection;

export class PendingPods {
  readonly #options: PendingPodsOptions;
  /** By uid, for pods that are not bound. */
  #memories: ReadonlyMap<string, Memory> = new Map();

  /** Looks at every managed pod, and tells about those that wait. */
  readonly sweep = oneAtATime(async () => this.#sweepOnce());

  constructor(options: PendingPodsOptions) {
    this.#options = options;
  }

  async #sweepOnce(): Promise<void> {
    const memories = new Map<string, Memory>();
    const { judge, waits } = this.#judgeEachOnce();
    for (const [i, pod] of this.#options.listPods().entries()) {
      if (i % sliceSize === sliceSize - 1) await new Promise(setImmediate);
      if (pod.nodeName !== undefined || pod.deleting) continue;
      const before = this.#memories.get(pod.uid) ?? {};
      memories.set(pod.uid, pod.unschedulable ? this.#look(pod, judge, before) : before);
    }
    // Pods that are bound or gone are forgotten with this.
    this.#memories = memories;
    this.#options.onWaits?.(waits());
  }

  /** Tells what is new about the pod. */
  #look(pod: PendingPod, judge: Judged, before: Memory): Memory {
    const finding = this.#find(pod, judge);
    if (finding === undefined) return before;
    const { key, reason, note } = finding;
    const { told } = before;
    const atMs = this.#options.now().getTime();
    const suits = reason === "NodesSuitButNotNow" && { suitsSinceMs: before.suitsSinceMs ?? atMs };
    const isTooSoon = suits && atMs - suits.suitsSinceMs < graceMs;
    const isKnown = told?.key === key && atMs - told.atMs < tellAgainMs;
    if (isTooSoon || isKnown) return { ...(told && { told }), ...suits };
    this.#options.recordEvent(pod, { reason, note: note() });
    return { told: { key, atMs }, ...suits };
  }

  #find(pod: PendingPod, judge: Judged): Finding | undefined {
    const demand = resolveDemand(pod.pod, pod.namespace, this.#options.specOf);
    if (demand.kind === "none") return undefined;
    if (demand.kind === "refused") {
      const { message } = demand;
      return { key: message, reason: "DemandRefused", note: () => message };
    }
    const selection = judge(demand.requirement);
    if (selection.kind === "unavailable") {
      const { reason, message } = selection;
      if (!this.#options.isSettled()) return undefined;
      return { key: reason, reason, note: () => `no node can be chosen: ${message}` };
    }
    return this.#findAmong(selection.ranking, pod);
  }

  #findAmong(ranking: Ranking, { pod }: PendingPod): Finding {
    const { requirement, fitting } = ranking;
    const key = JSON.stringify([requirement, summarise(ranking).sentence]);
    const hours = () => this.#hoursOfTooShort(requirement);
    return fitting.length === 0
      ? { key, reason: "NoNodeSuits", note: () => noNodeSuits(ranking, hours()) }
      : {
          key,
          reason: "NodesSuitButNotNow",
          note: () => noRoom(ranking, hours(), recordOf(pod)),
        };
  }

  /** The hours that are left on the nodes that would suit, were it not for that. */
  #hoursOfTooShort({ gpu, hours }: Requirement): readonly number[] {
    const selection = this.#options.selectNodes({ gpu, hours: 1 }, { audience: "pod" });
    if (selection.kind === "unavailable") return [];
    const { fitting, rejected } = selection.ranking;
    return [
      ...fitting.map(({ hoursAvailable }) => hoursAvailable).filter((left) => left < hours),
      ...rejected.filter(({ reason }) => reason === "TooFewHours").map(() => 0),
    ];
  }

  #judgeEachOnce(): { judge: Judged; waits: () => Wait[] } {
    const selections = new Map<string, { requirement: Requirement; selection: Selection }>();
    return {
      judge: (requirement) => {
        const key = `${requirement.gpu} ${requirement.hours}`;
        const known = selections.get(key);
        if (known !== undefined) return known.selection;
        const selection = this.#options.selectNodes(requirement, { audience: "pod" });
        selections.set(key, { requirement, selection });
        return selection;
      },
      waits: () =>
        [...selections.values()].flatMap(({ requirement, selection }) =>
          selection.kind === "ranked" ? [{ requirement, ranking: selection.ranking }] : [],
        ),
    };
  }
}
