import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startVcenter, type Vcenter } from "../../support/vcenter.ts";
import { smallFleet } from "./fleets.ts";
import { patience, type WatchedCache, watchedCache } from "./watched-cache.ts";

const a = "esxi-a.example.com";
const b = "esxi-b.example.com";
const c = "esxi-c.example.com";

let vcenter: Vcenter;
let watched: WatchedCache;

beforeEach(async () => {
  vcenter = await startVcenter(smallFleet);
});
afterEach(async () => {
  await watched.cache.stop();
  await vcenter.stop();
});

async function start(overrides: Parameters<typeof watchedCache>[1] = {}): Promise<WatchedCache> {
  watched = watchedCache(vcenter, overrides);
  watched.cache.start();
  await watched.untilLive();
  return watched;
}

const set = async (object: string, property: string, value: unknown) =>
  vcenter.control("POST /set", { object, property, value });

describe("what vCenter pushes arrives", () => {
  it("when a host enters and leaves maintenance, also the way in", async () => {
    const { host } = await start();
    await vcenter.control("POST /maintenance", { host: b, state: "entering" });
    await expect.poll(() => host(b)?.maintenance, patience).toBe("entering");
    await vcenter.control("POST /maintenance", { host: b, state: "enter" });
    await expect.poll(() => host(b)?.maintenance, patience).toBe("in");
    await vcenter.control("POST /maintenance", { host: b, state: "exit" });
    await expect.poll(() => host(b)?.maintenance, patience).toBe("none");
  });

  it("when the way into maintenance is given up", async () => {
    const { host } = await start();
    await vcenter.control("POST /maintenance", { host: b, state: "entering" });
    await expect.poll(() => host(b)?.maintenance, patience).toBe("entering");
    await vcenter.control("POST /maintenance", { host: b, state: "exit" });
    await expect.poll(() => host(b)?.maintenance, patience).toBe("none");
  });

  it("when a machine moves, and then from its new host", async () => {
    const { host, machine } = await start();
    await vcenter.control("POST /vmotion", { vm: "worker-2", host: c });
    await expect.poll(() => machine("worker-2")?.hostId, patience).toBe(host(c)?.id);
    await vcenter.control("POST /maintenance", { host: c, state: "enter" });
    await expect.poll(() => host(c)?.maintenance, patience).toBe("in");
  });

  it.each<[string, () => Promise<unknown>]>([
    [
      "a text in a custom attribute",
      async () =>
        vcenter.control("POST /custom-attribute", {
          object: `host/${c}`,
          name: "gpuinfo.maintenance",
          value: "2027-01-01T00:00Z/PT4H",
        }),
    ],
    [
      "a task that takes the host down",
      async () =>
        vcenter.control("POST /running-tasks", {
          object: `host/${c}`,
          descriptionId: "HostSystem.reboot",
          state: "running",
        }),
    ],
  ])("when a machine moves: its new host is never believed without %s", async (_, happen) => {
    const { cache, host, machine } = await start();
    await happen();
    const believed: number[] = [];
    cache.onChange(() => {
      const to = host(c);
      if (to !== undefined && machine("worker-2")?.hostId === to.id && to.unreadable.length === 0)
        believed.push(to.horizon.windows.length);
    });
    await vcenter.control("POST /vmotion", { vm: "worker-2", host: c });
    const movedAt = Date.now();
    await expect.poll(() => believed.length, patience).toBeGreaterThan(0);
    expect(Date.now() - movedAt).toBeLessThan(5_000);
    expect(new Set(believed)).toEqual(new Set([1]));
  });

  it("when a machine is switched off and on", async () => {
    const { machine } = await start();
    await vcenter.control("POST /power", { vm: "worker-2", state: "poweredOff" });
    await expect.poll(() => machine("worker-2")?.power, patience).toBe("poweredOff");
    await vcenter.control("POST /power", { vm: "worker-2", state: "poweredOn" });
    await expect.poll(() => machine("worker-2")?.power, patience).toBe("poweredOn");
  });

  it("when a machine gets another name, with escapes, and others matter for it", async () => {
    const { machine } = await start();
    await set("vm/worker-2", "name", "worker%2f2%25");
    await expect.poll(() => machine("worker/2%"), patience).toBeDefined();
    const id = machine("worker/2%")?.id.split("/")[1];
    await set(`VirtualMachine:${id}`, "name", "retired");
    await expect.poll(() => machine("retired")?.unreadable.length, patience).toBe(1);
  });

  it("when a machine gets another uuid, and when it loses its host", async () => {
    const { machine } = await start();
    await set("vm/worker-2", "config.uuid", "422E4956-AD22-1139-6D72-59CC8F26BC91");
    await expect
      .poll(() => machine("worker-2")?.biosUuid, patience)
      .toBe("422e4956-ad22-1139-6d72-59cc8f26bc91");
    await set("vm/worker-2", "runtime.host", null);
    await expect.poll(() => machine("worker-2")?.hostId, patience).toBeUndefined();
  });

  it("when a machine gets a card, and the host's cards are then read", async () => {
    const { machine } = await start();
    const backing = { _typeName: "VirtualPCIPassthroughDeviceBackingInfo", id: "0000:3b:00.0" };
    const device = [{ _typeName: "VirtualPCIPassthrough", key: 13_000, backing }];
    await set("vm/worker-4", "config.hardware.device", device);
    await expect.poll(() => machine("worker-4")?.gpus.length, patience).toBe(1);
    expect(machine("worker-4")?.unreadable).toEqual([]);
    await set("vm/worker-4", "config.hardware.device", []);
    await expect.poll(() => machine("worker-4")?.gpus.length, patience).toBe(0);
  });

  it("when a host is lost, or put into quarantine", async () => {
    const { host } = await start();
    await set(`host/${a}`, "runtime.connectionState", "notResponding");
    await expect.poll(() => host(a)?.connection, patience).toBe("notResponding");
    await set(`host/${a}`, "runtime.inQuarantineMode", true);
    await expect.poll(() => host(a)?.inQuarantine, patience).toBe(true);
  });

  it("when a task is scheduled, changed and removed", async () => {
    const { host } = await start();
    const windows = () => {
      const horizon = host(b)?.horizon;
      return horizon?.kind === "known" ? horizon.windows : [];
    };
    const task = { host: b, name: "reboot", action: "RebootHost_Task", at: "2027-01-01T00:00:00Z" };
    await vcenter.control("POST /scheduled-tasks", task);
    await expect.poll(() => windows()[0]?.startsAt, patience).toBe(Date.UTC(2027, 0, 1));
    await vcenter.control("POST /scheduled-tasks", { ...task, at: "2027-02-01T00:00:00Z" });
    await expect.poll(() => windows()[0]?.startsAt, patience).toBe(Date.UTC(2027, 1, 1));
    await vcenter.control("POST /scheduled-tasks", { ...task, enabled: false });
    await expect.poll(() => windows().length, patience).toBe(0);
    await vcenter.control("POST /scheduled-tasks", { ...task, enabled: true });
    await expect.poll(() => windows().length, patience).toBe(1);
    await vcenter.control("DELETE /scheduled-tasks", { host: b, name: "reboot" });
    await expect.poll(() => windows().length, patience).toBe(0);
  });

  it("when a machine is deleted", async () => {
    const { machine } = await start();
    await vcenter.control("DELETE /vms", { vm: "worker-2" });
    await expect.poll(() => machine("worker-2"), patience).toBeUndefined();
    expect(machine("worker-1")).toBeDefined();
  });
});

