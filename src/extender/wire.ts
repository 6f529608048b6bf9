/** Reads what kube-scheduler sends: its ExtenderArgs, whose keys are Go's field names. */

import { z } from "zod";
import { Pod } from "../api/pod.ts";
import { MalformedRequest } from "./malformed-request.ts";
import { NodeNames } from "./node-names.ts";

const Args = z.object({
  Pod,
  Nodes: z.unknown().optional(),
  NodeNames: z.array(z.string()).nullish(),
});

export interface ExtenderArgs {
  readonly pod: Pod;
  /** Names asked about. */
  readonly names: NodeNames;
  /** Whole Node objects were sent: the scheduler's configuration lacks `nodeCacheCapable: true`. */
  readonly fullNodes: boolean;
}

/** @throws MalformedRequest */
export function readArgs(body: Buffer): ExtenderArgs {
  return readShort(body) ?? readWhole(body);
}

const beforeNames = Buffer.from('"Nodes":null,"NodeNames":[');
const afterNames = Buffer.from("]}");

/**
 * Almost all of a body is its list of names, and it stands last: what JSON.parse would take for it is saved.
 * Inside a JSON string the quotes of `beforeNames` would be escaped, and deeper inside an object what is around the
 * list would not parse: so when that parses, this is the list that JSON.parse would have found.
 */
function readShort(body: Buffer): ExtenderArgs | undefined {
  const at = body.indexOf(beforeNames);
  const end = body.length - afterNames.length;
  if (at === -1 || !body.subarray(end).equals(afterNames)) return undefined;
  const names = NodeNames.cut(body, at + beforeNames.length, end);
  const rest = names && parse(`${body.toString("utf8", 0, at)}"Nodes":null}`);
  return rest && { ...check(rest.value), names };
}

function readWhole(body: Buffer): ExtenderArgs {
  const parsed = parse(body.toString());
  if (parsed === undefined) throw new MalformedRequest("the body is not JSON");
  return check(parsed.value);
}

function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function check(value: unknown): ExtenderArgs {
  const { data, error } = Args.safeParse(value);
  if (error !== undefined) {
    throw new MalformedRequest(`the body is not ExtenderArgs:\n${z.prettifyError(error)}`);
  }
  const { Pod: pod, Nodes: nodes, NodeNames: names } = data;
  return {
    pod,
    names: NodeNames.of(names ?? []),
    fullNodes: nodes !== undefined && nodes !== null,
  };
}
