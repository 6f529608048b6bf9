import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { VcenterSettings } from "../../../src/vsphere/settings.ts";
import { startVcenter, type Vcenter } from "../../support/vcenter.ts";
import { smallFleet } from "./fleets.ts";
import { type WatchedCache, watchedCache } from "./watched-cache.ts";

const b = "esxi-b.example.com";

let vcenter: Vcenter;
let watched: WatchedCache;

beforeEach(async () => {
  vcenter = await startVcenter(smallFleet);
});
afterEach(async () => {
  await watched.cache.stop();
  // Nothing that we were told to keep to ourselves may be in the log, escaped or not.
  const secrets = [vcenter.settings.password, "with &lt;&amp;&gt; in it", "vmware_soap_session"];
  const leak = watched.log.find(({ text }) => secrets.some((secret) => text.includes(secret)));
  await vcenter.stop();
  if (leak) throw new Error(`a secret is in the log: ${leak.text}`);
});

async function start(overrides: Parameters<typeof watchedCache>[1] = {}): Promise<WatchedCache> {
  watched = watchedCache(vcenter, overrides);
  watched.cache.start();
  await watched.untilLive();
  return watched;
}

/** A change made in vCenter arrives: the inventory follows again. */
async function followsAgain(): Promise<void> {
  const state = watched.host(b)?.maintenance === "in" ? "exit" : "enter";
  await vcenter.control("POST /maintenance", { host: b, state });
  await watched.until(() => watched.host(b)?.maintenance === (state === "enter" ? "in" : "none"));
  await watched.untilLive();
}

async function sessions(): Promise<unknown> {
  return vcenter.control("GET /sessions");
}

const expire = async (quiet: boolean) => vcenter.control("POST /sessions/expire", { quiet });
const network = async (mode: string) => vcenter.control("POST /network", { mode });
const fault = async (rule: object) => vcenter.control("POST /faults", rule);

describe("a session that ends", () => {
  it("while a wait is in flight is renewed", async () => {
    const { errors } = await start();
    await expire(false);
    await followsAgain();
    expect(errors).toContain("auth NotAuthenticated");
    expect(await sessions()).toHaveLength(1);
  });

  it("without a word, seen by a poll through a view that went with it, is renewed", async () => {
    const { errors, until } = await start({ timings: { pollMs: 50, maxWaitSeconds: 20 } });
    await expire(true);
    await until(() => errors.length > 0);
    await followsAgain();
    expect(errors).toEqual(["auth NotAuthenticated"]);
  });

  it("without a word, seen in a missing property of an answer that is none, is renewed", async () => {
    const { errors, until } = await start({ timings: { pollMs: 60_000, maxWaitSeconds: 20 } });
    await expire(true);
    // A new card makes us read its host by reference: no view, and no fault for the whole call.
    const backing = { _typeName: "VirtualPCIPassthroughDeviceBackingInfo", id: "0000:3b:00.0" };
    const value = [{ _typeName: "VirtualPCIPassthrough", key: 13_000, backing }];
    const property = "config.hardware.device";
    await vcenter.control("POST /set", { object: "vm/worker-4", property, value });
    await until(() => errors.length > 0);
    await followsAgain();
    expect(errors).toEqual(["auth NotAuthenticated"]);
    expect(watched.machine("worker-4")?.gpus).toHaveLength(1);
  });

  it("by idleness is renewed", async () => {
    await vcenter.control("POST /session-timeout", { seconds: 1 });
    const { errors, until } = await start({ timings: { pollMs: 60_000, maxWaitSeconds: 4 } });
    await until(() => errors.length > 0);
    await followsAgain();
    expect(errors).toEqual(["auth NotAuthenticated"]);
  });

  it("is no failure to speak of: the inventory stays, and no error is logged", async () => {
    const { cache, log, until, changes } = await start();
    const before = cache.current();
    changes.length = 0;
    await expire(false);
    await until(() => changes.includes("health"));
    expect(cache.current()?.virtualMachines).toBe(before?.virtualMachines);
    await watched.untilLive();
    expect(log.filter(({ level }) => level >= 40)).toEqual([]);
    expect(changes).not.toContain("state");
  });
});

describe("a password that is wrong", () => {
  it("is tried once, and told with what to do", async () => {
    const settings = { ...vcenter.settings, password: "wrong" };
    watched = watchedCache({ settings });
    watched.cache.start();
    await watched.until(() => watched.cache.health().phase === "broken");
    await sleep(1_000);
    expect((await vcenter.calls())["Login"]).toBe(1);
    expect(watched.errors).toEqual(["auth InvalidLogin"]);
    expect(watched.cache.health().error?.message).toContain("Secret vc-creds");
    expect(watched.log.filter(({ level }) => level === 50)).toHaveLength(1);
  });

  it("is healed as soon as the Secret changes", async () => {
    let settings: VcenterSettings = { ...vcenter.settings, password: "wrong" };
    watched = watchedCache(vcenter, { readSettings: async () => settings });
    watched.cache.start();
    await watched.until(() => watched.cache.health().phase === "broken");
    settings = vcenter.settings;
    await watched.untilLive();
    expect((await vcenter.calls())["Login"]).toBe(2);
  });
});

