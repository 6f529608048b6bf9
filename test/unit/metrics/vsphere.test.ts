import { readFileSync } from "node:fs";
import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { createVsphereMetrics } from "../../../src/metrics/vsphere.ts";
import type { VcenterReading } from "../../../src/vcenters/reading.ts";

const now = Date.parse("2026-11-22T12:00:00Z");

function someMetrics(readings: readonly VcenterReading[] = []) {
  const registry = new Registry();
  const metrics = createVsphereMetrics(registry);
  const world = { readings };
  metrics.watch({ readings: () => world.readings, now: () => now });
  const lines = async (name: string) =>
    (await registry.getSingleMetricAsString(name))
      .split("\n")
      .filter((line) => !line.startsWith("#"))
      .map((line) => line.slice(name.length));
  return { registry, metrics, world, lines };
}

const east: VcenterReading = {
  name: "east",
  isRefused: false,
  takenAt: new Date(now - 1_500),
  usageTakenAt: new Date(now - 30_000),
  clockSkewSeconds: -3,
};

describe("what is scraped", () => {
  it("is the age of each vCenter's facts and numbers, and its clock skew", async () => {
    const { lines } = someMetrics([east, { ...east, name: "west", clockSkewSeconds: 70 }]);
    expect(await lines("gpuinfo_inventory_age_seconds")).toEqual([
      '{vcenter="east"} 1.5',
      '{vcenter="west"} 1.5',
    ]);
    expect(await lines("gpuinfo_usage_age_seconds")).toEqual([
      '{vcenter="east"} 30',
      '{vcenter="west"} 30',
    ]);
    expect(await lines("gpuinfo_vcenter_clock_skew_seconds")).toEqual([
      '{vcenter="east"} -3',
      '{vcenter="west"} 70',
    ]);
  });

  it("leaves out what is not known, and what is no longer known", async () => {
    const { world, lines } = someMetrics([east, { name: "west", isRefused: false }]);
    expect(await lines("gpuinfo_inventory_age_seconds")).toEqual(['{vcenter="east"} 1.5']);
    world.readings = [];
    expect(await lines("gpuinfo_inventory_age_seconds")).toEqual([]);
  });
});

describe("what is counted", () => {
  it("is counted under the vCenter's name", async () => {
    const { metrics, lines } = someMetrics();
    metrics.observe("east").call("Login", "ok", 0.1);
    metrics.observe("west").call("Login", "auth", 0.1);
    metrics.observe("west").error("auth", "InvalidLogin");
    expect(await lines("gpuinfo_vcenter_calls_total")).toEqual([
      '{vcenter="east",method="Login",outcome="ok"} 1',
      '{vcenter="west",method="Login",outcome="auth"} 1',
    ]);
    expect(await lines("gpuinfo_vcenter_errors_total")).toEqual([
      '{vcenter="west",kind="auth",type="InvalidLogin"} 1',
    ]);
  });

  it("is one session from login to logout, however often", async () => {
    const { metrics, lines } = someMetrics();
    const observer = metrics.observe("east");
    observer.login();
    observer.login();
    expect(await lines("gpuinfo_vcenter_sessions")).toEqual(['{vcenter="east"} 1']);
    observer.logout();
    expect(await lines("gpuinfo_vcenter_sessions")).toEqual(['{vcenter="east"} 0']);
    expect(await lines("gpuinfo_vcenter_logins_total")).toEqual(['{vcenter="east"} 2']);
  });
});

describe("docs/several-vcenters.md", () => {
  it("explains every metric that has the label vcenter", async () => {
    const page = readFileSync("docs/several-vcenters.md", "utf8");
    const { registry } = someMetrics();
    const names = (await registry.getMetricsAsJSON()).map(({ name }) => name);
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});
