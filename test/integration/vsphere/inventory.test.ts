import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startVcenter, type Vcenter } from "../../support/vcenter.ts";
import { fleetOf, smallFleet, twoDatacenters } from "./fleets.ts";
import { type WatchedCache, watchedCache } from "./watched-cache.ts";

describe("a small fleet", () => {
  let vcenter: Vcenter;
  let watched: WatchedCache;

  beforeAll(async () => {
    vcenter = await startVcenter(smallFleet);
  });
  afterAll(async () => vcenter.stop());
  beforeEach(async () => {
    await vcenter.control("DELETE /calls");
    watched = watchedCache(vcenter);
    watched.cache.start();
    await watched.untilLive();
  });
  afterEach(async () => watched.cache.stop());

  it("is read as it is", async () => {
    const { cache, machine, host } = watched;
    expect(cache.current()?.hosts.size).toBe(3);
    expect(cache.current()?.virtualMachines).toHaveLength(5);
    expect(machine("worker-1")).toMatchObject({
      biosUuid: "422e4956-ad22-1139-6d72-59cc8f26bc90",
      guestHostName: "worker-1.example.com",
      power: "poweredOn",
      hostId: host("esxi-a.example.com")?.id,
      cpuDemandMhz: 87,
      memoryUsedMib: 327,
      gpus: [{ kind: "passthrough", pciId: "0000:3b:00.0" }],
      unreadable: [],
    });
    expect(machine("worker-2")).toMatchObject({ gpus: [], unreadable: [] });
    expect(machine("worker-3")?.gpus).toMatchObject([{ kind: "vgpu", profile: "grid_a100-40c" }]);
    expect(machine("worker-4")?.power).toBe("poweredOff");
    expect(machine("bystander")?.unreadable).toEqual(["config.hardware.device"]);
    expect(machine("worker-1")?.id).toMatch(`${vcenter.instanceUuid}/`);
  });

  it("has the scheduled task as a window of its host, and none of the other", async () => {
    const horizon = watched.host("esxi-a.example.com")?.horizon;
    const window = horizon?.kind === "known" ? horizon.windows[0] : undefined;
    expect(window).toMatchObject({ source: "scheduledTask", description: "patch" });
    expect(((window?.startsAt ?? 0) - Date.now()) / 3_600_000).toBeCloseTo(399, 0);
    expect(watched.host("esxi-b.example.com")?.horizon).toEqual({ kind: "known", windows: [] });
  });

  it("takes one session, and no call for whoever asks", async () => {
    const before = await vcenter.calls();
    for (let question = 0; question < 1_000; question += 1) watched.cache.current();
    expect(await vcenter.control("GET /sessions")).toHaveLength(1);
    const after = await vcenter.calls();
    expect({ ...after, WaitForUpdatesEx: 0 }).toEqual({ ...before, WaitForUpdatesEx: 0 });
    expect(after["Login"]).toBe(1);
  });

  it("says that it is fresh, while nothing changes", async () => {
    const before = watched.cache.current();
    watched.changes.length = 0;
    await watched.until(() => watched.changes.length >= 2);
    expect(new Set(watched.changes)).toEqual(new Set(["freshness"]));
    const after = watched.cache.current();
    expect(after?.takenAt.getTime()).toBeGreaterThan(before?.takenAt.getTime() ?? Infinity);
    expect(after?.virtualMachines).toBe(before?.virtualMachines);
  });

  it("never reads whole objects", async () => {
    const paths = await import("../../../src/vsphere/properties.ts");
    const all = Object.values(paths).flat();
    expect(
      all.filter((path) => ["runtime", "summary", "config", "hardware"].includes(path)),
    ).toEqual([]);
  });

  it("leaves nothing behind when stopped: the wait is cancelled and the session ended", async () => {
    await watched.cache.stop();
    const calls = await vcenter.calls();
    expect(calls).toMatchObject({ CancelWaitForUpdates: 1, Logout: 1 });
    expect(await vcenter.control("GET /sessions")).toEqual([]);
  });

  it("puts no listeners on the process, and leaves TLS checks alone", async () => {
    expect(process.listenerCount("beforeExit")).toBe(0);
    expect(process.env["NODE_TLS_REJECT_UNAUTHORIZED"]).toBeUndefined();
  });
});

describe("a datacenter of its own", () => {
  let vcenter: Vcenter;
  beforeAll(async () => {
    vcenter = await startVcenter(twoDatacenters);
  });
  afterAll(async () => vcenter.stop());

  it("is all that is read", async () => {
    const watched = watchedCache({ settings: { ...vcenter.settings, datacenter: "DC2" } });
    watched.cache.start();
    await watched.untilLive();
    expect(watched.cache.current()?.virtualMachines.map(({ name }) => name)).toEqual([
      "worker in DC2",
    ]);
    expect([...(watched.cache.current()?.hosts.values() ?? [])].map(({ name }) => name)).toEqual([
      "esxi.DC2.example.com",
    ]);
    await watched.cache.stop();
  });

  it("that is not there is told, with those that are", async () => {
    const watched = watchedCache({ settings: { ...vcenter.settings, datacenter: "DC3" } });
    watched.cache.start();
    await watched.until(() => watched.cache.health().phase === "broken");
    expect(watched.cache.health().error?.message).toContain(
      'no datacenter is named "DC3"; vCenter shows us: DC1, DC2',
    );
    await watched.cache.stop();
    expect(await vcenter.control("GET /sessions")).toEqual([]);
  });
});

describe.each([
  { machines: 99, pages: 0 },
  { machines: 100, pages: 0 },
  { machines: 101, pages: 1 },
  { machines: 200, pages: 1 },
  { machines: 250, pages: 2 },
])("$machines virtual machines", ({ machines, pages }) => {
  let vcenter: Vcenter;
  beforeAll(async () => {
    vcenter = await startVcenter(fleetOf(machines, machines));
  });
  afterAll(async () => vcenter.stop());

  it("are all read, in pages", async () => {
    const watched = watchedCache(vcenter);
    watched.cache.start();
    await watched.untilLive();
    const found = watched.cache.current()?.virtualMachines ?? [];
    expect(new Set(found.map(({ name }) => name)).size).toBe(machines);
    expect(found.filter(({ unreadable }) => unreadable.length > 0)).toEqual([]);
    expect(found.filter(({ cpuDemandMhz }) => cpuDemandMhz === 0)).toEqual([]);
    // Once for identities, once for usage.
    expect((await vcenter.calls())["ContinueRetrievePropertiesEx"] ?? 0).toBe(2 * pages);
    await watched.cache.stop();
  });
});
