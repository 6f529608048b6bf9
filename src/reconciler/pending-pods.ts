/**
 * Tells on each managed pod that finds no node why that is: an Event, once per change of the counts, and again before
 * the API server forgets it.
 */

import { resolveDemand } from "../api/demand.ts";
import type { GpuInfoSpec } from "../api/gpuinfo.ts";
import { recordOf } from "../api/injected.ts";
import type { Pod } from "../api/pod.ts";
import type { Fitting, Ranking, Requirement, Selection, SelectNodes } from "../selection/model.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { summarise } from "./summary.ts";
import { takeTurns } from "./turns.ts";
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

/** What pods wait for, and what would suit them. */
export interface Wait {
  readonly requirement: Requirement;
  /** Best first. */
  readonly fitting: readonly Fitting[];
}

export interface PendingPodsOptions {
  /** From the informer's store. */
  readonly listPods: () => readonly PendingPod[];
  readonly selectNodes: SelectNodes;
  readonly specOf: (namespace: string, name: string) => GpuInfoSpec | undefined;
  readonly recordEvent: (pod: PendingPod, event: WaitingEvent) => void;
  /** Hears after each sweep what pods wait for, each requirement once, and not more than 64 of them. */
  readonly onWaits?: (waits: readonly Wait[]) => void;
  /** False during the first moments, when having no inventory yet is no news. */
  readonly isSettled: () => boolean;
  readonly now: () => Date;
}

/** Whoever waits is woken with the others: handing on every requirement would only cost memory. */
const handedOn = 64;
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

/** Pods that need the same: they are judged together, and by the megabyte that a judgement may take, one after the other. */
interface Alike {
  readonly requirement: Requirement;
  readonly pods: PendingPod[];
}

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
    const waits: Wait[] = [];
    const turn = takeTurns();
    const groups = await this.#lookAtDemands(memories, turn);
    for (const { requirement, pods } of groups) {
      const selection = this.#options.selectNodes(requirement, { audience: "pod" });
      const find = this.#finder(requirement, selection);
      for (const pod of pods) {
        await turn();
        memories.set(pod.uid, this.#tell(pod, find(pod), this.#memoryOf(pod)));
      }
      if (selection.kind === "ranked" && waits.length < handedOn) {
        waits.push({ requirement, fitting: selection.ranking.fitting });
      }
    }
    // Pods that are bound or gone are forgotten with this.
    this.#memories = memories;
    this.#options.onWaits?.(waits);
  }

  /** @returns the pods that wait for a node; what is to be said of the others is said. */
  async #lookAtDemands(
    memories: Map<string, Memory>,
    turn: () => Promise<void>,
  ): Promise<Iterable<Alike>> {
    const groups = new Map<string, Alike>();
    for (const pod of this.#options.listPods()) {
      await turn();
      if (pod.nodeName !== undefined || pod.deleting) continue;
      memories.set(pod.uid, this.#memoryOf(pod));
      if (!pod.unschedulable) continue;
      const demand = resolveDemand(pod.pod, pod.namespace, this.#options.specOf);
      if (demand.kind === "refused") {
        const { message } = demand;
        const finding = { key: message, reason: "DemandRefused", note: () => message } as const;
        memories.set(pod.uid, this.#tell(pod, finding, this.#memoryOf(pod)));
      }
      if (demand.kind === "needs") addTo(groups, demand.requirement, pod);
    }
    return groups.values();
  }

  #memoryOf({ uid }: PendingPod): Memory {
    return this.#memories.get(uid) ?? {};
  }

  /** Tells what is new about the pod. */
  #tell(pod: PendingPod, finding: Finding | undefined, before: Memory): Memory {
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

  /** What is to be said of a pod that needs this. */
  #finder(
    requirement: Requirement,
    selection: Selection,
  ): (pod: PendingPod) => Finding | undefined {
    if (selection.kind === "ranked") return this.#finderAmong(requirement, selection.ranking);
    const { reason, message } = selection;
    return () =>
      this.#options.isSettled()
        ? { key: reason, reason, note: () => `no node can be chosen: ${message}` }
        : undefined;
  }

  #finderAmong(requirement: Requirement, ranking: Ranking): (pod: PendingPod) => Finding {
    const key = JSON.stringify([requirement, summarise(ranking).sentence]);
    let found: readonly number[] | undefined;
    const hours = () => (found ??= this.#hoursOfTooShort(requirement));
    return ranking.fitting.length === 0
      ? () => ({ key, reason: "NoNodeSuits", note: () => noNodeSuits(ranking, hours()) })
      : ({ pod }) => ({
          key,
          reason: "NodesSuitButNotNow",
          note: () => noRoom(ranking, hours(), recordOf(pod)),
        });
  }

  /** The hours that are left on the nodes that would suit, were it not for that. */
  #hoursOfTooShort(requirement: Requirement): readonly number[] {
    const { hours } = requirement;
    const anyHours = { ...requirement, hours: 1 };
    const selection = this.#options.selectNodes(anyHours, { audience: "pod" });
    if (selection.kind === "unavailable") return [];
    const { fitting, rejected } = selection.ranking;
    return [
      ...fitting.map(({ hoursAvailable }) => hoursAvailable).filter((left) => left < hours),
      ...rejected.filter(({ reason }) => reason === "TooFewHours").map(() => 0),
    ];
  }
}

function addTo(groups: Map<string, Alike>, requirement: Requirement, pod: PendingPod): void {
  const key = JSON.stringify(requirement);
  const alike = groups.get(key);
  if (alike === undefined) groups.set(key, { requirement, pods: [pod] });
  else alike.pods.push(pod);
}
