/** What /metrics says of MaintenanceWindows. */

import { Gauge, type Registry } from "prom-client";
import type { WindowState } from "../reconciler/window-calendar.ts";

/** @param counts asked at every scrape */
export function watchWindows(
  registry: Registry,
  counts: () => Readonly<Record<WindowState, number>>,
): void {
  const gauge: Gauge<"state"> = new Gauge({
    name: "gpuinfo_maintenance_windows",
    help: "MaintenanceWindow objects, by state: active (goes on now), upcoming, over, and flawed (nobody can say when it is).",
    labelNames: ["state"],
    registers: [registry],
    collect() {
      for (const [state, count] of Object.entries(counts())) gauge.set({ state }, count);
    },
  });
}
