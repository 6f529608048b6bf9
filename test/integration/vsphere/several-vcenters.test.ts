import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  Vcenters,
  type VcentersOptions,
  type VcenterToRead,
} from "../../../src/vcenters/vcenters.ts";
import type { VcenterSettings } from "../../../src/vsphere/settings.ts";
import { aNode } from "../../support/builders.ts";
import { startVcenter, type Vcenter } from "../../support/vcenter.ts";
import { smallFleet } from "./fleets.ts";
import { patience } from "./watched-cache.ts";

const uuids = {
  east: "00000000-0000-4000-8000-0000000000ea",
  west: "00000000-0000-4000-8000-0000000000ee",
};

let east: Vcenter;
let west: Vcenter;
let vcenters: Vcenters | undefined;
const log: string[] = [];
const sessions = new Map<string, number>();

beforeEach(async () => {
  // The same objects with the same ids in both; only the machines' names and uuids tell them apart.
  [east, west] = await Promise.all([
    startVcenter({ ...smallFleet, instanceUuid: uuids.east }),
    startVcenter(renamed({ ...smallFleet, instanceUuid: uuids.west })),
  ]);
  log.length = 0;
  sessions.clear();
});
afterEach(async () => {
  await vcenters?.stop();
  vcenters = undefined;
  await Promise.all([east.stop(), west.stop()]);
});

function renamed(fleet: object): unknown {
  const text = JSON.stringify(fleet).replaceAll("worker-", "western-");
  return JSON.parse(text.replaceAll("422e4956-ad22-1139-6d72", "422e4956-ad22-1139-0000"));
}

const timings = {
  connectMs: 1_000,
  callMs: 2_000,
  logoutMs: 1_000,
  maxWaitSeconds: 1,
  backoffBaseMs: 20,
  backoffCapMs: 100,
  settingsCheckMs: 20,
};

const nodes = ["worker-1", "worker-2", "western-1", "western-2"].map((name) => aNode({ name }));

function start(read: readonly VcenterToRead[], options: Partial<VcentersOptions> = {}): Vcenters {
  vcenters = new Vcenters({
    vcenters: read,
    nodes: () => nodes,
    log: pino({ base: null }, { write: (line: string) => log.push(line) }),
    observe: (name) => ({
      call: () => undefined,
      error: () => undefined,
      login: () => sessions.set(name, (sessions.get(name) ?? 0) + 1),
      logout: () => sessions.set(name, (sessions.get(name) ?? 0) - 1),
      inventory: () => undefined,
    }),
    hardMaxAgeMs: 15 * 60_000,
    cache: { timings },
    ...options,
  });
  vcenters.start();
  return vcenters;
}

const reads = (name: string, { settings }: Vcenter): VcenterToRead => ({
  name,
  readSettings: async () => settings,
});
const broken = (name: string): VcenterToRead => ({
  name,
  readSettings: async () => Promise.reject(new Error("no such Secret")),
});

/** Which machines there are, by their vCenter's uuid. */
function machinesOf(subject: Vcenters): string[] {
  const machines = subject.current()?.virtualMachines ?? [];
  return machines
    .filter(({ name }) => /-[12]$/.test(name))
    .map(({ id, name }) => `${name} in ${id.split("/")[0]}`)
    .toSorted();
}

const everything = [
  `western-1 in ${uuids.west}`,
  `western-2 in ${uuids.west}`,
  `worker-1 in ${uuids.east}`,
  `worker-2 in ${uuids.east}`,
];

