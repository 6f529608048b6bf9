/** Everything that selection would offer, for a spread of jobs and policies: to compare what two inventories lead to. */
import type { NodeIdentity, Requirement, SelectionPolicy } from "../../../src/selection/model.ts";
import { createSelector } from "../../../src/selection/select.ts";
import type { VcenterInventory } from "../../../src/vsphere/inventory-cache.ts";
import { selectionSettings } from "../../support/builders.ts";

export interface Offer {
  readonly node: string;
  /** The machine's id. */
  readonly machine: string;
  /** The job and the policy. */
  readonly terms: string;
}

const requirements: readonly Requirement[] = [
  ...[1, 4, 6, 300, 450, 8760].flatMap((hours) => [
    { gpu: false, hours },
    { gpu: true, hours },
  ]),
  { gpu: true, hours: 1, gpuNeeds: { model: "NVIDIA A100 80GB PCIe" } },
  { gpu: true, hours: 1, gpuNeeds: { memoryGib: 40 } },
  { gpu: true, hours: 1, gpuNeeds: { count: 1 } },
];

const policies: readonly Partial<SelectionPolicy>[] = [
  {},
  { gpuPolicy: "atLeast" },
  { evacuation: "hard" },
];

export function offersOf(inventory: VcenterInventory, nodes: readonly NodeIdentity[]): Offer[] {
  const vcenters = new Map([["vcenter", inventory]]);
  const sum = { ...inventory, vcenters, unread: [] };
  const facts = { nodes, inventory: sum, now: inventory.takenAt };
  return policies.flatMap((policy) => {
    const { selectNodes } = createSelector(() => facts, { ...selectionSettings, ...policy });
    return requirements.flatMap((requirement) => {
      const selection = selectNodes(requirement);
      if (selection.kind === "unavailable") throw new Error(selection.message);
      const terms = JSON.stringify({ ...requirement, ...policy });
      return selection.ranking.fitting.map(({ node, virtualMachine }) => ({
        node: node.name,
        machine: virtualMachine.id,
        terms,
      }));
    });
  });
}
