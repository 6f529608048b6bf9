/** Composes bind, judge and rank into the one port that everybody asks, and remembers what did not change. */

import { bindNodes } from "./bind.ts";
import type {
  Inventory,
  NodeBinding,
  NodeIdentity,
  Ranking,
  Requirement,
  Selection,
  SelectionPolicy,
  SelectNodes,
} from "./model.ts";
import { rank, type Shortlist, shortlist } from "./rank.ts";
import { simulateAccelerators } from "./simulation.ts";

/** What is known at one moment. The same objects are handed over as long as nothing changed. */
export interface Facts {
  /** Undefined until the nodes have been listed once. */
  readonly nodes: readonly NodeIdentity[] | undefined;
  /** Undefined until vCenter has been read once. */
  readonly inventory: Inventory | undefined;
  /** Why there is no inventory, in words for the user. */
  readonly inventoryProblem?: string;
  readonly now: Date;
}

interface SelectionSettings extends SelectionPolicy {
  /** Past this age of the inventory there is no answer. */
  readonly hardMaxAgeMs: number;
  /** Make up GPUs and maintenance. */
  readonly simulate: boolean;
}

export function createSelectNodes(facts: () => Facts, settings: SelectionSettings): SelectNodes {
  const bind = rememberBindings(settings);
  const rankAll = rememberRankings(settings);

  return function selectNodes(requirement, among): Selection {
    const { nodes, inventory, inventoryProblem, now } = facts();
    if (nodes === undefined)
      return unavailable("NodesNotReady", "the nodes have not been listed yet");
    if (inventory === undefined) {
      return unavailable("InventoryNotReady", inventoryProblem ?? "vCenter has not been read yet");
    }
    const { takenAt } = inventory;
    if (now.getTime() - takenAt.getTime() > settings.hardMaxAgeMs) {
      const problem = inventoryProblem ?? "no answer since";
      const message = `vCenter was last read at ${takenAt.toISOString()}; ${problem}`;
      return unavailable("InventoryStale", message);
    }
    const bindings = bind(nodes, inventory);
    if (among === undefined) {
      return { kind: "ranked", ranking: { ...rankAll(bindings, requirement, now), takenAt } };
    }
    const { gpu } = requirement;
    const some = shortlist(restrict(bindings, among), { gpu, policy: settings, now });
    return { kind: "ranked", ranking: rank(some, requirement, takenAt) };
  };
}

function unavailable(
  reason: "InventoryNotReady" | "InventoryStale" | "NodesNotReady",
  message: string,
): Selection {
  return { kind: "unavailable", reason, message };
}

/** Binding looks at every node and machine, so it is done once for the same nodes, machines and hosts. */
function rememberBindings({ simulate }: SelectionSettings) {
  let last:
    | {
        nodes: unknown;
        virtualMachines: unknown;
        hosts: unknown;
        bindings: readonly NodeBinding[];
      }
    | undefined;
  return (nodes: readonly NodeIdentity[], inventory: Inventory): readonly NodeBinding[] => {
    const { virtualMachines, hosts } = inventory;
    if (last?.nodes === nodes && last.virtualMachines === virtualMachines && last.hosts === hosts) {
      return last.bindings;
    }
    const bindings = bindNodes(nodes, simulate ? simulateAccelerators(inventory) : inventory);
    last = { nodes, virtualMachines, hosts, bindings };
    return bindings;
  };
}

/** Many ask the same: a ranking is made once for the same bindings, until an hour has run down on one of their hosts. */
function rememberRankings(policy: SelectionPolicy) {
  interface Known {
    readonly bindings: unknown;
    readonly list: Shortlist;
    readonly byHours: Map<number, Ranking>;
  }
  const known = new Map<boolean, Known>();
  return (bindings: readonly NodeBinding[], requirement: Requirement, now: Date): Ranking => {
    const { gpu, hours } = requirement;
    let last = known.get(gpu);
    if (last?.bindings !== bindings || now.getTime() >= last.list.validUntil) {
      last = { bindings, list: shortlist(bindings, { gpu, policy, now }), byHours: new Map() };
      known.set(gpu, last);
    }
    const ranking = last.byHours.get(hours) ?? rank(last.list, requirement, now);
    last.byHours.set(hours, ranking);
    return ranking;
  };
}

function restrict(
  bindings: readonly NodeBinding[],
  among: ReadonlySet<string>,
): readonly NodeBinding[] {
  const known = new Map(bindings.map((b) => [nodeName(b), b]));
  return [...among].map(
    (name): NodeBinding =>
      known.get(name) ?? {
        kind: "unbound",
        node: name,
        reason: "UnknownNode",
        message: `no node named ${name} is known`,
      },
  );
}

function nodeName(binding: NodeBinding): string {
  return binding.kind === "bound" ? binding.candidate.node.name : binding.node;
}