describe("two vCenters", () => {
  it("are one inventory, although their object ids collide", async () => {
    const subject = start([reads("east", east), reads("west", west)]);
    await expect.poll(() => subject.current()?.vcenters.size, patience).toBe(2);
    expect(machinesOf(subject)).toEqual(everything);
    const { hosts, unread } = subject.current() ?? {};
    const byVcenter = Map.groupBy(hosts?.values() ?? [], ({ vcenter }) => vcenter);
    expect([...byVcenter].map(([name, { length }]) => [name, length])).toEqual([
      ["east", 3],
      ["west", 3],
    ]);
    expect(unread).toEqual([]);
    const moRefs = (name: string) => byVcenter.get(name)?.map(({ id }) => id.split("/")[1]);
    expect(moRefs("east")).toEqual(moRefs("west"));
    expect(subject.problems().size).toBe(0);
  });

  it("are each read in full where they have nodes, and not searched for those of the other", async () => {
    const subject = start([reads("east", east), reads("west", west)], {
      cache: { timings: { ...timings, rescanMs: 50 } },
    });
    await expect.poll(() => subject.current()?.vcenters.size, patience).toBe(2);
    const unread = subject
      .current()
      ?.virtualMachines.filter(({ unreadable }) => unreadable.length > 0)
      .map(({ name }) => name);
    expect(unread?.toSorted()).toEqual([
      "bystander",
      "bystander",
      "western-3",
      "western-4",
      "worker-3",
      "worker-4",
    ]);
    const countReads = async () =>
      Promise.all([east, west].map(async (one) => (await one.calls())["RetrievePropertiesEx"]));
    // What the start left to do is done by then.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = await countReads();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await countReads()).toEqual(before);
  });

  it("have a session each, and log out of both at the end", async () => {
    const subject = start([reads("east", east), reads("west", west)]);
    await expect.poll(() => subject.current()?.vcenters.size, patience).toBe(2);
    const open = async () =>
      Promise.all([east, west].map(async (one) => one.control("GET /sessions")));
    expect(await open()).toEqual([[expect.anything()], [expect.anything()]]);
    expect(Object.fromEntries(sessions)).toEqual({ east: 1, west: 1 });
    await subject.stop();
    expect(await open()).toEqual([[], []]);
    expect(Object.fromEntries(sessions)).toEqual({ east: 0, west: 0 });
  });

  it("age apart: one that hangs keeps its facts and their time, the other goes on", async () => {
    const subject = start([reads("east", east), reads("west", west)]);
    await expect.poll(() => subject.current()?.vcenters.size, patience).toBe(2);
    await west.control("POST /network", { mode: "hang" });
    await expect.poll(() => subject.problems().get("west"), patience).toBeDefined();
    const takenAt = (name: string) => subject.current()?.vcenters.get(name)?.takenAt.getTime() ?? 0;
    const [eastBefore, westBefore] = [takenAt("east"), takenAt("west")];
    const { hosts } = subject.current() ?? {};
    await expect.poll(() => takenAt("east"), patience).toBeGreaterThan(eastBefore);
    expect(takenAt("west")).toBe(westBefore);
    expect(subject.current()?.hosts).toBe(hosts);
    expect(machinesOf(subject)).toEqual(everything);
    expect(subject.problems().has("east")).toBe(false);
    await west.control("POST /network", { mode: "ok" });
    await expect.poll(() => takenAt("west"), patience).toBeGreaterThan(westBefore);
  });

  it("tell the older of their usage times, and leave out the one that no longer counts", async () => {
    const clock = { offset: 0 };
    const subject = start([reads("east", east), reads("west", west)], {
      now: () => Date.now() + clock.offset,
      hardMaxAgeMs: 60_000,
    });
    await expect.poll(() => subject.current()?.vcenters.size, patience).toBe(2);
    const times = () => [...(subject.current()?.vcenters.values() ?? [])];
    const oldest = Math.min(...times().map(({ usageTakenAt }) => usageTakenAt.getTime()));
    expect(subject.usageTakenAt()?.getTime()).toBe(oldest);
    await west.control("POST /network", { mode: "hang" });
    await expect.poll(() => subject.problems().has("west"), patience).toBe(true);
    clock.offset = 120_000;
    const eastOnly = () => subject.current()?.vcenters.get("east");
    await expect
      .poll(() => (eastOnly()?.takenAt.getTime() ?? 0) - Date.now(), patience)
      .toBeGreaterThan(60_000);
    expect(subject.usageTakenAt()).toEqual(eastOnly()?.usageTakenAt);
  });
});

describe("at the start", () => {
  it("there is no answer while a vCenter may still speak, and one when patience has run out", async () => {
    const changes: string[] = [];
    await west.control("POST /network", { mode: "hang" });
    const subject = start([reads("east", east), reads("west", west)], {
      patienceMs: 1_500,
      cache: { timings: { ...timings, connectMs: 60_000, callMs: 60_000 } },
    });
    subject.onChange((change, name) => changes.push(`${change} of ${name}`));
    await expect
      .poll(() => subject.readings().find(({ name }) => name === "east")?.takenAt, patience)
      .toBeDefined();
    expect(subject.settled).toBe(false);
    expect(subject.current()).toBeUndefined();
    await expect.poll(() => changes, patience).toContain("health of west");
    expect(subject.current()).toMatchObject({ unread: ["west"] });
    expect(machinesOf(subject)).toEqual(everything.slice(2));
  });

  it("one that fails holds nothing up, and its nodes are not said to be gone", async () => {
    const subject = start([reads("east", east), broken("west")], { patienceMs: 60_000 });
    await expect.poll(() => subject.current(), patience).toMatchObject({ unread: ["west"] });
    const first = subject.current()?.unread;
    expect(subject.problems().get("west")).toContain("no such Secret");
    const takenAt = () => subject.current()?.vcenters.get("east")?.takenAt.getTime() ?? 0;
    const before = takenAt();
    await expect.poll(takenAt, patience).toBeGreaterThan(before);
    expect(subject.current()?.unread).toBe(first);
  });

  it("there is no answer at all when all of them fail, but it is known why", async () => {
    const subject = start([broken("east"), broken("west")], { patienceMs: 60_000 });
    await expect.poll(() => subject.settled, patience).toBe(true);
    expect(subject.current()).toBeUndefined();
    expect([...subject.problems().keys()]).toEqual(["east", "west"]);
  });
});

