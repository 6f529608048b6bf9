/** Decides which labels a node carries, and what has to be written so that it does. */

import { gpuLabels } from "../api/gpu-labels.ts";
import { labelValue } from "../api/label-value.ts";
import { farFuture, labelKeys } from "../api/names.ts";
import {
  type MarksPatch,
  type NodeMarks,
  nodeAnnotationKeys,
  nodeLabelKeys,
  type Texts,
} from "../api/node-marks.ts";
import { gpuTotals } from "../selection/gpu-totals.ts";
import { millisecondsInAnHour, nextWindow } from "../selection/hours.ts";
import { isUp } from "../selection/judge.ts";
import type { Candidate, NodeBinding, SelectionPolicy } from "../selection/model.ts";
import { horizonThatCounts } from "../selection/windows.ts";

/** The value of available-until where nothing may start now, whatever the hours. */
const notAvailable = "0";

const noMarks: NodeMarks = { labels: {}, annotations: {} };

export interface Situation {
  readonly now: Date;
  /** What the node's vCenter said is too old to promise anything: the node is offered to nobody. */
  readonly isStale: boolean;
  readonly policy: Pick<SelectionPolicy, "evacuation" | "unknownMaintenance">;
}

/** What the node should carry. */
export function marksFor(binding: NodeBinding, situation: Situation): NodeMarks {
  if (binding.kind === "bound") return marksOfCandidate(binding.candidate, situation);
  // A machine that is off or on no host is known to be of no use now; without a machine, we know nothing of the node.
  if (binding.reason === "VirtualMachineOff" || binding.reason === "NoHost") return closed(noMarks);
  return noMarks;
}

/** The same marks, but offered to nobody. */
export function closed({ labels, annotations }: NodeMarks): NodeMarks {
  return { labels: { ...labels, [labelKeys.availableUntil]: notAvailable }, annotations };
}

function marksOfCandidate(candidate: Candidate, situation: Situation): NodeMarks {
  const { virtualMachine, host } = candidate;
  const esxiHost = labelValue(host.name.toWellFormed());
  const gpus = virtualMachine.unreadable.length === 0 ? virtualMachine.gpus : undefined;
  const ofGpus = gpus === undefined ? {} : gpuLabels(gpus);
  const { model } = gpuTotals(gpus ?? []);
  return {
    labels: {
      ...ofGpus,
      ...(esxiHost !== "" && { [labelKeys.esxiHost]: esxiHost }),
      [labelKeys.availableUntil]: availableUntil(candidate, situation),
    },
    annotations: {
      ...inFull(nodeAnnotationKeys.esxiHost, host.name, esxiHost),
      ...inFull(nodeAnnotationKeys.gpuModel, model ?? "", ofGpus[labelKeys.gpuModel]),
    },
  };
}

/** All annotations of an object together may have 256 KiB: nothing that vCenter says is to fill them. */
const longestAnnotation = 1_024;

/** The API server replaces half a surrogate pair: the text would never be what was asked for. */
function inFull(key: string, text: string, label = ""): Texts {
  const whole = text.slice(0, longestAnnotation).toWellFormed();
  return whole === label ? {} : { [key]: whole };
}

/** Whole hours since the Unix epoch, rounded down: an absolute time, so that the label does not change every hour. */
function availableUntil(candidate: Candidate, { now, isStale, policy }: Situation): string {
  const horizon = horizonThatCounts(candidate, policy);
  const isUnknown = horizon.kind === "unknown" && policy.unknownMaintenance === "reject";
  if (isStale || isUnknown || !isUp(candidate)) return notAvailable;
  const window = nextWindow(horizon.windows, now);
  if (window === undefined) return String(farFuture);
  if (window.startsAt <= now.getTime()) return notAvailable;
  return String(Math.min(Math.floor(window.startsAt / millisecondsInAnHour), farFuture));
}

/** The labels that jobs ask for: all but the host, which is for people to look at. */
const askedOf = nodeLabelKeys.filter((key) => key !== labelKeys.esxiHost);

export interface MarksChange {
  readonly patch: MarksPatch;
  /** It may open the node to jobs, or close it. */
  readonly matters: boolean;
}

/** What to write so that a node that carries `actual` carries `wanted`; undefined when it does already. */
export function changeOf(actual: NodeMarks, wanted: NodeMarks): MarksChange | undefined {
  const labels = difference(actual.labels, wanted.labels);
  const annotations = difference(actual.annotations, wanted.annotations);
  if (labels === undefined && annotations === undefined) return undefined;
  return {
    patch: { ...(labels && { labels }), ...(annotations && { annotations }) },
    matters: askedOf.some((key) => key in (labels ?? {})),
  };
}

function difference(actual: Texts, wanted: Texts): Record<string, string | null> | undefined {
  const changes: Record<string, string | null> = {};
  for (const key of Object.keys(actual)) if (!(key in wanted)) changes[key] = null;
  for (const [key, value] of Object.entries(wanted)) {
    if (actual[key] !== value) changes[key] = value;
  }
  return Object.keys(changes).length === 0 ? undefined : changes;
}