describe("what vCenter does not push is asked for", () => {
  it("usage, in polls, without a word about facts", async () => {
    const { machine, changes } = await start({ timings: { pollMs: 50 } });
    changes.length = 0;
    await set("vm/worker-2", "summary.quickStats.overallCpuDemand", 4_321);
    await expect.poll(() => machine("worker-2")?.cpuDemandMhz, patience).toBe(4_321);
    expect(changes).toContain("usage");
    expect(changes).not.toContain("state");
  });

  it("usage, of followed machines only", async () => {
    const { machine } = await start({ timings: { pollMs: 50 } });
    await set("vm/bystander", "summary.quickStats.overallCpuDemand", 4_321);
    await set("vm/worker-2", "summary.quickStats.overallCpuDemand", 1);
    await expect.poll(() => machine("worker-2")?.cpuDemandMhz, patience).toBe(1);
    expect(machine("bystander")?.cpuDemandMhz).toBe(0);
  });

  it("everything, in full reads, which change nothing by themselves", async () => {
    const { machine, changes } = await start({ timings: { fullReadMs: 200 } });
    changes.length = 0;
    await vcenter.control("DELETE /calls");
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect((await vcenter.calls())["CreatePropertyCollector"]).toBeGreaterThanOrEqual(2);
    expect((await vcenter.calls())["DestroyPropertyCollector"]).toBeGreaterThanOrEqual(2);
    expect(new Set(changes)).toEqual(new Set(["freshness"]));
    await set("vm/bystander", "name", "worker-late");
    await expect.poll(() => machine("worker-late")?.unreadable.length, patience).toBe(0);
  });
});

describe("the virtual machines that matter", () => {
  it("may become others when nodes change", async () => {
    let followed = "worker-1";
    const { cache, machine } = await start({
      interest: (machines) => {
        return new Set(machines.filter(({ name }) => name === followed).map(({ id }) => id));
      },
    });
    expect(machine("worker-3")?.unreadable).toEqual(["config.hardware.device"]);
    followed = "worker-3";
    cache.interestChanged();
    await expect.poll(() => machine("worker-3")?.gpus.length, patience).toBe(1);
    expect(machine("worker-1")?.unreadable).toEqual(["config.hardware.device"]);
  });

  it("are looked for again when a node has none", async () => {
    let unmatched = 0;
    const { cache, machine } = await start({
      unmatchedNodes: () => (watched.machine("worker-new") ? 0 : unmatched),
      timings: { rescanMs: 50 },
    });
    await vcenter.control("POST /vms", { host: b, vm: { name: "worker-new", cpuDemandMhz: 5 } });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(machine("worker-new")).toBeUndefined();
    unmatched = 1;
    cache.interestChanged();
    await expect.poll(() => machine("worker-new")?.cpuDemandMhz, patience).toBe(5);
    expect(machine("worker-new")?.unreadable).toEqual([]);
  });
});
