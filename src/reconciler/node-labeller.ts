/** Keeps the labels on the nodes at what selection knows of them: writes only what differs, and only on the leader. */

import type { MarksPatch, NodeMarks } from "../api/node-marks.ts";
import { isOlder } from "../selection/age.ts";
import type { NodeBinding, SelectionPolicy } from "../selection/model.ts";
import type { Bindings } from "../selection/select.ts";
import { bindingsByNode } from "./bindings-by-node.ts";
import { changeOf, closed, type MarksChange, marksFor } from "./node-labels.ts";
import { oneAtATime } from "./one-at-a-time.ts";

export interface NodeLabellerOptions {
  /** Every node joined with its machine, the same array as long as nothing changed; undefined before vCenter was read. */
  readonly bindings: () => Bindings | undefined;
  /**
   * What of ours the node carries, from the informer's store: another object whenever the node was heard of.
   * Undefined when there is no such node.
   */
  readonly getMarks: (node: string) => NodeMarks | undefined;
  readonly listNodes: () => readonly string[];
  /** Puts a node on the work queue, which calls `reconcile` and retries with back-off when it rejects. */
  readonly enqueue: (node: string, options: { urgent: boolean }) => void;
  readonly write: (node: string, patch: MarksPatch, signal?: AbortSignal) => Promise<void>;
  readonly now: () => Date;
  readonly policy: Pick<SelectionPolicy, "evacuation" | "unknownMaintenance">;
  /** An inventory older than this promises nothing: its nodes are offered to nobody. */
  readonly hardMaxAgeMs: number;
}

/** How many nodes are compared before other work gets its turn. */
const sliceSize = 250;
/** After a time without leading, what was known then says nothing. */
const forgetAfterMs = 60_000;

/** What was known at the last look at all nodes: joining them anew for each that changes would take too long. */
interface Known {
  /** Least busy first; absent before vCenter was read. */
  readonly byName: ReadonlyMap<string, NodeBinding> | undefined;
  readonly bindings: unknown;
  /** The last moments at which this was known to be so, by vCenter. */
  readonly vcenters: Bindings["vcenters"];
  readonly sweptAt: Date;
}

export class NodeLabeller {
  readonly #options: NodeLabellerOptions;
  readonly #startedAt: Date;
  #known: Known | undefined;
  /** What we wrote, until the informer hears of the node. */
  readonly #written = new Map<string, { seen: NodeMarks; marks: NodeMarks }>();

  /** Looks at everything anew, and checks every node. */
  readonly sweep = oneAtATime(async () => this.#sweepOnce());

  constructor(options: NodeLabellerOptions) {
    this.#options = options;
    this.#startedAt = options.now();
  }

  /** Brings one node's labels up to date. Rejects when the API server does; the queue then retries. */
  async reconcile(node: string, signal?: AbortSignal): Promise<void> {
    const seen = this.#options.getMarks(node);
    const wanted = this.#wanted(node, seen);
    const change = this.#change(node, seen, wanted);
    if (seen === undefined || wanted === undefined || change === undefined) return;
    await this.#options.write(node, change.patch, signal);
    this.#written.set(node, { seen, marks: wanted });
  }

  /** Queues a node whose labels are not what they should be; at once, when that may open or close it. */
  check(node: string): void {
    const seen = this.#options.getMarks(node);
    const change = this.#change(node, seen, this.#wanted(node, seen));
    if (change !== undefined) this.#options.enqueue(node, { urgent: change.matters });
  }

  async #sweepOnce(): Promise<void> {
    this.#known = this.#look();
    const nodes = this.#options.listNodes();
    for (const [i, node] of [...(this.#known.byName?.keys() ?? nodes)].entries()) {
      if (i % sliceSize === sliceSize - 1) await new Promise(setImmediate);
      this.check(node);
    }
    this.#forgetAllBut(nodes);
  }

  #look(): Known {
    const { bindings, now } = this.#options;
    const found = bindings();
    const sweptAt = now();
    if (found === undefined) {
      return { byName: undefined, bindings: undefined, vcenters: new Map(), sweptAt };
    }
    const isSame = this.#known?.bindings === found.bindings;
    const byName = isSame ? this.#known?.byName : mapByName(found.bindings);
    return { byName, bindings: found.bindings, vcenters: found.vcenters, sweptAt };
  }

  #change(
    node: string,
    seen: NodeMarks | undefined,
    wanted: NodeMarks | undefined,
  ): MarksChange | undefined {
    if (seen === undefined || wanted === undefined) return undefined;
    const written = this.#written.get(node);
    if (written?.seen === seen) return changeOf(written.marks, wanted);
    this.#written.delete(node);
    return changeOf(seen, wanted);
  }

  /** Undefined while there is nothing to go by: then the node keeps what the leader before us wrote. */
  #wanted(node: string, seen: NodeMarks | undefined): NodeMarks | undefined {
    const now = this.#options.now();
    const known = this.#known;
    if (known === undefined || isOlder(known.sweptAt, now, forgetAfterMs)) return undefined;
    const { hardMaxAgeMs, policy } = this.#options;
    const isOld = (since: Date) => isOlder(since, now, hardMaxAgeMs);
    // A node that came a moment ago is bound with the next look at all of them.
    const binding = known.byName?.get(node);
    if (known.byName === undefined || isNotReadYet(binding))
      return isOld(this.#startedAt) && seen ? closedIfOurs(seen) : undefined;
    const takenAt = binding && takenAtOf(binding, known.vcenters);
    return (
      binding &&
      marksFor(binding, { now, isStale: takenAt !== undefined && isOld(takenAt), policy })
    );
  }

  #forgetAllBut(nodes: readonly string[]): void {
    if (this.#written.size === 0) return;
    const existing = new Set(nodes);
    for (const node of this.#written.keys()) if (!existing.has(node)) this.#written.delete(node);
  }
}

/** A node that was never labelled is offered to nobody as it is. */
function closedIfOurs(seen: NodeMarks): NodeMarks {
  return Object.keys(seen.labels).length === 0 ? seen : closed(seen);
}

/** Least busy first: when many nodes open together, the first to do so wakes the pods that wait, and gets them. */
function mapByName(bindings: readonly NodeBinding[]): ReadonlyMap<string, NodeBinding> {
  return bindingsByNode(bindings.toSorted((a, b) => demandMhz(a) - demandMhz(b)));
}

function demandMhz(binding: NodeBinding): number {
  return binding.kind === "bound" ? binding.candidate.virtualMachine.cpuDemandMhz : 0;
}

/** It may be in a vCenter of which nothing is known yet. */
function isNotReadYet(binding: NodeBinding | undefined): boolean {
  return binding?.kind === "unbound" && binding.reason === "InventoryNotReady";
}

/** Undefined for a node without a machine: then no vCenter says anything of it. */
function takenAtOf(binding: NodeBinding, vcenters: Bindings["vcenters"]): Date | undefined {
  if (binding.kind === "unbound") return undefined;
  return vcenters.get(binding.candidate.host.vcenter)?.takenAt;
}
