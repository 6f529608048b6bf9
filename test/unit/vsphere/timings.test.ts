import { expect, it } from "vitest";
import { timingsFor } from "../../../src/vsphere/timings.ts";

it.each([
  ["by default", 120_000, 120_000, 30, 30_000],
  ["where state is called stale after ten seconds", 10_000, 120_000, 3, 30_000],
  ["where numbers are called stale after a minute", 120_000, 60_000, 30, 20_000],
  ["where everything is called stale at once", 1, 1, 1, 1_000],
])("asks vCenter often enough %s", (_, softMaxAgeMs, usageSoftMaxAgeMs, maxWaitSeconds, pollMs) => {
  expect(timingsFor({ softMaxAgeMs, usageSoftMaxAgeMs })).toEqual({ maxWaitSeconds, pollMs });
});
