/** Serves each fleet file that shows a rule, and compares what we read through SOAP with the answer in the same file. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { readFleet } from "../../../hack/stack/fleet.ts";
import { bindNodes } from "../../../src/selection/bind.ts";
import type { VcenterInventory } from "../../../src/vsphere/inventory-cache.ts";
import { aHost } from "../../support/builders.ts";
import { startVcenter } from "../../support/vcenter.ts";
import { findDifferences, parseExpectation, parseSpan } from "./expectations.ts";
import { nodesOf } from "./fleet-nodes.ts";
import { readAll } from "./read-all.ts";

const folder = path.join(import.meta.dirname, "../../../hack/vcsim/fleets/rules");
const files = readdirSync(folder).filter((name) => name.endsWith(".json"));

describe("fleets as files", () => {
  test.each(files)("%s is read as the file expects", async (name) => {
    const file = path.join(folder, name);
    const fleet: { readonly expected?: unknown } = JSON.parse(readFileSync(file, "utf8"));
    const expected = parseExpectation(fleet.expected);
    const startedAt = Date.now();
    const inventory = await readThroughSoap(fleet);
    const sum = { ...inventory, vcenters: new Map([["vcenter", inventory]]), unread: [] };
    const bindings = bindNodes(nodesOf(readFleet(file)), sum);
    expect(findDifferences(expected, inventory, bindings, startedAt)).toEqual([]);
  });
});

describe("an expectation", () => {
  const nobody: VcenterInventory = {
    takenAt: new Date(0),
    usageTakenAt: new Date(0),
    hosts: new Map(),
    virtualMachines: [],
  };

  test.each([
    ["is absent", undefined, "expected object"],
    ["says nothing", {}, "want at least one"],
    ["has an unknown word", { machine: {} }, "machine"],
    [
      "has an unknown word about a window",
      { hosts: { a: { windows: [{ startsIn: "1h", source: "scheduledTask", ends: "2h" }] } } },
      "ends",
    ],
    ["has an unknown horizon", { hosts: { a: { horizon: "open" } } }, "horizon"],
    ["has an unknown Reason", { nodes: { a: { reason: "Tired" } } }, "nodes"],
    [
      "wants a machine and a Reason at once",
      { nodes: { a: { reason: "NoHost", machine: "b" } } },
      "nodes",
    ],
  ])("is refused when it %s", (_, expected, message) => {
    expect(() => parseExpectation(expected)).toThrow(message);
  });

  test.each([
    ["a machine", { machines: { a: {} } }, "found 0 virtual machines a"],
    ["a machine's GPUs", { gpus: { a: [] } }, "found 0 virtual machines a"],
    ["a machine that is pinned", { pinned: ["a"] }, "found 0 virtual machines a"],
    ["a host", { hosts: { a: {} } }, "found no host a"],
    ["a node", { nodes: { a: { reason: "NoHost" } } }, "found no node a"],
  ])("fails when it is about %s that does not exist", (_, expected, message) => {
    expect(() => findDifferences(parseExpectation(expected), nobody, [], 0)).toThrow(message);
  });

  test("fails when a window is two minutes late, lasts longer or has another source", () => {
    const expected = parseExpectation({
      hosts: { a: { windows: [{ startsIn: "1h", lasts: "1h", source: "scheduledTask" }] } },
    });
    const differences = (
      startsAt: number,
      endsAt: number,
      source: "scheduledTask" | "runningTask",
    ) => {
      const windows = [{ startsAt, endsAt, source, description: "" }];
      const hosts = new Map([["a", aHost({ name: "a", horizon: { kind: "known", windows } })]]);
      return findDifferences(expected, { ...nobody, hosts }, [], 0).length;
    };
    const hour = parseSpan("1h");
    const late = parseSpan("1h2m");
    expect(differences(hour + 59_000, 2 * hour, "scheduledTask")).toBe(0);
    expect(differences(late, late + hour, "scheduledTask")).toBe(1);
    expect(differences(hour, hour + late, "scheduledTask")).toBe(1);
    expect(differences(hour, 2 * hour, "runningTask")).toBe(1);
  });
});

/** The inventory with the details of every machine. */
async function readThroughSoap(fleet: unknown): Promise<VcenterInventory> {
  const vcenter = await startVcenter(fleet);
  onTestFinished(async () => vcenter.stop());
  return readAll(vcenter);
}
