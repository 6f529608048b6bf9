import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startVcenter, type Vcenter } from "../../support/vcenter.ts";
import { patience, type WatchedCache, watchedCache } from "./watched-cache.ts";

const a = "esxi-a.example.com";
const name = "gpuinfo.maintenance";
const first = Date.UTC(2027, 0, 1);
const firstText = "2027-01-01T00:00Z/PT4H";

const datacenterOf = (dc: string, clusters: readonly string[], folder: string) => ({
  name: dc,
  folder,
  clusters: clusters.map((cluster) => ({
    name: cluster,
    hosts: [
      {
        name: cluster === "gpu" ? a : `esxi.${cluster}.example.com`,
        virtualMachines: [{ name: `worker of ${cluster}` }],
      },
    ],
  })),
});

/** Two datacenters in a folder; `esxi-a.example.com` is in the cluster `gpu`. */
const fleet = {
  datacenters: [
    datacenterOf("DC1", ["gpu", "cpu"], "sites"),
    datacenterOf("DC2", ["far"], "sites"),
  ],
};

let vcenter: Vcenter;
let watched: WatchedCache;

beforeEach(async () => {
  vcenter = await startVcenter(fleet);
});
afterEach(async () => {
  await watched.cache.stop();
  await vcenter.stop();
});

async function start(
  overrides: Parameters<typeof watchedCache>[1] = {},
  settings = vcenter.settings,
) {
  watched = watchedCache({ settings }, { maintenanceAttribute: name, ...overrides });
  watched.cache.start();
  await watched.untilLive();
}

const horizon = () => watched.host(a)?.horizon;
const starts = () => horizon()?.windows.map(({ startsAt }) => startsAt);
const write = async (object: string, value: string) =>
  vcenter.control("POST /custom-attribute", { object, name, value });
const set = async (object: string, property: string, value: unknown) =>
  vcenter.control("POST /set", { object, property, value });

describe("the custom attribute", () => {
  it("is followed when it is first defined, set, changed, misspelt and cleared", async () => {
    await start();
    expect(horizon()).toEqual({ kind: "known", windows: [] });
    await write(`host/${a}`, firstText);
    await expect.poll(starts, patience).toEqual([first]);
    await write(`host/${a}`, `${firstText}, 2027-02-01T00:00Z/PT4H`);
    await expect.poll(starts, patience).toEqual([first, Date.UTC(2027, 1, 1)]);
    await write(`host/${a}`, "2027-01-01 at night");
    await expect.poll(() => horizon()?.kind, patience).toBe("unknown");
    await write(`host/${a}`, "");
    await expect.poll(horizon, patience).toEqual({ kind: "known", windows: [] });
  });

  it("is followed on the cluster and the datacenter, the nearest first", async () => {
    await start();
    await write("datacenter/DC1", firstText);
    await expect.poll(starts, patience).toEqual([first]);
    expect(horizon()?.windows[0]?.description).toBe("gpuinfo.maintenance of datacenter DC1");
    await write("cluster/gpu", "2027-03-01T00:00Z/PT4H");
    await expect.poll(starts, patience).toEqual([Date.UTC(2027, 2, 1)]);
    await write(`host/${a}`, "none");
    await expect.poll(horizon, patience).toEqual({ kind: "known", windows: [] });
    expect(watched.host("esxi.far.example.com")?.horizon).toEqual({ kind: "known", windows: [] });
  });

  it.each([
    ["the host's", `host/${a}`, ["customValue"]],
    ["the datacenter's", "datacenter/DC1", ["customValue"]],
    ["the whole datacenter's", "datacenter/DC1", ["*"]],
    ["the definitions", "CustomFieldsManager:CustomFieldsManager", ["field"]],
  ])(
    "leaves the host unknown while vCenter refuses %s, and is read when it may be",
    async (_, object, paths) => {
      await write(`host/${a}`, "");
      await start();
      await vcenter.control("POST /deny", { object, paths });
      await expect.poll(() => horizon()?.kind, patience).toBe("unknown");
      expect(watched.host(a)?.unreadable).toEqual([]);
      await vcenter.control("DELETE /deny");
      await expect.poll(() => horizon()?.kind, patience).toBe("known");
    },
  );
});

