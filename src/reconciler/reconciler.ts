/** Keeps each GPUInfo's status at what selection says. Observes GPUInfos, writes their status and an event per change of node. */

import { type GpuInfo, type GpuInfoStatus, noneAvailable } from "../api/gpuinfo.ts";
import { requirementFromSpec } from "../api/requirement.ts";
import type { SelectNodes } from "../selection/model.ts";
import type { VcenterState } from "./freshness.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { type Evaluation, evaluate, type StatusSettings } from "./status.ts";

/** An event about a GPUInfo, as it stands in `kubectl describe gpu`. */
export interface AnswerEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: "NodeSelected" | "NodeChanged" | "HostChanged" | "NoNodeFits";
  readonly note: string;
}

export interface ReconcilerOptions {
  readonly selectNodes: SelectNodes;
  /** From the informer's store; keys are `namespace/name`. */
  readonly getGpuInfo: (key: string) => GpuInfo | undefined;
  readonly listKeys: () => readonly string[];
  /** Puts a key on the work queue, which calls `reconcile` and retries with back-off when it rejects. */
  readonly enqueue: (key: string, options: { urgent: boolean }) => void;
  readonly writeStatus: (
    gpuInfo: GpuInfo,
    status: GpuInfoStatus,
    signal?: AbortSignal,
  ) => Promise<void>;
  readonly recordEvent: (gpuInfo: GpuInfo, event: AnswerEvent) => void;
  /** Every vCenter that nodes may be in, as it is now. */
  readonly vcenters: () => readonly VcenterState[];
  /** False during the first moments, when having no inventory yet is no news. */
  readonly isSettled: () => boolean;
  readonly now: () => Date;
  readonly settings: StatusSettings;
}

/** How many objects are looked at before other work gets its turn. */
const sliceSize = 25;

export class Reconciler {
  readonly #options: ReconcilerOptions;
  /** What we wrote, until the informer shows it: keyed by GPUInfo, valid for one resourceVersion seen before. */
  readonly #written = new Map<string, { seenVersion: string; status: GpuInfoStatus }>();

  /** Looks at every GPUInfo and queues those whose status is no longer right, wrong answers first. */
  readonly sweep = oneAtATime(async () => this.#sweepOnce());

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** Brings one GPUInfo's status up to date. Rejects when the API server does; the queue then retries. */
  async reconcile(key: string, signal?: AbortSignal): Promise<void> {
    const gpuInfo = this.#current(key);
    if (gpuInfo === undefined) return;
    const evaluation = this.#evaluate(gpuInfo);
    if (evaluation === undefined || evaluation.change === "none") return;
    await this.#options.writeStatus(gpuInfo, evaluation.status, signal);
    this.#written.set(key, {
      seenVersion: gpuInfo.metadata.resourceVersion,
      status: evaluation.status,
    });
    const event = eventFrom(gpuInfo.status, evaluation);
    if (event !== undefined) this.#options.recordEvent(gpuInfo, event);
  }

  async #sweepOnce(): Promise<void> {
    const keys = this.#options.listKeys();
    for (const [i, key] of keys.entries()) {
      // Thousands of objects must not hold up health checks and other requests.
      if (i % sliceSize === sliceSize - 1) await new Promise(setImmediate);
      const gpuInfo = this.#current(key);
      const change = gpuInfo && this.#evaluate(gpuInfo)?.change;
      if (change === "answer") this.#options.enqueue(key, { urgent: true });
      else if (change === "facts") this.#options.enqueue(key, { urgent: false });
    }
  }

  #current(key: string): GpuInfo | undefined {
    const gpuInfo = this.#options.getGpuInfo(key);
    const written = this.#written.get(key);
    if (written === undefined) return gpuInfo;
    if (gpuInfo?.metadata.resourceVersion === written.seenVersion) {
      return { ...gpuInfo, status: written.status };
    }
    this.#written.delete(key);
    return gpuInfo;
  }

  #evaluate(gpuInfo: GpuInfo): Evaluation | undefined {
    const { selectNodes, isSettled, now, vcenters, settings } = this.#options;
    const selection = selectNodes(requirementFromSpec(gpuInfo.spec));
    if (selection.kind === "unavailable" && !isSettled()) return undefined;
    return evaluate({
      gpuInfo,
      selection,
      now: now(),
      vcenters: vcenters(),
      settings,
    });
  }
}

function eventFrom(before: GpuInfoStatus, { status, why }: Evaluation): AnswerEvent | undefined {
  if (why === undefined) return undefined;
  const from = describe(before);
  const to = describe(status);
  if (status.suitableNodeName === noneAvailable) {
    return {
      type: "Warning",
      reason: "NoNodeFits",
      note: from === undefined ? why : `was ${from}: ${why}`,
    };
  }
  if (from === undefined) return { type: "Normal", reason: "NodeSelected", note: `${to}: ${why}` };
  const reason =
    before.suitableNodeName === status.suitableNodeName ? "HostChanged" : "NodeChanged";
  return { type: "Normal", reason, note: `from ${from} to ${to}: ${why}` };
}

function describe({ suitableNodeName, suitableHostName }: GpuInfoStatus): string | undefined {
  if (suitableNodeName === undefined || suitableNodeName === noneAvailable) return undefined;
  return `${suitableNodeName} on ${suitableHostName}`;
}
