/** Composes bind, judge and rank into the one port that everybody asks, and remembers what did not change. */

import { isOlder } from "./age.ts";
import { bindNodes, nothingDeclared } from "./bind.ts";
import { modelKey } from "./gpu-totals.ts";
import type { VcenterAges } from "./judge.ts";
import type {
  Audience,
  DeclaredMaintenance,
  Fitting,
  GpuNeeds,
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
import { simulateAccelerators, simulationStep } from "./simulation.ts";
import { vcenterNamed } from "./vcenter-name.ts";

/** What is known at one moment. The same objects are handed over as long as nothing changed. */
export interface Facts {
  /** Undefined until the nodes have been listed once. */
  readonly nodes: readonly NodeIdentity[] | undefined;
  /** Undefined until vCenter has been read once. */
  readonly inventory: Inventory | undefined;
  /** What is wrong with vCenters at the moment, by their name, in words for the user. */
  readonly problems?: ReadonlyMap<string, string>;
  /** Maintenance that was declared in Kubernetes; none where absent. */
  readonly declared?: DeclaredMaintenance;
  /** CPU that jobs placed since the last measurement asked for: thousandths of a core, by node name. */
  readonly expectedMilliCpu?: MilliCpu;
  readonly now: Date;
}

interface SelectionSettings extends SelectionPolicy {
  /** Past this age of what a vCenter said, none of its nodes is offered. */
  readonly hardMaxAgeMs: number;
  /** Past this age of its CPU and memory numbers, nodes are not compared by them. */
  readonly usageHardMaxAgeMs: number;
  /** Make up GPUs and maintenance. */
  readonly simulate: boolean;
}

/** Every node joined with its virtual machine and host, whatever its age. */
export interface Bindings {
  /** The same object as long as nothing changed. */
  readonly bindings: readonly NodeBinding[];
  /** By the vCenter's name. */
  readonly vcenters: Inventory["vcenters"];
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
    const known = check(facts(), settings);
    if (known.kind === "unavailable") return known;
    const { nodes, inventory, declared, ages, takenAt, now, load } = known;
    const { audience = "advice", own } = question;
    const { gpu } = requirement;
    const bindings = bind(nodes, inventory, declared, now);
    const { fitting, rejected } = verdictsFor(bindings, requirement, audience, ages, now);
    const ordered = inOrder(fitting, gpu, load);
    const best = own === undefined ? ordered : withoutOwn(ordered, gpu, load, own);
    return { kind: "ranked", ranking: { requirement, takenAt, fitting: best, rejected } };
  }

  return {
    selectNodes,
    bindings() {
      const { nodes, inventory, declared = nothingDeclared, now } = facts();
      if (nodes === undefined || inventory === undefined) return undefined;
      return { bindings: bind(nodes, inventory, declared, now), vcenters: inventory.vcenters };
    },
  };
}

interface Known {
  readonly kind: "known";
  readonly nodes: readonly NodeIdentity[];
  readonly inventory: Inventory;
  readonly declared: DeclaredMaintenance;
  readonly ages: VcenterAges;
  readonly takenAt: Date;
  readonly load: MilliCpu;
  readonly now: Date;
}

/** The facts, when they are enough for an answer, or why they are not. */
function check(facts: Facts, settings: SelectionSettings): Known | Unavailable {
  const { nodes, inventory, problems = new Map(), expectedMilliCpu: load = new Map(), now } = facts;
  if (nodes === undefined) {
    return unavailable(
      "NodesNotReady",
      "the nodes and MaintenanceWindows have not been listed yet",
    );
  }
  if (inventory === undefined) {
    const problem = describeAll(problems) ?? "vCenter has not been read yet";
    return unavailable("InventoryNotReady", problem);
  }
  const ages = agesOf(inventory, problems, settings, now);
  const fresh = [...inventory.vcenters].filter(([name]) => !ages.stale.has(name));
  if (fresh.length === 0) return unavailable("InventoryStale", [...ages.stale.values()].join("; "));
  const takenAt = new Date(Math.min(...fresh.map(([, reading]) => reading.takenAt.getTime())));
  const { declared = nothingDeclared } = facts;
  return { kind: "known", nodes, inventory, declared, ages, takenAt, load, now };
}

