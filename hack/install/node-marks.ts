/** Takes every label and annotation under our prefix off the nodes, but for those that people write. */
import { z } from "zod";
import { nodeOverride } from "../../src/api/names.ts";
import { read } from "./kubectl.ts";

const Keys = z.record(z.string(), z.string()).default({}).transform(ours);
const NodeList = z.object({
  items: z.array(
    z.object({ metadata: z.object({ name: z.string(), labels: Keys, annotations: Keys }) }),
  ),
});

const prefix = "topology.corinternal.com/";
/** Names on one command line. */
const nodesAtOnce = 500;

/** @returns how many nodes had any. */
export function removeNodeMarks(): number {
  const { items } = NodeList.parse(JSON.parse(read(["get", "nodes", "-o", "json"])));
  const nodes = items.map(({ metadata }) => metadata);
  clear(
    "label",
    nodes.map(({ name, labels }) => ({ name, keys: labels })),
  );
  clear(
    "annotate",
    nodes.map(({ name, annotations }) => ({ name, keys: annotations })),
  );
  return nodes.filter(({ labels, annotations }) => labels.length + annotations.length > 0).length;
}

interface Marked {
  readonly name: string;
  readonly keys: readonly string[];
}

/** One command for many nodes: a key that one of them lacks is no error. */
function clear(verb: "label" | "annotate", nodes: readonly Marked[]): void {
  const marked = nodes.filter(({ keys }) => keys.length > 0);
  const removals = [...new Set(marked.flatMap(({ keys }) => keys))].map((key) => `${key}-`);
  for (let start = 0; start < marked.length; start += nodesAtOnce) {
    const names = marked.slice(start, start + nodesAtOnce).map(({ name }) => name);
    read([verb, "nodes", ...names, ...removals]);
  }
}

function ours(texts: Readonly<Record<string, string>>): readonly string[] {
  return Object.keys(texts).filter((key) => key.startsWith(prefix) && key !== nodeOverride);
}
