/**
 * Watches over what running pods were promised: when maintenance comes to cut into the hours that one asked for, the
 * pod gets a condition and an event, and when that is over, both again. Nothing is evicted.
 */

import { resolveDemand } from "../api/demand.ts";
import type { GpuInfoSpec } from "../api/gpuinfo.ts";
import { recordOf } from "../api/injected.ts";
import type { RiskCondition } from "../api/placement-at-risk.ts";
import type { Pod } from "../api/pod.ts";
import { isOlder } from "../selection/age.ts";
import type { Candidate, SelectionPolicy } from "../selection/model.ts";
import type { Bindings } from "../selection/select.ts";
import { candidatesByNode } from "./bindings-by-node.ts";
import { timestamp } from "./conditions.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { judgePromise, type Promised, type Statement } from "./promise.ts";
import { takeTurns } from "./turns.ts";

/** What is needed of a pod that gpuinfo manages; another object whenever the pod was heard of. */
export interface PromisedPod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly createdAt: Date;
  /** The node it is bound to: absent while it waits. */
  readonly nodeName?: string;
  readonly boundAt?: Date;
  readonly startedAt?: Date;
  readonly phase: string;
  readonly deleting: boolean;
  /** The condition that it carries. */
  readonly atRisk?: RiskCondition;
  readonly pod: Pod;
}

/** An event about a pod, as it stands in `kubectl describe pod`; with the action `WatchPlacement`. */
interface PromiseEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: "PlacementAtRisk" | "PlacementSafe";
  readonly note: string;
}

export interface PromisesOptions {
  /** From the informer's store. */
  readonly listPods: () => readonly PromisedPod[];
  /** @param key `namespace/name` */
  readonly getPod: (key: string) => PromisedPod | undefined;
  /** Every node joined with its machine, the same array as long as nothing changed; undefined before vCenter was read. */
  readonly bindings: () => Bindings | undefined;
  readonly specOf: (namespace: string, name: string) => GpuInfoSpec | undefined;
  /** Puts a pod on the work queue, which calls `reconcile` and retries with back-off when it rejects. */
  readonly enqueue: (key: string) => void;
  /** `denied`: we may not; the pod is tried again once `mayWrite`. */
  readonly write: (
    pod: PromisedPod,
    condition: RiskCondition,
    signal?: AbortSignal,
  ) => Promise<"written" | "gone" | "denied">;
  readonly mayWrite: () => boolean;
  readonly recordEvent: (pod: PromisedPod, event: PromiseEvent) => void;
  /** Hears of each pod that comes to be at risk, or is safe again. */
  readonly changed: (isAtRisk: boolean) => void;
  readonly now: () => Date;
  readonly policy: Pick<SelectionPolicy, "evacuation">;
  /** What a vCenter said longer ago than this is worth no statement. */
  readonly hardMaxAgeMs: number;
}

/** What a pod was told, until the informer hears of it. */
interface Told {
  readonly condition: RiskCondition;
  readonly key: string;
  /** The pod as it was then. */
  readonly seen: PromisedPod;
  readonly atMs: number;
  /** It was told by an event alone. */
  readonly denied: boolean;
}

/** Where pods run, as it was found at the last look at everything. */
interface Known {
  readonly bindings: unknown;
  readonly byNode: ReadonlyMap<string, Candidate>;
  readonly vcenters: Bindings["vcenters"];
  readonly sweptAt: Date;
}

/** Changes of a pod from before our write may still be on their way to us for so long. */
const onTheirWayMs = 10_000;
/** After a time without leading, what was known then says nothing. */
const forgetAfterMs = 60_000;

export class Promises {
  readonly #options: PromisesOptions;
  #known: Known | undefined;
  /** By uid. */
  readonly #told = new Map<string, Told>();
  readonly #hours = new WeakMap<PromisedPod, number>();

  /** Looks at everything anew, and at every running pod. */
  readonly sweep = oneAtATime(async () => this.#sweepOnce());

  constructor(options: PromisesOptions) {
    this.#options = options;
  }

  /** How many running pods are at risk, by what they were told. */
  get atRisk(): number {
    return this.#options.listPods().filter((pod) => isRunning(pod) && this.#isAtRisk(pod)).length;
  }

  #isAtRisk(pod: PromisedPod): boolean {
    const told = this.#told.get(pod.uid);
    const condition = told?.denied === true ? told.condition : this.#believed(pod);
    return condition?.status === "True";
  }

