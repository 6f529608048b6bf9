/** Decides which labels a node carries, and what has to be written so that it does. */

import { farFuture, labelKeys } from "../api/names.ts";
import {
  type MarksPatch,
  type NodeMarks,
  nodeAnnotationKeys,
  type Texts,
} from "../api/node-marks.ts";
import { millisecondsInAnHour, nextWindow } from "../selection/hours.ts";
import { isUp } from "../selection/judge.ts";
import type { Candidate, NodeBinding } from "../selection/model.ts";
import { labelValue } from "./label-value.ts";

/** The value of available-until where nothing may start now, whatever the hours. */
const notAvailable = "0";

const noMarks: NodeMarks = { labels: {}, annotations: {} };

/**
 * What the node should carry.
 * @param isStale the inventory is too old to promise anything: the node is offered to nobody
 */
export function marksFor(
  binding: NodeBinding,
  { now, isStale }: { now: Date; isStale: boolean },
): NodeMarks {
  if (binding.kind === "bound") return marksOfCandidate(binding.candidate, now, isStale);
  // A machine that is off or on no host is known to be of no use now; without a machine, we know nothing of the node.
  if (binding.reason === "VirtualMachineOff" || binding.reason === "NoHost") return closed(noMarks);
  return noMarks;
}

/** The same marks, but offered to nobody. */
export function closed({ labels, annotations }: NodeMarks): NodeMarks {
  return { labels: { ...labels, [labelKeys.availableUntil]: notAvailable }, annotations };
}

function marksOfCandidate(candidate: Candidate, now: Date, isStale: boolean): NodeMarks {
  const { virtualMachine, host } = candidate;
  // The API server replaces half a surrogate pair: the value would never be what was asked for.
  const hostName = host.name.toWellFormed();
  const esxiHost = labelValue(hostName);
  const devicesAreKnown = virtualMachine.unreadable.length === 0;
  return {
    labels: {
      ...(devicesAreKnown && { [labelKeys.gpu]: String(virtualMachine.gpus.length > 0) }),
      ...(esxiHost !== "" && { [labelKeys.esxiHost]: esxiHost }),
      [labelKeys.availableUntil]: isStale ? notAvailable : availableUntil(candidate, now),
    },
    annotations: esxiHost === hostName ? {} : { [nodeAnnotationKeys.esxiHost]: hostName },
  };
}

/** Whole hours since the Unix epoch, rounded down: an absolute time, so that the label does not change every hour. */
function availableUntil(candidate: Candidate, now: Date): string {
  const { horizon } = candidate.host;
  if (!isUp(candidate) || horizon.kind === "unknown") return notAvailable;
  const window = nextWindow(horizon.windows, now);
  if (window === undefined) return String(farFuture);
  if (window.startsAt <= now.getTime()) return notAvailable;
  return String(Math.min(Math.floor(window.startsAt / millisecondsInAnHour), farFuture));
}

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
    matters:
      labels !== undefined && (labelKeys.gpu in labels || labelKeys.availableUntil in labels),
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
