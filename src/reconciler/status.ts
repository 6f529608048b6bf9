/** Computes a GPUInfo's status from what selection says, and how urgent it is to write it. */

import type { Condition } from "../api/condition.ts";
import { type GpuInfo, type GpuInfoStatus, noneAvailable } from "../api/gpuinfo.ts";
import { millisecondsInAnHour } from "../selection/hours.ts";
import type { Fitting, Ranking, Selection } from "../selection/model.ts";
import { conditionOf, type Statement, timestamp } from "./conditions.ts";
import { type FreshnessSettings, freshness, notFresh, type VcenterState } from "./freshness.ts";
import { nextMaintenance, windowKey } from "./next-maintenance.ts";
import { summarise } from "./summary.ts";

export interface StatusSettings extends FreshnessSettings {
  /** Older than this, an answer is no longer called ready. */
  readonly hardMaxAgeMs: number;
  /** How often usage numbers and the order among fitting nodes may change an answer. */
  readonly refreshMs: number;
  /** GPUs and maintenance are made up. */
  readonly simulate: boolean;
}

export interface StatusInput {
  readonly gpuInfo: GpuInfo;
  readonly selection: Selection;
  readonly now: Date;
  /** Every vCenter that nodes may be in. */
  readonly vcenters: readonly VcenterState[];
  readonly settings: StatusSettings;
}

/**
 * What has to be written.
 * - `answer`: node, host, readiness or freshness differ: write at once.
 * - `facts`: counts or the window differ: write, after the answers.
 * - `none`: only numbers that move all the time differ, and their refresh is not due.
 */
type Change = "answer" | "facts" | "none";

export interface Evaluation {
  readonly status: GpuInfoStatus;
  readonly change: Change;
  /** Why the node or host differs from the status before, for the event; undefined when it does not. */
  readonly why?: string;
}

export function evaluate(input: StatusInput): Evaluation {
  const { gpuInfo, selection } = input;
  const { status, why } =
    selection.kind === "ranked"
      ? answerFrom(selection.ranking, input)
      : { status: keptAnswer(selection, input), why: undefined };
  // Of an answer that is kept, only the words of the trouble change: they are told once.
  const mayRefresh = selection.kind === "ranked" && isRefreshDue(input);
  const change = compare(gpuInfo.status, status, mayRefresh);
  return why === undefined ? { status, change } : { status, change, why };
}

function answerFrom(ranking: Ranking, input: StatusInput): { status: GpuInfoStatus; why?: string } {
  const { gpuInfo, now } = input;
  const summary = summarise(ranking);
  const previousNode = answeredNode(gpuInfo.status);
  const chosen = chooseNode(ranking.fitting, previousNode, isRefreshDue(input));
  const status: GpuInfoStatus = {
    suitableNodeName: chosen?.node.name ?? noneAvailable,
    suitableHostName: chosen?.host.name ?? noneAvailable,
    nodeMemoryUsage: chosen?.virtualMachine.memoryUsedMib ?? 0,
    nodeCPUUsage: chosen?.virtualMachine.cpuDemandMhz ?? 0,
    availableAcceleratorTime: chosen?.hoursAvailable ?? 0,
    ...(chosen?.window && { nextMaintenance: nextMaintenance(chosen.window) }),
    candidates: summary.candidates,
    rejected: { ...summary.rejected },
    evaluatedTime: timestamp(now),
    inventoryTime: timestamp(confirmedUntil(ranking, chosen, input)),
    observedGeneration: gpuInfo.metadata.generation,
    conditions: conditions(input, [
      readyFrom(ranking, chosen),
      ...freshness(input.vcenters, now, input.settings),
    ]),
  };
  const why = reasonOfChange(gpuInfo.status, chosen, ranking);
  return why === undefined ? { status } : { status, why };
}

/** Until when the vCenter of the chosen node confirmed what it said; where none fits, all that count had a say. */
function confirmedUntil(
  { takenAt }: Ranking,
  chosen: Fitting | undefined,
  { vcenters }: StatusInput,
): Date {
  return vcenters.find(({ name }) => name === chosen?.host.vcenter)?.takenAt ?? takenAt;
}

/** The node stays as long as it fits; only a refresh looks whether another is better. */
function chooseNode(
  fitting: readonly Fitting[],
  previousNode: string | undefined,
  refreshDue: boolean,
): Fitting | undefined {
  if (!refreshDue) {
    const previous = fitting.find(({ node }) => node.name === previousNode);
    if (previous !== undefined) return previous;
  }
  return fitting[0];
}

function isRefreshDue({ gpuInfo, now, settings }: StatusInput): boolean {
  const { evaluatedTime, observedGeneration } = gpuInfo.status;
  if (evaluatedTime === undefined || observedGeneration !== gpuInfo.metadata.generation)
    return true;
  return now.getTime() - Date.parse(evaluatedTime) >= settings.refreshMs;
}

function answeredNode({ suitableNodeName }: GpuInfoStatus): string | undefined {
  return suitableNodeName === noneAvailable ? undefined : suitableNodeName;
}

function readyFrom(ranking: Ranking, chosen: Fitting | undefined): Statement {
  const { sentence, mainReason } = summarise(ranking);
  if (chosen !== undefined) {
    return { type: "Ready", status: "True", reason: "NodeFound", message: sentence };
  }
  if (mainReason === undefined) {
    const message = "the cluster has no nodes";
    return { type: "Ready", status: "False", reason: "NoNodes", message };
  }
  const example = ranking.rejected.find(({ reason }) => reason === mainReason);
  const message = example === undefined ? sentence : `${sentence}; for example ${example.message}`;
  return { type: "Ready", status: "False", reason: mainReason, message };
}

