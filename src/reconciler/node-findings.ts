/**
 * Tells on each node what a vSphere or GPU administrator should look into: maintenance that cannot be read, and GPUs of
 * which guest and vCenter say different things. An Event, once per change, and again before the API server forgets it.
 */

import { isOlder } from "../selection/age.ts";
import type { Candidate } from "../selection/model.ts";
import type { Bindings } from "../selection/select.ts";
import { candidatesByNode } from "./bindings-by-node.ts";
import { compareGpus, type GuestView, type MismatchKind } from "./gpu-comparison.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { plainText } from "./plain-text.ts";
import { takeTurns } from "./turns.ts";

/** What is needed of a node. */
export interface FoundNode extends GuestView {
  readonly name: string;
  readonly uid: string;
  /** Its Ready condition is True. */
  readonly ready: boolean;
}

/** A warning about a node, as it stands in `kubectl describe node`; with the action `ReadInventory`. */
interface NodeEvent {
  /**
   * - `MaintenanceUnknown`: not all that may be planned for its host can be read
   * - `GpuMismatch`: its guest shows other GPUs than vCenter
   */
  readonly reason: "MaintenanceUnknown" | "GpuMismatch";
  readonly note: string;
}

export interface NodeFindingsOptions {
  /** From the informer's store. */
  readonly listNodes: () => readonly FoundNode[];
  /** Every node joined with its machine; undefined before vCenter was read. */
  readonly bindings: () => Bindings | undefined;
  readonly recordEvent: (node: FoundNode, event: NodeEvent) => void;
  readonly now: () => Date;
  /** What a vCenter said longer ago than this is not held against anybody. */
  readonly hardMaxAgeMs: number;
  /** GPUs and maintenance are made up: the guest knows better. */
  readonly simulate: boolean;
}

/** The API server keeps events for an hour. */
const tellAgainMs = 50 * 60_000;

/** How long each has to stand before it is told: what is read a moment later is no news. */
const standMs: Readonly<Record<Finding["kind"], number>> = {
  maintenance: 5_000,
  // The driver is compiled and the device plugin started after the node is Ready.
  missing: 15 * 60_000,
  // Device plugin and labels do not come and go together.
  unexpected: 60_000,
  count: 60_000,
  model: 60_000,
  memory: 60_000,
};

interface Finding extends NodeEvent {
  readonly kind: "maintenance" | MismatchKind;
}

/** What was found before. Times are ms since the Unix epoch. */
interface Memory {
  readonly note: string;
  readonly sinceMs: number;
  readonly toldAtMs?: number;
}

/** What stands at the moment. */
export interface FindingCounts {
  /** Hosts under nodes of which not all maintenance can be read. */
  readonly hostsWithUnknownMaintenance: number;
  /** Nodes with a mismatch that has been told. */
  readonly mismatches: Readonly<Record<MismatchKind, number>>;
}

export class NodeFindings {
  readonly #options: NodeFindingsOptions;
  /** By node and kind. */
  #memories: ReadonlyMap<string, Memory> = new Map();
  #counts: FindingCounts | undefined;

  /** Looks at every node. */
  readonly sweep = oneAtATime(async () => this.#sweepOnce());

  constructor(options: NodeFindingsOptions) {
    this.#options = options;
  }

  /** As of the last look; undefined where there was nothing to look at. */
  get counts(): FindingCounts | undefined {
    return this.#counts;
  }

  async #sweepOnce(): Promise<void> {
    const found = this.#options.bindings();
    if (found === undefined || this.#options.simulate) {
      this.#counts = undefined;
      return;
    }
    const candidates = this.#freshCandidates(found);
    const memories = new Map<string, Memory>();
    const mismatches = noMismatches();
    const turn = takeTurns();
    for (const node of this.#options.listNodes()) {
      await turn();
      const candidate = candidates.get(node.name);
      for (const finding of candidate ? findingsOf(node, candidate) : []) {
        const key = `${node.name} ${finding.kind}`;
        const memory = this.#tell(node, finding, this.#memories.get(key));
        memories.set(key, memory);
        if (finding.kind !== "maintenance" && memory.toldAtMs !== undefined)
          mismatches[finding.kind] += 1;
      }
    }
    this.#memories = memories;
    this.#counts = { hostsWithUnknownMaintenance: countUnknown(candidates.values()), mismatches };
  }

  /** Those of which something is known, and not too long ago. */
  #freshCandidates({ bindings, vcenters }: Bindings): ReadonlyMap<string, Candidate> {
    const { now, hardMaxAgeMs } = this.#options;
    const isFresh = ({ host }: Candidate) => {
      const takenAt = vcenters.get(host.vcenter)?.takenAt;
      return takenAt !== undefined && !isOlder(takenAt, now(), hardMaxAgeMs);
    };
    return new Map([...candidatesByNode(bindings)].filter(([, candidate]) => isFresh(candidate)));
  }

  /** Tells what has stood for long enough, and is not known yet. */
  #tell(node: FoundNode, { kind, reason, note }: Finding, before: Memory | undefined): Memory {
    const nowMs = this.#options.now().getTime();
    const sinceMs = before?.sinceMs ?? nowMs;
    const isNew = before?.toldAtMs === undefined || before.note !== note;
    if (nowMs - sinceMs < standMs[kind]) return { note, sinceMs };
    if (!isNew && nowMs - before.toldAtMs < tellAgainMs) return before;
    this.#options.recordEvent(node, { reason, note });
    return { note, sinceMs, toldAtMs: nowMs };
  }
}

function findingsOf(node: FoundNode, candidate: Candidate): readonly Finding[] {
  const unknown = unknownMaintenance(candidate);
  const gpus = mismatchesOf(node, candidate);
  return unknown === undefined ? gpus : [unknown, ...gpus];
}

function unknownMaintenance({ host, horizon }: Candidate): Finding | undefined {
  if (horizon.kind === "known") return undefined;
  return {
    kind: "maintenance",
    reason: "MaintenanceUnknown",
    note: plainText(`the maintenance of host ${host.name} is not fully known: ${horizon.why}`, 900),
  };
}

/** Only of a guest that is up, and where vCenter hides no device. */
function mismatchesOf(node: FoundNode, { virtualMachine, host }: Candidate): readonly Finding[] {
  const isHidden = virtualMachine.unreadable.length > 0 || host.unreadable.length > 0;
  if (!node.ready || isHidden || virtualMachine.power !== "poweredOn") return [];
  return compareGpus(node, virtualMachine).map(({ kind, message }) => ({
    kind,
    reason: "GpuMismatch",
    note: message,
  }));
}

function countUnknown(candidates: Iterable<Candidate>): number {
  const hosts = new Set<string>();
  for (const { host, horizon } of candidates) if (horizon.kind === "unknown") hosts.add(host.id);
  return hosts.size;
}

function noMismatches(): Record<MismatchKind, number> {
  return { missing: 0, unexpected: 0, count: 0, model: 0, memory: 0 };
}