/** Whose readings are too old. */
function agesOf(
  { vcenters }: Inventory,
  problems: ReadonlyMap<string, string>,
  { hardMaxAgeMs, usageHardMaxAgeMs }: SelectionSettings,
  now: Date,
): VcenterAges {
  const stale = new Map<string, string>();
  const oldUsage = new Set<string>();
  for (const [name, { takenAt, usageTakenAt }] of vcenters) {
    if (isOlder(takenAt, now, hardMaxAgeMs)) {
      const problem = problems.get(name) ?? "no answer since";
      stale.set(
        name,
        `${vcenterNamed(name)} was last read at ${takenAt.toISOString()}; ${problem}`,
      );
    }
    if (isOlder(usageTakenAt, now, usageHardMaxAgeMs)) oldUsage.add(name);
  }
  return { stale, oldUsage };
}

function describeAll(problems: ReadonlyMap<string, string>): string | undefined {
  if (problems.size === 0) return undefined;
  return [...problems].map(([name, problem]) => `${vcenterNamed(name)}: ${problem}`).join("; ");
}

type Unavailable = Extract<Selection, { kind: "unavailable" }>;

function unavailable(reason: Unavailable["reason"], message: string): Unavailable {
  return { kind: "unavailable", reason, message };
}

/** Binding looks at every node and machine: it is done once for the same facts, and in full only where it must be. */
function rememberBindings({ simulate }: SelectionSettings) {
  let last: (Bound & { readonly source: Inventory; readonly step: number }) | undefined;
  return (
    nodes: readonly NodeIdentity[],
    source: Inventory,
    declared: DeclaredMaintenance,
    now: Date,
  ): readonly NodeBinding[] => {
    const step = simulate ? simulationStep(now) : 0;
    const isSame = last?.step === step && sameObjects(last.source, source);
    if (last?.nodes === nodes && last.declared === declared && isSame) return last.bindings;
    const inventory = simulate ? simulateAccelerators(source, step) : source;
    const bindings =
      (last && rebind(last, nodes, inventory, declared)) ?? bindNodes(nodes, inventory, declared);
    last = { nodes, inventory, declared, bindings, source, step };
    return bindings;
  };
}

function sameObjects(a: Inventory, b: Inventory): boolean {
  return a.virtualMachines === b.virtualMachines && a.hosts === b.hosts && a.unread === b.unread;
}

/**
 * Hours are chosen by users, and each number of them is remembered by itself, up to so many nodes altogether, which is
 * at most some 60 MB. The oldest go first.
 */
const rememberedNodes = 1_000_000;

/** How many different kinds of needs are remembered. */
const rememberedNeeds = 16;

/** Many ask the same: verdicts are made once for the same bindings, until an hour has run down on one of their hosts. */
function rememberVerdicts(policy: SelectionPolicy) {
  interface Remembered {
    readonly bindings: unknown;
    readonly ages: string;
    readonly list: Shortlist;
    readonly byHours: Map<number, Verdicts>;
  }
  const known = new Map<string, Remembered>();
  return (
    bindings: readonly NodeBinding[],
    { gpu, hours, gpuNeeds }: Requirement,
    audience: Audience,
    vcenters: VcenterAges,
    now: Date,
  ): Verdicts => {
    const key = keyOf(audience, gpu, gpuNeeds);
    const ages = describeAges(vcenters);
    let last = known.get(key);
    if (
      last?.bindings !== bindings ||
      last.ages !== ages ||
      now.getTime() >= last.list.validUntil
    ) {
      const terms = { gpu, audience, policy, vcenters, ...(gpuNeeds && { gpuNeeds }) };
      last = { bindings, ages, list: shortlist(bindings, terms, now), byHours: new Map() };
    }
    // Needs are chosen by users too: the oldest of them are forgotten.
    known.delete(key);
    known.set(key, last);
    const [oldestKey] = known.keys();
    if (known.size > rememberedNeeds && oldestKey !== undefined) known.delete(oldestKey);
    const verdicts = last.byHours.get(hours) ?? withEnoughHours(last.list, hours);
    last.byHours.delete(hours);
    last.byHours.set(hours, verdicts);
    const [oldest] = last.byHours.keys();
    if (last.byHours.size * bindings.length > rememberedNodes / known.size && oldest !== undefined)
      last.byHours.delete(oldest);
    return verdicts;
  };
}

function keyOf(audience: Audience, gpu: boolean, needs: GpuNeeds = {}): string {
  const model = needs.model === undefined ? "" : modelKey(needs.model);
  return JSON.stringify([audience, gpu, model, needs.memoryGib ?? 0, needs.count ?? 0]);
}

function describeAges({ stale, oldUsage }: VcenterAges): string {
  return JSON.stringify([[...stale], [...oldUsage]]);
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
