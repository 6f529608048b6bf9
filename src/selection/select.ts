/** Composes bind, judge and rank into the one port that everybody asks, and remembers what did not change. */

import { bindNodes } from "./bind.ts";
import type {
  Audience,
  Fitting,
  Inventory,
  NodeBinding,
  NodeIdentity,
  Question,
  Requirement,
  Selection,
  SelectionPolicy,
  SelectNodes,
} from "./model.ts";
import {
  inExpectedOrder,
  type MilliCpu,
  type Shortlist,
  shortlist,
  type Verdicts,
  withEnoughHours,
  withoutOwn,
} from "./rank.ts";
import { type Bound, rebind } from "./rebind.ts";
import { simulateAccelerators } from "./simulation.ts";

/** What is known at one moment. The same objects are handed over as long as nothing changed. */
export interface Facts {
  /** Undefined until the nodes have been listed once. */
  readonly nodes: readonly NodeIdentity[] | undefined;
  /** Undefined until vCenter has been read once. */
  readonly inventory: Inventory | undefined;
  /** Why there is no inventory, in words for the user. */
  readonly inventoryProblem?: string;
  /** CPU that jobs placed since the last measurement asked for: thousandths of a core, by node name. */
  readonly expectedMilliCpu?: MilliCpu;
  readonly now: Date;
}

interface SelectionSettings extends SelectionPolicy {
  /** Past this age of the inventory there is no answer. */
  readonly hardMaxAgeMs: number;
  /** Make up GPUs and maintenance. */
  readonly simulate: boolean;
}

/** Every node joined with its virtual machine and host, whatever its age. */
interface Bindings {
  /** The same object as long as nothing changed. */
  readonly bindings: readonly NodeBinding[];
  readonly takenAt: Date;
}

export interface Selector {
  readonly selectNodes: SelectNodes;
  /** Undefined until the nodes have been listed and vCenter has been read. */
  readonly bindings: () => Bindings | undefined;
}

export function createSelector(facts: () => Facts, settings: SelectionSettings): Selector {
  const bind = rememberBindings(settings);
  const verdictsFor = rememberVerdicts(settings);
  const inOrder = rememberOrder();

  function selectNodes(requirement: Requirement, question: Question = {}): Selection {
    const known = check(facts(), settings.hardMaxAgeMs);
    if (known.kind === "unavailable") return known;
    const { nodes, inventory, now, load } = known;
    const { audience = "advice", own } = question;
    const { gpu } = requirement;
    const { fitting, rejected } = verdictsFor(bind(nodes, inventory), requirement, audience, now);
    const ordered = inOrder(fitting, gpu, load);
    const best = own === undefined ? ordered : withoutOwn(ordered, gpu, load, own);
    const { takenAt } = inventory;
    return { kind: "ranked", ranking: { requirement, takenAt, fitting: best, rejected } };
  }

  return {
    selectNodes,
    bindings() {
      const { nodes, inventory } = facts();
      if (nodes === undefined || inventory === undefined) return undefined;
      return { bindings: bind(nodes, inventory), takenAt: inventory.takenAt };
    },
  };
}

interface Known {
  readonly kind: "known";
  readonly nodes: readonly NodeIdentity[];
  readonly inventory: Inventory;
  readonly load: MilliCpu;
  readonly now: Date;
}

/** The facts, when they are enough for an answer, or why they are not. */
function check(facts: Facts, hardMaxAgeMs: number): Known | Unavailable {
  const { nodes, inventory, inventoryProblem, expectedMilliCpu: load = new Map(), now } = facts;
  if (nodes === undefined)
    return unavailable("NodesNotReady", "the nodes have not been listed yet");
  if (inventory === undefined) {
    return unavailable("InventoryNotReady", inventoryProblem ?? "vCenter has not been read yet");
  }
  const { takenAt } = inventory;
  if (now.getTime() - takenAt.getTime() > hardMaxAgeMs) {
    const problem = inventoryProblem ?? "no answer since";
    const message = `vCenter was last read at ${takenAt.toISOString()}; ${problem}`;
    return unavailable("InventoryStale", message);
  }
  return { kind: "known", nodes, inventory, load, now };
}

type Unavailable = Extract<Selection, { kind: "unavailable" }>;

function unavailable(reason: Unavailable["reason"], message: string): Unavailable {
  return { kind: "unavailable", reason, message };
}

/** Binding looks at every node and machine: it is done once for the same facts, and in full only where it must be. */
function rememberBindings({ simulate }: SelectionSettings) {
  let last: (Bound & { readonly source: Inventory }) | undefined;
  return (nodes: readonly NodeIdentity[], source: Inventory): readonly NodeBinding[] => {
    if (last?.nodes === nodes && sameObjects(last.source, source)) return last.bindings;
    const inventory = simulate ? simulateAccelerators(source) : source;
    const bindings = (last && rebind(last, nodes, inventory)) ?? bindNodes(nodes, inventory);
    last = { nodes, inventory, bindings, source };
    return bindings;
  };
}

function sameObjects(a: Inventory, b: Inventory): boolean {
  return a.virtualMachines === b.virtualMachines && a.hosts === b.hosts;
}

/**
 * Hours are chosen by users, and each number of them is remembered by itself, up to so many nodes altogether, which is
 * at most some 60 MB. The oldest go first.
 */
const rememberedNodes = 1_000_000;

/** Many ask the same: verdicts are made once for the same bindings, until an hour has run down on one of their hosts. */
function rememberVerdicts(policy: SelectionPolicy) {
  interface Remembered {
    readonly bindings: unknown;
    readonly list: Shortlist;
    readonly byHours: Map<number, Verdicts>;
  }
  const known = new Map<string, Remembered>();
  return (
    bindings: readonly NodeBinding[],
    { gpu, hours }: Requirement,
    audience: Audience,
    now: Date,
  ): Verdicts => {
    const key = `${audience} ${gpu}`;
    let last = known.get(key);
    if (last?.bindings !== bindings || now.getTime() >= last.list.validUntil) {
      const list = shortlist(bindings, { gpu, audience, policy }, now);
      last = { bindings, list, byHours: new Map() };
      known.set(key, last);
    }
    const verdicts = last.byHours.get(hours) ?? withEnoughHours(last.list, hours);
    last.byHours.delete(hours);
    last.byHours.set(hours, verdicts);
    const [oldest] = last.byHours.keys();
    if (last.byHours.size * bindings.length > rememberedNodes && oldest !== undefined)
      last.byHours.delete(oldest);
    return verdicts;
  };
}

/** Jobs are placed one by one: the order is made once for the same verdicts and the same expected load. */
function rememberOrder() {
  const known = new WeakMap<
    readonly Fitting[],
    { expected: MilliCpu; ordered: readonly Fitting[] }
  >();
  return (fitting: readonly Fitting[], gpu: boolean, expected: MilliCpu) => {
    if (expected.size === 0) return fitting;
    const last = known.get(fitting) ?? { expected: new Map(), ordered: fitting };
    if (last.expected === expected) return last.ordered;
    const ordered = inExpectedOrder(last.ordered, gpu, last.expected, expected);
    known.set(fitting, { expected, ordered });
    return ordered;
  };
}
