/** Composes bind, judge and rank into the one port that everybody asks, and remembers what did not change. */

import { bindNodes } from "./bind.ts";
import type {
  Inventory,
  NodeBinding,
  NodeIdentity,
  Ranking,
  Selection,
  SelectionPolicy,
  SelectNodes,
} from "./model.ts";
import { rank } from "./rank.ts";
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

export interface SelectionSettings extends SelectionPolicy {
  /** Past this age of the inventory there is no answer. */
  readonly hardMaxAgeMs: number;
  /** Make up GPUs and maintenance. */
  readonly simulate: boolean;
}

/** Rankings are kept for this long: the hours left change with time, although nothing else does. */
const rankingLifetimeMs = 1_000;

export function createSelectNodes(facts: () => Facts, settings: SelectionSettings): SelectNodes {
  const bind = rememberBindings(settings);
  const rankings = new Map<string, { ranking: Ranking; bindings: unknown; madeAt: number }>();

  return function selectNodes(requirement, among): Selection {
    const { nodes, inventory, inventoryProblem, now } = facts();
    if (nodes === undefined)
      return unavailable("NodesNotReady", "the nodes have not been listed yet");
    if (inventory === undefined) {
      return unavailable("InventoryNotReady", inventoryProblem ?? "vCenter has not been read yet");
    }
    const ageMs = now.getTime() - inventory.takenAt.getTime();
    if (ageMs > settings.hardMaxAgeMs) {
      const since = inventory.takenAt.toISOString();
      return unavailable(
        "InventoryStale",
        `vCenter was last read at ${since}; ${inventoryProblem ?? "no answer since"}`,
      );
    }
    const bindings = bind(nodes, inventory);
    const { takenAt } = inventory;
    if (among !== undefined) {
      const ranking = rank(requirement, restrict(bindings, among), {
        policy: settings,
        takenAt,
        now,
      });
      return { kind: "ranked", ranking };
    }
    const key = `${requirement.gpu} ${requirement.hours}`;
    const known = rankings.get(key);
    const fresh = known !== undefined && now.getTime() - known.madeAt < rankingLifetimeMs;
    if (fresh && known.bindings === bindings)
      return { kind: "ranked", ranking: { ...known.ranking, takenAt } };
    const ranking = rank(requirement, bindings, { policy: settings, takenAt, now });
    if (known?.bindings !== bindings) forgetOthers(rankings, bindings);
    rankings.set(key, { ranking, bindings, madeAt: now.getTime() });
    return { kind: "ranked", ranking };
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
    | { nodes: unknown; virtualMachines: unknown; hosts: unknown; bindings: readonly NodeBinding[] }
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

function forgetOthers(rankings: Map<string, { bindings: unknown }>, bindings: unknown): void {
  for (const [key, known] of rankings) {
    if (known.bindings !== bindings) rankings.delete(key);
  }
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
