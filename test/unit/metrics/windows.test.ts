import { Registry } from "prom-client";
import { expect, it } from "vitest";
import { watchWindows } from "../../../src/metrics/windows.ts";

it("counts MaintenanceWindows by state, as they are when they are asked for", async () => {
  const registry = new Registry();
  const counts = { active: 1, upcoming: 2, over: 0, flawed: 0 };
  watchWindows(registry, () => counts);
  counts.flawed = 1;
  expect(await registry.metrics()).toContain(
    [
      'gpuinfo_maintenance_windows{state="active"} 1',
      'gpuinfo_maintenance_windows{state="upcoming"} 2',
      'gpuinfo_maintenance_windows{state="over"} 0',
      'gpuinfo_maintenance_windows{state="flawed"} 1',
    ].join("\n"),
  );
});