describe("vCenter that goes away", () => {
  it.each(["refuse", "reset", "hang"])(
    "(%s) leaves the last inventory, and is found again",
    async (mode) => {
      const { cache, until, log } = await start({ timings: { callMs: 500, pollMs: 200 } });
      await network(mode);
      await until(() => cache.health().phase === "broken");
      const broken = cache.current();
      await sleep(1_500);
      expect(cache.current()).toBe(broken);
      expect(cache.current()?.virtualMachines).toHaveLength(5);
      expect(cache.health().error?.message).toContain("GOVMOMI_URL");
      expect(log.filter(({ level }) => level === 50)).toHaveLength(1);
      await network("ok");
      await followsAgain();
      expect(cache.health()).not.toHaveProperty("error");
    },
  );

  it("at the start is waited for", async () => {
    await network("refuse");
    watched = watchedCache(vcenter);
    watched.cache.start();
    await watched.until(() => watched.errors.length >= 3);
    expect(watched.cache.current()).toBeUndefined();
    await network("ok");
    await watched.untilLive();
    expect(watched.cache.current()?.virtualMachines).toHaveLength(5);
  });

  it("does not keep us from stopping", async () => {
    const { cache } = await start({ timings: { logoutMs: 200 } });
    await network("hang");
    const startedAt = Date.now();
    await cache.stop();
    expect(Date.now() - startedAt).toBeLessThan(2_000);
    await network("ok");
  });
});

describe("answers that are wrong", () => {
  it.each<[string, object, string]>([
    ["a fault", { fault: "HostCommunication", message: "no luck" }, "fault HostCommunication"],
    ["no answer in time", { delayMs: 3_000 }, "timeout call"],
    ["HTTP 503", { http: 503 }, "protocol HTTP503"],
    ["HTTP 404", { http: 404 }, "protocol HTTP404"],
    ["garbage", { garbage: true }, "protocol"],
    ["half an answer", { truncate: true }, "network"],
  ])("(%s) are typed, counted and got over, at the start and later", async (_, what, expected) => {
    await fault({ method: "RetrievePropertiesEx", count: 1, ...what });
    const { errors, until } = await start({ timings: { pollMs: 100, callMs: 1_000 } });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(new RegExp(`^${expected}`));
    await fault({ method: "RetrievePropertiesEx", count: 1, ...what });
    await until(() => errors.length === 2);
    expect(errors[1]).toBe(errors[0]);
    await followsAgain();
    expect(await sessions()).toHaveLength(1);
  });

  it.each([
    "RetrieveServiceContent",
    "Login",
    "CreateContainerView",
    "CreateFilter",
    "WaitForUpdatesEx",
  ])("to %s are got over, whatever they are", async (method) => {
    for (const what of [{ garbage: true }, { truncate: true }, { http: 500 }]) {
      await fault({ method, count: 1, ...what });
    }
    const { errors } = await start();
    expect(errors.length).toBeGreaterThanOrEqual(3);
    expect(errors.filter((error) => !/^(protocol|network) /.test(error))).toEqual([]);
    await followsAgain();
  });

  it("to a logout do not keep us", async () => {
    const { cache } = await start();
    await fault({ method: "Logout", garbage: true });
    await expect(cache.stop()).resolves.toBeUndefined();
  });
});

describe("a privilege that is missing", () => {
  it("on one host is told of that host alone, also when it is taken away later", async () => {
    await vcenter.control("POST /deny", {
      object: `host/${b}`,
      paths: ["runtime.inMaintenanceMode"],
    });
    const { host, until } = await start({ timings: { fullReadMs: 300 } });
    expect(host(b)?.unreadable).toEqual(["runtime.inMaintenanceMode"]);
    expect(host("esxi-a.example.com")?.unreadable).toEqual([]);
    await vcenter.control("DELETE /deny");
    await until(() => host(b)?.unreadable.length === 0);
  });

  it("on a virtual machine's devices leaves its GPUs unknown", async () => {
    await vcenter.control("POST /deny", { object: "vm/worker-1", paths: ["config.hardware"] });
    const { machine } = await start();
    expect(machine("worker-1")).toMatchObject({ gpus: [], unreadable: ["config.hardware.device"] });
    expect(machine("worker-3")?.unreadable).toEqual([]);
  });

  it("on a host's cards leaves the GPUs of its machines unknown", async () => {
    const object = "host/esxi-a.example.com";
    await vcenter.control("POST /deny", { object, paths: ["hardware.pciDevice"] });
    const { machine } = await start();
    expect(machine("worker-1")).toMatchObject({ gpus: [], unreadable: ["hardware.pciDevice"] });
    expect(machine("worker-2")?.unreadable).toEqual([]);
  });

  it("on the scheduled tasks leaves every host's future unknown", async () => {
    const object = "ScheduledTaskManager:ScheduledTaskManager";
    await vcenter.control("POST /deny", { object, paths: ["scheduledTask"] });
    const { host } = await start();
    expect(host(b)?.horizon).toMatchObject({
      kind: "unknown",
      why: expect.stringContaining(
        "NoPermission (privilege System.Read on ScheduledTaskManager ScheduledTaskManager) for its scheduled tasks",
      ),
    });
    expect(host(b)?.unreadable).toEqual([]);
  });
});

describe("settings that cannot be read", () => {
  it("are told in the words of who reads them, and read again", async () => {
    let broken = true;
    watched = watchedCache(vcenter, {
      readSettings: async () => {
        if (broken) throw new Error("GOVMOMI_URL is missing: set it in Secret vc-creds");
        return vcenter.settings;
      },
    });
    watched.cache.start();
    await watched.until(() => watched.cache.health().phase === "broken");
    expect(watched.cache.health().error).toMatchObject({
      kind: "settings",
      message: expect.stringContaining("GOVMOMI_URL is missing"),
    });
    broken = false;
    await watched.untilLive();
  });
});

describe("a listener that fails", () => {
  it("is logged, and does not disturb the others", async () => {
    watched = watchedCache(vcenter);
    watched.cache.onChange(() => {
      throw new Error("oops");
    });
    watched.cache.start();
    await watched.untilLive();
    await followsAgain();
    expect(watched.errors).toEqual([]);
    expect(watched.log.some(({ msg }) => msg === "a listener of the inventory failed")).toBe(true);
  });
});
