/** Dumps a simulated vCenter, serves the dump, and shows that it leads to the same answers without a name in it. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dump } from "../../../hack/dump/command.ts";
import type { FleetFile, Host, Machine } from "../../../hack/dump/fleet-file.ts";
import { readNodes, withNodes } from "../../../hack/dump/kubernetes-nodes.ts";
import { readVcenter } from "../../../hack/dump/read-vcenter.ts";
import { redactFleet } from "../../../hack/dump/redact.ts";
import { toFleet } from "../../../hack/dump/to-fleet.ts";
import { csiNodeFor, nodeFor } from "../../../hack/stack/cluster/nodes.ts";
import type { VcenterInventory } from "../../../src/vsphere/inventory-cache.ts";
import { startVcenter, type Vcenter } from "../../support/vcenter.ts";
import { nodesOf } from "./fleet-nodes.ts";
import { offersOf } from "./offers.ts";
import { readAll } from "./read-all.ts";
import { tellingFleet } from "./telling-fleet.ts";

const signal = new AbortController().signal;
const originalMachines = tellingFleet.datacenters
  .flatMap(({ clusters }) => clusters)
  .flatMap(({ hosts }) => hosts)
  .flatMap(({ virtualMachines }) => virtualMachines);

/** Lists the nodes as an API server would. */
const cluster = {
  request: async ({ path: place }: { path: string }) => ({
    items: originalMachines.flatMap((machine) => {
      const item = place.endsWith("/nodes") ? nodeFor(machine, new Date()) : csiNodeFor(machine);
      return item ?? [];
    }),
  }),
};

let original: Vcenter;
let named: FleetFile;
let redacted: FleetFile;
let before: VcenterInventory;
let after: VcenterInventory;

beforeAll(async () => {
  original = await startVcenter(tellingFleet);
  before = await readAll(original);
  const content = await readVcenter(original.settings, () => undefined, signal);
  const maintenanceAttribute = "gpuinfo.maintenance";
  const fleet = toFleet(content, { maintenanceAttribute, now: Date.now() });
  named = withNodes(fleet, await readNodes(cluster, signal)).fleet;
  redacted = redactFleet(named).fleet;
  const copy = await startVcenter(redacted);
  try {
    after = await readAll(copy);
  } finally {
    await copy.stop();
  }
});
afterAll(async () => original.stop());

describe("a dump that is served again", () => {
  test("has the same hosts, with the same state and the same windows", () => {
    const pairs = zip(hostsOf(named), hostsOf(redacted));
    expect(pairs.length).toBe(before.hosts.size);
    for (const [was, is] of pairs)
      expect({ was, ...hostFacts(after, is) }).toEqual({ was, ...hostFacts(before, was) });
  });

  test("has the same machines, with the same devices, names aside", () => {
    const pairs = zip(machinesOf(named), machinesOf(redacted));
    expect(pairs.length).toBe(before.virtualMachines.length);
    for (const [was, is] of pairs)
      expect({ was, ...machineFacts(after, is) }).toEqual({ was, ...machineFacts(before, was) });
  });

  test("leads to the same offers", () => {
    const aliases = new Map(
      zip(machinesOf(named), machinesOf(redacted)).map(([was, is]) => [
        was.kubernetesNode?.name,
        is.kubernetesNode?.name,
      ]),
    );
    const wanted = offersOf(before, nodesOf(originalMachines)).map(
      ({ node, terms }) => `${aliases.get(node)} ${terms}`,
    );
    const found = offersOf(after, nodesOf(machinesOf(redacted))).map(
      ({ node, terms }) => `${node} ${terms}`,
    );
    expect(found.toSorted()).toEqual(wanted.toSorted());
    expect(wanted.length).toBeGreaterThan(50);
  });

  test("holds no name and no uuid of the original", () => {
    const text = JSON.stringify(redacted).toLowerCase();
    const names = [
      ...[...before.hosts.values()].flatMap(({ name, cluster: of }) => [name, of]),
      ...before.virtualMachines.flatMap(({ name, biosUuid, instanceUuid }) => [
        name,
        biosUuid,
        instanceUuid,
      ]),
      "DC0",
      "racks",
      "team-a",
      original.instanceUuid,
    ];
    // Words of the file format that the fleet also uses as names.
    const words = new Set(["card", "copy", "share", "open", "off"]);
    const held = names.filter((name) => !words.has(name) && text.includes(name.toLowerCase()));
    expect(held).toEqual([]);
  });
});

