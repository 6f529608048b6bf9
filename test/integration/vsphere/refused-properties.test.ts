/** Hides each property that we read, and shows that what is hidden never makes a node look better. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { VcenterInventory } from "../../../src/vsphere/inventory-cache.ts";
import { readPaths } from "../../support/read-paths.ts";
import { startVcenter, type Vcenter } from "../../support/vcenter.ts";
import { nodesOf } from "./fleet-nodes.ts";
import { offersOf } from "./offers.ts";
import { readAll } from "./read-all.ts";
import { tellingFleet } from "./telling-fleet.ts";

const fleet = tellingFleet;
const nodes = nodesOf(
  fleet.datacenters
    .flatMap(({ clusters }) => clusters)
    .flatMap(({ hosts }) => hosts)
    .flatMap(({ virtualMachines }) => virtualMachines),
);

let vcenter: Vcenter;
let baseline: VcenterInventory;

beforeAll(async () => {
  vcenter = await startVcenter(fleet);
  baseline = await readAll(vcenter);
});
afterEach(async () => vcenter.control("DELETE /deny"));
afterAll(async () => vcenter.stop());

describe("a property that vCenter does not show", () => {
  test("is compared with a fleet in which nodes fit, and others do not for every reason", () => {
    const fitting = new Set(offersOf(baseline, nodes).map(({ node }) => node));
    expect(fitting.size).toBeGreaterThan(10);
    expect(fitting.size).toBeLessThan(nodes.length);
  });

  describe.each(readPaths())("$type $path", ({ type, path }) => {
    test("shows as something unknown, and makes no node look better, when it is hidden everywhere", async () => {
      await vcenter.control("POST /deny", { type, paths: [path] });
      const hidden = await readAll(vcenter);
      expect(betterThan(baseline, hidden)).toEqual([]);
      expect(timeless(hidden)).not.toEqual(timeless(baseline));
    });

    test.each([0, 1])(
      "makes no node look better when it is hidden of every second object, from %i",
      async (first) => {
        for (const object of await objectsOf(type, first))
          await vcenter.control("POST /deny", { object, paths: [path] });
        expect(betterThan(baseline, await readAll(vcenter))).toEqual([]);
      },
    );
  });
});

/** References of every second object of the type. */
async function objectsOf(type: string, first: number): Promise<string[]> {
  const answer = await vcenter.control("POST /deny", { type, paths: [] });
  const { objects }: { objects: { type: string; value: string }[] } = JSON.parse(
    JSON.stringify(answer),
  );
  return objects
    .filter((_, index) => index % 2 === first)
    .map((object) => `${object.type}:${object.value}`);
}

function timeless({ hosts, virtualMachines }: VcenterInventory) {
  return { hosts, virtualMachines };
}

/** Offers of `hidden` that `known` does not make. */
function betterThan(known: VcenterInventory, hidden: VcenterInventory): string[] {
  const offers = new Set(offersInWords(known));
  return offersInWords(hidden).filter((offer) => !offers.has(offer));
}

function offersInWords(inventory: VcenterInventory): string[] {
  return offersOf(inventory, nodes).map(
    ({ node, machine, terms }) => `${node} on ${machine} for ${terms}`,
  );
}
