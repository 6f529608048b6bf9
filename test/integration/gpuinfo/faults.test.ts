import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Stack, startStack } from "../../../hack/stack/stack.ts";
import {
  askAnew,
  replicaOf,
  statusOf,
  untilNode,
  untilStatus,
  vcenter,
} from "../../support/answers.ts";
import { fleetFile } from "../../support/small-fleet.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ fleet: await fleetFile() });
});
afterAll(() => stack?.stop());
afterEach(async () => {
  await vcenter(stack, "DELETE", "/faults");
  await vcenter(stack, "POST", "/maintenance", { host: "esxi-b.example.com", state: "exit" });
});

describe("when vCenter answers rubbish", () => {
  it.each([
    [{ garbage: true }, "protocol"],
    [{ truncate: true }, "protocol|network"],
    [{ http: 503 }, "protocol"],
    [{ fault: "RuntimeFault" }, "fault"],
  ])("%j is counted and tried again", { timeout: 120_000 }, async (fault, outcome) => {
    await askAnew(stack);
    const failures = await countWaits(outcome);
    await vcenter(stack, "POST", "/faults", { method: "WaitForUpdatesEx", count: 1, ...fault });
    // The wait under way still tells of this; the next one meets the fault, at its end at the latest.
    await vcenter(stack, "POST", "/maintenance", { host: "esxi-b.example.com", state: "enter" });
    await untilNode(stack, "gpu1", "gpu-a");
    await vcenter(stack, "POST", "/maintenance", { host: "esxi-b.example.com", state: "exit" });
    await expect.poll(() => countWaits(outcome), { timeout: 10_000 }).toBeGreaterThan(failures);
    await untilStatus(stack, "gpu1", ({ candidates }) => candidates === 3, 45_000);
  });
});

describe("when the API server restarts", () => {
  it("loses and flips no status, and follows vCenter again", { timeout: 120_000 }, async () => {
    await askAnew(stack);
    const before = await statusOf(stack, "gpu1");
    await stack.controlPlane.restartApiServer("SIGKILL");
    await sleep(5_000);
    expect(await statusOf(stack, "gpu1")).toEqual(before);
    await vcenter(stack, "POST", "/maintenance", { host: "esxi-b.example.com", state: "enter" });
    await untilNode(stack, "gpu1", "gpu-a", 60_000);
    await vcenter(stack, "POST", "/maintenance", { host: "esxi-b.example.com", state: "exit" });
  });
});

async function countWaits(outcomes: string): Promise<number> {
  const metrics = await (await fetch(replicaOf(stack).metricsUrl)).text();
  const lines = new RegExp(
    `gpuinfo_vcenter_calls_total{vcenter="vcenter",method="WaitForUpdatesEx",outcome="(?:${outcomes})"} (\\d+)`,
    "g",
  );
  return [...metrics.matchAll(lines)].reduce((sum, [, count]) => sum + Number(count), 0);
}