describe("where a host stands", () => {
  it("is followed when its cluster gets another name, with escapes", async () => {
    await start();
    expect(watched.host(a)?.cluster).toBe("gpu");
    await set("cluster/gpu", "name", "gpu%2fnew");
    await expect.poll(() => watched.host(a)?.cluster, patience).toBe("gpu/new");
  });

  it("is followed when it moves to another cluster, with what is planned there", async () => {
    await write("cluster/cpu", firstText);
    await start();
    expect(starts()).toEqual([]);
    await vcenter.control("POST /move-host", { host: a, cluster: "cpu" });
    await expect.poll(() => watched.host(a)?.cluster, patience).toBe("cpu");
    expect(starts()).toEqual([first]);
  });

  it("is read up to the root also where one datacenter is read only", async () => {
    await start({}, { ...vcenter.settings, datacenter: "DC1" });
    expect(watched.host(a)).toMatchObject({
      cluster: "gpu",
      horizon: { kind: "known", windows: [] },
    });
    expect(watched.host("esxi.far.example.com")).toBeUndefined();
    await write("datacenter/DC1", firstText);
    await expect.poll(starts, patience).toEqual([first]);
  });
});

describe("tasks", () => {
  it.each([
    { host: a },
    { cluster: "gpu" },
    { object: "datacenter/DC1" },
    { object: "folder/sites" },
  ])("are followed when scheduled on %j", async (target) => {
    await start();
    const task = {
      ...target,
      name: "patch",
      action: "RebootHost_Task",
      at: "2027-01-01T00:00:00Z",
    };
    await vcenter.control("POST /scheduled-tasks", task);
    await expect.poll(starts, patience).toEqual([first]);
    await vcenter.control("POST /scheduled-tasks", { ...task, at: "2027-02-01T00:00:00Z" });
    await expect.poll(starts, patience).toEqual([Date.UTC(2027, 1, 1)]);
    await vcenter.control("DELETE /scheduled-tasks", { ...target, name: "patch" });
    await expect.poll(starts, patience).toEqual([]);
  });

  it.each([`host/${a}`, "cluster/gpu"])("are followed when they run on %s", async (object) => {
    await start({ timings: { pollMs: 100 } });
    const task = { object, descriptionId: "com.vmware.vcIntegrity.RemediateTask" };
    await vcenter.control("POST /running-tasks", { ...task, state: "running" });
    await expect.poll(() => watched.host(a)?.maintenance, patience).toBe("entering");
    expect(horizon()?.windows[0]).toMatchObject({
      source: "runningTask",
      description: "Remediate (running)",
    });
    expect(watched.host("esxi.cpu.example.com")?.maintenance).toBe("none");
    await vcenter.control("POST /running-tasks", { ...task, state: "success" });
    await expect.poll(() => watched.host(a)?.maintenance, patience).toBe("none");
    expect(starts()).toEqual([]);
  });

  it("of unknown types are told, and count where the site says so", async () => {
    const type = "com.dell.omevv.FirmwareUpdate";
    const task = { object: `host/${a}`, descriptionId: type, state: "running" };
    await vcenter.control("POST /running-tasks", task);
    await start();
    expect(horizon()).toEqual({ kind: "known", windows: [] });
    const told = watched.log.filter(({ msg }) => msg.includes("MAINTENANCE_TASK_TYPES"));
    expect(told.map(({ text }) => text.includes(type))).toEqual([true]);
    await watched.cache.stop();
    await start({ maintenanceTaskTypes: [type] });
    expect(watched.host(a)?.maintenance).toBe("entering");
    expect(watched.log.some(({ msg }) => msg.includes("MAINTENANCE_TASK_TYPES"))).toBe(false);
  });

  it("that vCenter does not show leave every host unknown", async () => {
    await start();
    const object = "ScheduledTaskManager:ScheduledTaskManager";
    await vcenter.control("POST /deny", { object, paths: ["scheduledTask"] });
    await expect.poll(() => horizon()?.kind, patience).toBe("unknown");
    await vcenter.control("DELETE /deny");
    await expect.poll(horizon, patience).toEqual({ kind: "known", windows: [] });
  });
});
