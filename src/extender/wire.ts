/** Reads what kube-scheduler sends: its ExtenderArgs, whose keys are Go's field names. */

import { z } from "zod";
import { Pod } from "../api/pod.ts";
import { cutNodeNames } from "./node-names.ts";

/** A request that cannot be read; the message says what was wrong. */
export class MalformedRequest extends Error {
  override readonly name = "MalformedRequest";
  readonly status = 400;
}

const ExtenderArgs = z.object({
  Pod,
  Nodes: z.unknown().optional(),
  NodeNames: z.array(z.string()).nullish(),
});

export interface ExtenderArgs {
  readonly pod: Pod;
  /** Names asked about, in the scheduler's order; duplicates are kept. */
  readonly names: readonly string[];
  /** Whole Node objects were sent: the scheduler's configuration lacks `nodeCacheCapable: true`. */
  readonly fullNodes: boolean;
}

/** @throws MalformedRequest */
export function readArgs(body: Buffer): ExtenderArgs {
  return readShort(body) ?? readWhole(body);
}

/** Almost all of a body is its list of names: what JSON.parse would take for it is saved. */
function readShort(body: Buffer): ExtenderArgs | undefined {
  const cut = cutNodeNames(body);
  if (cut === undefined) return undefined;
  let rest: unknown;
  try {
    rest = JSON.parse(cut.rest);
  } catch {
    return undefined;
  }
  return { ...check(rest), names: cut.names };
}

function readWhole(body: Buffer): ExtenderArgs {
  try {
    return check(JSON.parse(body.toString()));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new MalformedRequest(`the body is not JSON: ${cause.message}`, { cause });
  }
}

function check(value: unknown): ExtenderArgs {
  const { data, error } = ExtenderArgs.safeParse(value);
  if (error !== undefined) {
    throw new MalformedRequest(`the body is not ExtenderArgs:\n${z.prettifyError(error)}`);
  }
  const { Pod: pod, Nodes: nodes, NodeNames: names } = data;
  return { pod, names: names ?? [], fullNodes: nodes !== undefined && nodes !== null };
}
