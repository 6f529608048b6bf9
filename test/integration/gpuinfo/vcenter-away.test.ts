import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Stack, startStack } from "../../../hack/stack/stack.ts";
import {
  askAnew,
  condition,
  messageOf,
  replicaOf,
  untilReadiness,
  untilStatus,
} from "../../support/answers.ts";
import { fleetFile } from "../../support/small-fleet.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({
    fleet: await fleetFile(),
    // Short ages, so that a test need not wait for minutes.
    env: { SOFT_MAX_AGE: "32s", HARD_MAX_AGE: "40s" },
  });
});
afterAll(() => stack?.stop());

const isFresh = (status: Parameters<typeof condition>[0]) =>
  condition(status, "InventoryFresh") === "True InventoryFresh";

describe("when vCenter goes away", () => {
  it("keeps the last answer with its age, says why, and heals by itself", {
    timeout: 240_000,
  }, async () => {
    await askAnew(stack);
    await stack.simulator.stop();

    const stale = await untilStatus(
      stack,
      "gpu1",
      (status) => condition(status, "InventoryFresh") === "False InventoryStale",
      70_000,
    );
    expect(stale.suitableNodeName).toBe("gpu-b");
    expect(messageOf(stale, "InventoryFresh")).toMatch(/\d{4}-.*(ECONNREFUSED|hang up)/s);
    const page = await untilReadiness(replicaOf(stack).healthUrl, ({ ready }) => !ready, 60_000);
    expect(page).toMatch(/\[-\]vcenter last read \d+ s ago; .*(ECONNREFUSED|hang up)/);

    await stack.simulator.start();
    await untilStatus(stack, "gpu1", isFresh, 90_000);
    await untilReadiness(replicaOf(stack).healthUrl, ({ ready }) => ready);
  });
});