  /** Queues a pod for which there is something new to say. */
  check(pod: PromisedPod): void {
    if (this.#news(pod) !== undefined) this.#options.enqueue(`${pod.namespace}/${pod.name}`);
  }

  /** Tells one pod what is new. Rejects when the API server does; the queue then retries. */
  async reconcile(key: string, signal?: AbortSignal): Promise<void> {
    const pod = this.#options.getPod(key);
    const statement = pod && this.#news(pod);
    if (pod === undefined || statement === undefined) return;
    const { write, now } = this.#options;
    const before = this.#told.get(pod.uid);
    const wasAtRisk = this.#isAtRisk(pod);
    const condition = this.#conditionFor(statement, this.#believed(pod));
    const outcome = await write(pod, condition, signal);
    if (outcome === "gone") return;
    const denied = outcome === "denied";
    const told = { condition, key: statement.key, seen: pod, atMs: now().getTime(), denied };
    this.#told.set(pod.uid, told);
    if (wasAtRisk !== statement.isAtRisk) this.#options.changed(statement.isAtRisk);
    if (before?.key !== statement.key) this.#tell(pod, statement);
  }

  async #sweepOnce(): Promise<void> {
    this.#known = this.#look();
    const turn = takeTurns();
    const existing = new Set<string>();
    for (const pod of this.#options.listPods()) {
      await turn();
      existing.add(pod.uid);
      this.check(pod);
    }
    for (const uid of this.#told.keys()) if (!existing.has(uid)) this.#told.delete(uid);
  }

  #look(): Known | undefined {
    const found = this.#options.bindings();
    if (found === undefined) return undefined;
    const { bindings, vcenters } = found;
    const isSame = this.#known?.bindings === bindings;
    const byNode = isSame && this.#known ? this.#known.byNode : candidatesByNode(bindings);
    return { bindings, byNode, vcenters, sweptAt: this.#options.now() };
  }

  /** What is to be said of the pod and was not yet. */
  #news(pod: PromisedPod): Statement | undefined {
    if (!isRunning(pod)) return undefined;
    const statement = this.#statement(pod);
    if (statement === undefined) return undefined;
    const before = this.#believed(pod);
    if (!statement.isAtRisk) return before?.status === "True" ? statement : undefined;
    const isKnown =
      before?.status === "True" &&
      before.reason === statement.reason &&
      before.message === statement.message();
    return isKnown ? undefined : statement;
  }

  #statement(pod: PromisedPod): Statement | undefined {
    const { now, policy } = this.#options;
    const promised = this.#promisedTo(pod);
    if (promised === undefined) return undefined;
    return judgePromise(promised, this.#candidateOf(pod), { now: now(), policy });
  }

  #promisedTo(pod: PromisedPod): Promised | undefined {
    const hours = this.#hoursOf(pod);
    if (hours === undefined) return undefined;
    // Whoever was bound when it was made has no other time.
    const { startedAt = pod.boundAt ?? pod.createdAt } = pod;
    return { hours, startsAt: startedAt.getTime() };
  }

  /** What was promised when the pod was admitted; a GPUInfo may say something else by now. */
  #hoursOf(pod: PromisedPod): number | undefined {
    const remembered = this.#hours.get(pod);
    if (remembered !== undefined) return remembered;
    const promised = recordOf(pod.pod)?.hours;
    if (promised !== undefined) {
      this.#hours.set(pod, promised);
      return promised;
    }
    const demand = resolveDemand(pod.pod, pod.namespace, this.#options.specOf);
    return demand.kind === "needs" ? demand.requirement.hours : undefined;
  }

  /** Undefined where nothing is known, or what is known is too old. */
  #candidateOf({ nodeName = "" }: PromisedPod): Candidate | undefined {
    const known = this.#known;
    const now = this.#options.now();
    if (known === undefined || isOlder(known.sweptAt, now, forgetAfterMs)) return undefined;
    const candidate = known.byNode.get(nodeName);
    const takenAt = candidate && known.vcenters.get(candidate.host.vcenter)?.takenAt;
    if (takenAt === undefined || isOlder(takenAt, now, this.#options.hardMaxAgeMs))
      return undefined;
    return candidate;
  }

  /** What the pod says of itself, or will say as soon as we hear of what we wrote. */
  #believed(pod: PromisedPod): RiskCondition | undefined {
    const told = this.#told.get(pod.uid);
    if (told === undefined) return pod.atRisk;
    if (told.denied) return this.#options.mayWrite() ? pod.atRisk : told.condition;
    if (told.seen === pod) return told.condition;
    const isOnItsWay = this.#options.now().getTime() - told.atMs < onTheirWayMs;
    return isOnItsWay ? told.condition : pod.atRisk;
  }

  #conditionFor(statement: Statement, before: RiskCondition | undefined): RiskCondition {
    const status = statement.isAtRisk ? "True" : "False";
    const isSame = before?.status === status && before.lastTransitionTime !== "";
    return {
      status,
      reason: statement.reason,
      message: statement.message(),
      lastTransitionTime: isSame ? before.lastTransitionTime : timestamp(this.#options.now()),
    };
  }

  #tell(pod: PromisedPod, { isAtRisk, message }: Statement): void {
    this.#options.recordEvent(pod, {
      type: isAtRisk ? "Warning" : "Normal",
      reason: isAtRisk ? "PlacementAtRisk" : "PlacementSafe",
      note: message(),
    });
  }
}

/** Bound, and neither over nor about to be. */
function isRunning({ nodeName, phase, deleting }: PromisedPod): boolean {
  return nodeName !== undefined && !deleting && phase !== "Succeeded" && phase !== "Failed";
}
