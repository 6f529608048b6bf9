import { readFileSync } from "node:fs";
import path from "node:path";
import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { placementAtRisk } from "../../../src/api/placement-at-risk.ts";
import { watchFindings } from "../../../src/metrics/nodes.ts";
import { promiseMetrics } from "../../../src/metrics/promises.ts";
import { mismatchKinds } from "../../../src/reconciler/gpu-comparison.ts";
import type { RiskReason } from "../../../src/reconciler/promise.ts";

const page = readFileSync(
  path.resolve(import.meta.dirname, "../../../docs/placement-at-risk.md"),
  "utf8",
);

const reasons: Readonly<Record<RiskReason, true>> = {
  MaintenanceWindow: true,
  HostEnteringMaintenance: true,
  HostInMaintenance: true,
  HostInQuarantine: true,
  Safe: true,
  HoursServed: true,
};

function metricNames(): string[] {
  const registry = new Registry();
  promiseMetrics(registry).watchAtRisk(() => 0);
  watchFindings(registry, () => undefined);
  return registry.getMetricsAsArray().map(({ name }) => name);
}

describe("the page on placements at risk", () => {
  it.each([
    ...Object.keys(reasons),
    ...mismatchKinds,
    ...metricNames(),
    placementAtRisk,
    "PlacementSafe",
    "MaintenanceUnknown",
    "GpuMismatch",
    "gpuinfo-pod-status",
  ])("explains %s", (word) => {
    expect(page).toContain(word);
  });
});
