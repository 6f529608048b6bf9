/** Spells an Event of events.k8s.io/v1 within the limits that the API server checks. */

import { microTime } from "./clock.ts";

/** The object that an event is about. */
export interface Regarding {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** Absent for an object that is in no namespace; its events stand in `default`. */
  readonly namespace?: string;
  readonly uid: string;
}

/** Something that happened, as `kubectl describe` shows it. */
export interface EventInput {
  readonly regarding: Regarding;
  readonly type: "Normal" | "Warning";
  /** Why, in one CamelCase word. */
  readonly reason: string;
  /** What was done, in one CamelCase word. */
  readonly action: string;
  /** A sentence; cut at 1,024 bytes. */
  readonly note: string;
}

/** The same event several times. */
export interface Repeats {
  readonly count: number;
  readonly lastAt: Date;
}

const noteBytes = 1024;
const nameLength = 253;
const namespaceOfTheRest = "default";

export function namespaceOf(regarding: Regarding): string {
  return regarding.namespace ?? namespaceOfTheRest;
}

/** @param number makes the name unique among the events of this process about this object at this time */
export function eventName(regarding: Regarding, at: Date, number: number): string {
  const suffix = `.${at.getTime().toString(16)}${number.toString(16).padStart(6, "0")}`;
  return regarding.name.slice(0, nameLength - suffix.length) + suffix;
}

export function eventBody(
  input: EventInput,
  name: string,
  firstAt: Date,
  repeats: Repeats,
  instance: string,
): object {
  const { regarding, type, reason, action, note } = input;
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name, namespace: namespaceOf(regarding) },
    eventTime: microTime(firstAt),
    reportingController: "gpuinfo",
    reportingInstance: instance.slice(0, 128),
    regarding,
    type,
    reason,
    action,
    note: cutBytes(note, noteBytes),
    ...(repeats.count > 1 && { series: seriesOf(repeats) }),
  };
}

export function seriesOf({ count, lastAt }: Repeats): object {
  return { count, lastObservedTime: microTime(lastAt) };
}

/** @returns the longest beginning of whole characters that fits, with an ellipsis where something is cut. */
export function cutBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  let end = limit - Buffer.byteLength("…");
  // Bytes 10xxxxxx continue a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${bytes.subarray(0, end).toString()}…`;
}