describe("npm run dump", () => {
  const dir = mkdtempSync(path.join(tmpdir(), "gpuinfo-dump-"));
  afterAll(() => rmSync(dir, { recursive: true }));

  async function run(...args: string[]): Promise<string> {
    const said: string[] = [];
    const caFile = path.join(dir, "ca.crt");
    writeFileSync(caFile, original.caPem);
    const { url, username, password } = original.settings;
    const env = {
      GOVMOMI_URL: url,
      GOVMOMI_USERNAME: username,
      GOVMOMI_PASSWORD: password,
      GOVMOMI_CA_FILE: caFile,
    };
    await dump(args, { env, say: (line) => said.push(line), signal });
    return said.join("\n");
  }

  test("writes a file for its owner alone, says what it did, and leaves no session behind", async () => {
    const output = path.join(dir, "dump.json");
    const said = await run("--output", output);
    expect(statSync(output).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(output, "utf8"))).toMatchObject({ datacenters: [{}, {}, {}] });
    expect(said).toMatch(/names of hosts/);
    expect(said).toContain("look through it");
    expect(await original.control("GET /sessions")).toEqual([]);
  });

  test("says what vCenter did not show", async () => {
    await original.control("POST /deny", { type: "HostSystem", paths: ["runtime"] });
    const said = await run("--output", path.join(dir, "less.json"));
    await original.control("DELETE /deny");
    expect(said).toContain("HostSystem runtime.connectionState: NoPermission");
  });

  test("leaves no file behind where vCenter cannot be read", async () => {
    const output = path.join(dir, "failed.json");
    await original.control("POST /faults", {
      method: "CreateContainerView",
      fault: "NotSupported",
      count: 1,
    });
    await expect(run("--output", output)).rejects.toThrow("NotSupported");
    expect(existsSync(output)).toBe(false);
    expect(await original.control("GET /sessions")).toEqual([]);
  });

  test("overwrites nothing", async () => {
    const output = path.join(dir, "precious.json");
    writeFileSync(output, "precious");
    await expect(run("--output", output)).rejects.toThrow("is there already");
    expect(readFileSync(output, "utf8")).toBe("precious");
  });

  test("refuses a vCenter that is not configured, and an option that it does not know", async () => {
    const output = path.join(dir, "none.json");
    await expect(run("--output", output, "--vcenter", "other")).rejects.toThrow(
      "want one of vcenter",
    );
    await expect(run("--output", output, "--force")).rejects.toThrow("--force");
    expect(existsSync(output)).toBe(false);
  });
});

function zip<Item>(a: readonly Item[], b: readonly Item[]): [Item, Item][] {
  expect(a.length).toBe(b.length);
  return a.flatMap((item, index) => {
    const other = b[index];
    return other === undefined ? [] : [[item, other]];
  });
}

function hostsOf(fleet: FleetFile): Host[] {
  return fleet.datacenters.flatMap(({ clusters }) => clusters).flatMap(({ hosts }) => [...hosts]);
}

function machinesOf(fleet: FleetFile): Machine[] {
  return hostsOf(fleet).flatMap(({ virtualMachines }) => [...virtualMachines]);
}

/** Without names; times to the minute. */
function hostFacts({ hosts, takenAt }: VcenterInventory, { name }: Host) {
  const host = [...hosts.values()].find((candidate) => candidate.name === name);
  if (host === undefined) throw new Error(`found no host ${name}`);
  const { connection, maintenance, inQuarantine, cpuMhz, unreadable, horizon } = host;
  const minutes = (time: number | undefined) =>
    time === undefined ? undefined : Math.round((time - takenAt.getTime()) / 300_000);
  const windows = horizon.windows.map(({ startsAt, endsAt, source }) => ({
    // A running task of the copy begins when the copy does.
    startsAt: source === "runningTask" ? 0 : minutes(startsAt),
    endsAt: minutes(endsAt),
    source,
  }));
  return { connection, maintenance, inQuarantine, cpuMhz, unreadable, kind: horizon.kind, windows };
}

function machineFacts({ virtualMachines }: VcenterInventory, { name }: Machine) {
  const machine = virtualMachines.find((candidate) => candidate.name === name);
  if (machine === undefined) throw new Error(`found no machine ${name}`);
  const { power, cpuDemandMhz, memoryUsedMib, gpus, pinned, unreadable, hostId } = machine;
  const hosted = hostId !== undefined;
  return { power, cpuDemandMhz, memoryUsedMib, gpus, pinned, unreadable, hosted };
}