/** Without an inventory there is nothing to say about nodes: the last answer stays, and its age is told. */
function keptAnswer(
  selection: Extract<Selection, { kind: "unavailable" }>,
  input: StatusInput,
): GpuInfoStatus {
  const { gpuInfo, now } = input;
  const { reason, message } = selection;
  const statements: Statement[] = [...notFresh(reason, message)];
  const ready = gpuInfo.status.conditions?.find(({ type }) => type === "Ready");
  if (ready !== undefined && isAnswerYoung(input)) statements.push(ready);
  else statements.push({ type: "Ready", status: "Unknown", reason, message });
  return {
    ...gpuInfo.status,
    evaluatedTime: gpuInfo.status.evaluatedTime ?? timestamp(now),
    conditions: conditions(input, statements),
  };
}

/**
 * An answer that was right until vCenter fell silent holds until it has been stale for too long. Its own time does not
 * tell: an answer that stays right is not written again.
 */
function isAnswerYoung({ gpuInfo, selection, now, settings }: StatusInput): boolean {
  const { status, metadata } = gpuInfo;
  if (status.observedGeneration !== metadata.generation) return false;
  if (selection.kind === "unavailable" && selection.reason === "InventoryStale") return false;
  const fresh = status.conditions?.find(({ type }) => type === "InventoryFresh");
  if (fresh === undefined || fresh.status === "True") return fresh !== undefined;
  const staleForMs = now.getTime() - Date.parse(fresh.lastTransitionTime);
  return staleForMs <= settings.hardMaxAgeMs - settings.softMaxAgeMs;
}

function conditions(input: StatusInput, statements: readonly Statement[]): Condition[] {
  const { gpuInfo, now, settings } = input;
  const { status, metadata } = gpuInfo;
  const all = settings.simulate ? [...statements, simulated] : statements;
  return all
    .map((statement) => conditionOf(statement, status.conditions, metadata.generation, now))
    .toSorted((a, b) => (a.type < b.type ? -1 : 1));
}

const simulated: Statement = {
  type: "Simulated",
  status: "True",
  reason: "SimulationMode",
  message: "GPUs and hours are made up: gpuinfo runs with SIMULATE_ACCELERATORS=true",
};

function reasonOfChange(
  previous: GpuInfoStatus,
  chosen: Fitting | undefined,
  ranking: Ranking,
): string | undefined {
  const before = previous.suitableNodeName;
  if (before === (chosen?.node.name ?? noneAvailable)) {
    const moved = chosen !== undefined && previous.suitableHostName !== chosen.host.name;
    return moved ? `virtual machine ${chosen.virtualMachine.name} was moved by vMotion` : undefined;
  }
  if (before === undefined || before === noneAvailable) return summarise(ranking).sentence;
  const rejection = ranking.rejected.find(({ node }) => node === before);
  if (rejection !== undefined) return rejection.message;
  const overtaken = ranking.fitting.find(({ node }) => node.name === before);
  if (overtaken !== undefined && chosen !== undefined) {
    const { cpuDemandMhz } = chosen.virtualMachine;
    return `less CPU demand: ${cpuDemandMhz} MHz against ${overtaken.virtualMachine.cpuDemandMhz} MHz`;
  }
  return `node ${before} is gone`;
}

function compare(before: GpuInfoStatus, after: GpuInfoStatus, refreshDue: boolean): Change {
  if (answerKey(before) !== answerKey(after)) return "answer";
  if (factsKey(before) !== factsKey(after) || !sameWindow(before, after)) return "facts";
  return refreshDue && movingKey(before) !== movingKey(after) ? "facts" : "none";
}

function answerKey(status: GpuInfoStatus): string {
  const { suitableNodeName, suitableHostName, observedGeneration } = status;
  const states = (status.conditions ?? []).map(
    (condition) => `${condition.type} ${condition.status} ${condition.reason}`,
  );
  return JSON.stringify([
    suitableNodeName,
    suitableHostName,
    observedGeneration,
    states.toSorted(),
  ]);
}

function factsKey({ candidates, rejected, nextMaintenance: window }: GpuInfoStatus): string {
  const counts = Object.entries(rejected ?? {}).map(([reason, count]) => `${reason} ${count}`);
  return JSON.stringify([candidates, counts.toSorted(), windowKey(window)]);
}

function movingKey(status: GpuInfoStatus): string {
  const { nodeMemoryUsage, nodeCPUUsage, availableAcceleratorTime } = status;
  const messages = status.conditions?.map(({ message }) => message);
  return JSON.stringify([nodeMemoryUsage, nodeCPUUsage, availableAcceleratorTime, messages]);
}

/** Whether the hours differ by no more than the time that went by: a window that moved is news, a clock is not. */
function sameWindow(before: GpuInfoStatus, after: GpuInfoStatus): boolean {
  const { availableAcceleratorTime: hoursBefore = 0, evaluatedTime } = before;
  const { availableAcceleratorTime: hoursAfter = 0 } = after;
  if (evaluatedTime === undefined || after.evaluatedTime === undefined)
    return hoursBefore === hoursAfter;
  const elapsedHours =
    (Date.parse(after.evaluatedTime) - Date.parse(evaluatedTime)) / millisecondsInAnHour;
  const drop = hoursBefore - hoursAfter;
  return drop >= 0 && drop <= Math.ceil(elapsedHours + 1 / 60);
}
