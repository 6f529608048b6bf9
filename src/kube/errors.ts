/** The one error type of this folder: what the API server refused, or why it could not be asked. */

import { listAt, numberAt, textAt } from "./json.ts";

/**
 * - `unreachable`: no connection, or it broke; `timeout`: no answer in time; `aborted`: we gave up ourselves
 * - `invalid`: the schema or the syntax refused it (400, 422); trying again unchanged is useless
 * - `gone`: the resourceVersion or continue token is too old (410); list again
 * - `busy`: overloaded or starting (429, 503); see `retryAfterMs`
 * - `malformed`: the answer was not what the API promises
 */
export type KubeErrorKind =
  | "unreachable"
  | "timeout"
  | "aborted"
  | "unauthorized"
  | "forbidden"
  | "notFound"
  | "alreadyExists"
  | "conflict"
  | "invalid"
  | "gone"
  | "busy"
  | "server"
  | "malformed";

/** A field that the API server refused, and why. */
export interface RefusedField {
  readonly field: string;
  readonly message: string;
}

interface Details {
  readonly cause?: unknown;
  /** HTTP status, where there was an answer. */
  readonly status?: number;
  readonly retryAfterMs?: number;
  readonly fields?: readonly RefusedField[];
}

export class KubeError extends Error {
  override readonly name = "KubeError";
  readonly kind: KubeErrorKind;
  /** HTTP status; absent when there was no answer. */
  readonly status: number | undefined;
  /** How long the API server asked us to wait. */
  readonly retryAfterMs: number | undefined;
  /** For `invalid`: the fields that were refused, where the API server named them. */
  readonly fields: readonly RefusedField[];

  constructor(kind: KubeErrorKind, message: string, details: Details = {}) {
    super(message, { cause: details.cause });
    this.kind = kind;
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
    this.fields = details.fields ?? [];
  }

  /** Trying the same again cannot help: the object must change first, or no longer exists. */
  get terminal(): boolean {
    return this.kind === "invalid" || this.kind === "notFound";
  }
}

/** @returns whether `error` is a KubeError of that kind. */
export function isKubeError(error: unknown, kind: KubeErrorKind): boolean {
  return error instanceof KubeError && error.kind === kind;
}

/**
 * Turns a refusal into an error.
 * @param what the call, as in `PATCH /api/…`
 * @param body a metav1.Status, if the answer was one
 * @param retryAfter the Retry-After header, in seconds, if there was one
 */
export function refusal(
  what: string,
  status: number,
  body: unknown,
  retryAfter?: string,
): KubeError {
  const reason = textAt(body, "reason");
  const message = textAt(body, "message");
  const seconds = Number(retryAfter ?? numberAt(body, "details", "retryAfterSeconds"));
  const words = [reason, message].filter(Boolean).join(": ");
  return new KubeError(kindOf(status, reason, message), `${what}: ${status} ${words}`.trimEnd(), {
    status,
    fields: listAt(body, "details", "causes")
      .map(readCause)
      .filter(({ field }) => field !== noField),
    ...(seconds > 0 && Number.isFinite(seconds) && { retryAfterMs: seconds * 1000 }),
  });
}

/** So the API server calls the place of "some validation rules were not checked because the object was invalid". */
const noField = "<nil>";

function readCause(cause: unknown): RefusedField {
  return { field: textAt(cause, "field") ?? "", message: textAt(cause, "message") ?? "" };
}

function kindOf(status: number, reason: string | undefined, message = ""): KubeErrorKind {
  if (status === 409) return reason === "AlreadyExists" ? "alreadyExists" : "conflict";
  if (status === 500 && message.startsWith(refusedByType)) return "invalid";
  return byStatus.get(status) ?? (status < 500 ? "invalid" : "server");
}

/** Server-side apply answers 500 to a value of the wrong type, and to a field that the schema lacks. */
const refusedByType = "failed to create typed patch object";

const byStatus = new Map<number, KubeErrorKind>([
  [401, "unauthorized"],
  [403, "forbidden"],
  [404, "notFound"],
  [408, "timeout"],
  [410, "gone"],
  [429, "busy"],
  [503, "busy"],
  [504, "timeout"],
]);