describe("the same vCenter under two names", () => {
  it("is read under the first, and the second says why it is not", async () => {
    const copy: VcenterToRead = {
      name: "copy",
      readSettings: async () =>
        sessions.has("east") ? east.settings : Promise.reject(new Error("not yet")),
    };
    const subject = start([reads("east", east), copy]);
    await expect.poll(() => subject.problems().get("copy"), patience).toContain("same vCenter");
    await expect.poll(() => machinesOf(subject), patience).toEqual(everything.slice(2));
    expect(subject.problems().get("copy")).toBe(
      "this is the same vCenter as east, and is read under that name only; leave one of the two out of VCENTERS_FILE",
    );
    expect(subject.current()).toMatchObject({ unread: [] });
    expect([...(subject.current()?.vcenters.keys() ?? [])]).toEqual(["east"]);
    expect(subject.readings()).toMatchObject([{ isRefused: false }, { isRefused: true }]);
    expect(await east.control("GET /sessions")).toHaveLength(1);
    // It was refused before it sent the password.
    expect(sessions.has("copy")).toBe(false);
  });

  it("goes to the first also where the second came sooner", async () => {
    const late = { settings: undefined as VcenterSettings | undefined };
    const first: VcenterToRead = {
      name: "east",
      readSettings: async () => late.settings ?? Promise.reject(new Error("no such Secret")),
    };
    const subject = start([first, reads("copy", east)]);
    const names = () => [...(subject.current()?.vcenters.keys() ?? [])];
    await expect.poll(names, patience).toEqual(["copy"]);
    late.settings = east.settings;
    await expect.poll(names, patience).toEqual(["east"]);
    expect(machinesOf(subject)).toEqual(everything.slice(2));
    await expect
      .poll(() => subject.problems().get("copy"), patience)
      .toContain("the same vCenter as east");
    await expect.poll(async () => east.control("GET /sessions"), patience).toHaveLength(1);
  });

  it("is read under both names once one of them means another vCenter", async () => {
    const secret = { of: east };
    const copy = { name: "west", readSettings: async () => secret.of.settings };
    const subject = start([reads("east", east), copy]);
    await expect.poll(() => subject.problems().has("west"), patience).toBe(true);
    secret.of = west;
    await expect.poll(() => machinesOf(subject), patience).toEqual(everything);
    expect(subject.problems().size).toBe(0);
  });
});

describe("a Secret that names another vCenter than before", () => {
  it("takes nothing from the others, also where the login there fails", async () => {
    const secret = { of: east.settings };
    const first = { name: "east", readSettings: async () => secret.of };
    const subject = start([first, reads("copy", east)], { patienceMs: 60_000 });
    const names = () => [...(subject.current()?.vcenters.keys() ?? [])];
    await expect.poll(() => subject.problems().has("copy"), patience).toBe(true);
    await expect.poll(names, patience).toEqual(["east"]);
    secret.of = { ...west.settings, password: "another" };
    await expect.poll(names, patience).toEqual(["copy"]);
    await expect.poll(() => subject.problems().has("east"), patience).toBe(true);
    // Each machine once: two of the same would leave their node in doubt.
    expect(machinesOf(subject)).toEqual(everything.slice(2));
    expect(subject.current()).toMatchObject({ unread: ["east"] });
    expect(subject.readings()[0]?.takenAt).toBeUndefined();
  });

  it("gives up what the one before said, also where the other is read under another name", async () => {
    const secret = { of: west.settings };
    const second = { name: "west", readSettings: async () => secret.of };
    const subject = start([reads("east", east), second]);
    await expect.poll(() => machinesOf(subject), patience).toEqual(everything);
    secret.of = east.settings;
    await expect.poll(() => subject.problems().get("west"), patience).toContain("same vCenter");
    expect(machinesOf(subject)).toEqual(everything.slice(2));
    expect(subject.current()).toMatchObject({ unread: [] });
  });
});

describe("the log", () => {
  it("says of which vCenter each line is", async () => {
    const subject = start([reads("east", east), broken("west")]);
    await expect.poll(() => subject.current(), patience).toBeDefined();
    const lines = log.map((line): { vcenter?: string; msg: string } => JSON.parse(line));
    expect(lines.map(({ vcenter, msg }) => `${vcenter}: ${msg}`)).toEqual(
      expect.arrayContaining([
        "east: vCenter inventory is live",
        "west: vCenter connection failed",
      ]),
    );
    expect(lines.every(({ vcenter }) => vcenter !== undefined)).toBe(true);
  });
});
