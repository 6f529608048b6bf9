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

/** What stands before the names, and what it was read as. */
interface Head {
  readonly bytes: Buffer;
  readonly args: Omit<ExtenderArgs, "names">;
}

/** Reads bodies. It remembers the last pod: prioritize is asked about it right after filter, in the same bytes. */
export class ArgsReader {
  #last: Head | undefined;

  /** @throws MalformedRequest */
  read(body: Buffer): ExtenderArgs {
    return this.#readShort(body) ?? readWhole(body);
  }

  /**
   * Almost all of a body is its list of names, and it stands last: what JSON.parse would take for it is saved.
   * Inside a JSON string the quotes of `beforeNames` would be escaped, and deeper inside an object what is around the
   * list would not parse: so when that parses, this is the list that JSON.parse would have found.
   */
  #readShort(body: Buffer): ExtenderArgs | undefined {
    const at = body.indexOf(beforeNames);
    const end = body.length - afterNames.length;
    if (at === -1 || !body.subarray(end).equals(afterNames)) return undefined;
    const names = NodeNames.cut(body, at + beforeNames.length, end);
    const head = names && this.#readHead(body.subarray(0, at));
    return head && { ...head.args, names };
  }

  #readHead(bytes: Buffer): Head | undefined {
    if (this.#last?.bytes.equals(bytes)) return this.#last;
    const parsed = parse(`${bytes.toString("utf8")}"Nodes":null}`);
    if (parsed === undefined) return undefined;
    // A copy: a part would hold on to the whole body.
    this.#last = { bytes: Buffer.from(bytes), args: check(parsed.value) };
    return this.#last;
  }
}

const beforeNames = Buffer.from('"Nodes":null,"NodeNames":[');
const afterNames = Buffer.from("]}");

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
