/** Counts the nodes that a MaintenanceWindow concerns, and finds what of it names none. */

import type { Targets } from "../api/declared-window.ts";
import type { NodeBinding } from "../selection/model.ts";

/** Whom a MaintenanceWindow concerns, as things are now. */
export interface Reach {
  /** How many nodes. */
  readonly nodes: number;
  /** Hosts and clusters that it names and on which no node runs, such as `host esxi-9.example.com`. */
  readonly without: readonly string[];
  /** It has a nodeSelector, and that selects no node. */
  readonly selectsNone: boolean;
}

/** Names of nodes by what is under them, in lower case. */
export interface NodesByPlace {
  readonly byHost: ReadonlyMap<string, readonly string[]>;
  readonly byCluster: ReadonlyMap<string, readonly string[]>;
}

export function nodesByPlace(bindings: readonly NodeBinding[]): NodesByPlace {
  const byHost = new Map<string, string[]>();
  const byCluster = new Map<string, string[]>();
  for (const binding of bindings) {
    if (binding.kind === "unbound") continue;
    const { node, host } = binding.candidate;
    push(byHost, host.name.toLowerCase(), node.name);
    push(byCluster, host.cluster.toLowerCase(), node.name);
  }
  return { byHost, byCluster };
}

/** @param selected names of the nodes that its selector selects */
export function reachOf(
  { hosts, clusters, nodeSelector }: Targets,
  selected: ReadonlySet<string>,
  { byHost, byCluster }: NodesByPlace,
): Reach {
  const places = [
    ...hosts.map((name) => ({ place: `host ${name}`, nodes: byHost.get(name) ?? [] })),
    ...clusters.map((name) => ({ place: `cluster ${name}`, nodes: byCluster.get(name) ?? [] })),
  ];
  const elsewhere = new Set(places.flatMap(({ nodes }) => nodes.filter((n) => !selected.has(n))));
  const without = places.flatMap(({ place, nodes }) => (nodes.length === 0 ? place : []));
  const selectsNone = nodeSelector !== undefined && selected.size === 0;
  return { nodes: selected.size + elsewhere.size, without, selectsNone };
}

function push(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
