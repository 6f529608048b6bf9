import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PlacingStack, startStack, type TwoVcenterStack } from "../../hack/stack/stack.ts";
import { labelKeys } from "../../src/api/names.ts";
import {
  apply,
  condition,
  messageOf,
  readiness,
  replicaOf,
  untilNode,
  untilReadiness,
  untilStatus,
} from "../support/answers.ts";
import { metric } from "../support/metrics.ts";
import { place } from "../support/pods.ts";
import { twoFleetFiles } from "../support/small-fleet.ts";

let stack: PlacingStack & TwoVcenterStack;
beforeAll(async () => {
  stack = await startStack({
    fleets: await twoFleetFiles(),
    // The placement that needs least: the cluster's own scheduler, and our node labels.
    placement: "affinity",
    // Short ages, so that a test need not wait for minutes.
    env: { SOFT_MAX_AGE: "32s", HARD_MAX_AGE: "40s" },
  });
});
afterAll(() => stack?.stop());

/** Until when each node is open, by its name: `0` where nothing may start now. */
async function openUntil(): Promise<Readonly<Record<string, string | undefined>>> {
  const { items } = await stack.controlPlane.api.call<{
    readonly items: readonly {
      readonly metadata: { readonly name: string; readonly labels: Record<string, string> };
    }[];
  }>("GET", "/api/v1/nodes");
  return Object.fromEntries(
    items.map(({ metadata }) => [metadata.name, metadata.labels[labelKeys.availableUntil]]),
  );
}

/** In both vCenters the nodes that may do: see the small fleet. */
const ask = { hours: 100, gpu: true };

describe("two vCenters whose object ids collide", () => {
  it("answer with the best node of both", async () => {
    await apply(stack, "gpu1", ask);
    const status = await untilNode(stack, "gpu1", "west-gpu-b");
    expect(status).toMatchObject({
      suitableHostName: "esxi-b.west.example.com",
      candidates: 6,
      rejected: { NoGpu: 2 },
      nextMaintenance: {
        source: "scheduledTask",
        confidence: "scheduled",
        description: "firmware",
      },
    });
    expect(status.inventoryTime).toMatch(/^\d{4}-.*Z$/);
    expect(condition(status, "InventoryFresh")).toBe("True InventoryFresh");
    expect(condition(status, "UsageFresh")).toBe("True UsageFresh");
    const { text } = await readiness(replicaOf(stack).healthUrl);
    expect(text).toContain("[+]vcenter/east ok\n[+]vcenter/west ok\n");
    const replica = replicaOf(stack);
    for (const vcenter of ["east", "west"]) {
      expect(await metric(replica, "gpuinfo_vcenter_sessions", { vcenter })).toBe(1);
      expect(await metric(replica, "gpuinfo_inventory_age_seconds", { vcenter })).toBeLessThan(40);
    }
  });

  it("age apart: the nodes of one that is cut off are given up, the others are not", {
    timeout: 240_000,
  }, async () => {
    const { healthUrl } = replicaOf(stack);
    const open = await openUntil();
    expect(Object.values(open)).not.toContain("0");
    const west = Object.keys(open).filter((name) => name.startsWith("west-"));
    const westClosed = { ...open, ...Object.fromEntries(west.map((name) => [name, "0"])) };
    await stack.simulators.west.control("/network", { mode: "hang" });

    const stale = await untilStatus(
      stack,
      "gpu1",
      (status) => condition(status, "InventoryFresh") === "False InventoryStale",
      80_000,
    );
    expect(messageOf(stale, "InventoryFresh")).toMatch(/^vCenter west was last read at \d{4}-/);
    expect(messageOf(stale, "InventoryFresh")).not.toContain("east");

    const moved = await untilNode(stack, "gpu1", "gpu-b", 60_000);
    expect(moved).toMatchObject({ candidates: 3, rejected: { InventoryStale: 4, NoGpu: 1 } });
    expect(condition(moved, "Ready")).toBe("True NodeFound");

    await expect.poll(openUntil, { timeout: 30_000 }).toEqual(westClosed);
    expect(await place(stack, "train", { hours: 100, gpu: "true" })).toMatch(/^gpu-[abc]$/);

    const page = await readiness(healthUrl);
    expect(page.ready).toBe(true);
    expect(page.text).toMatch(/\[\+\]vcenter\/east ok\n\[!\]vcenter\/west last read \d+ s ago; \w/);
    await apply(stack, "asked-meanwhile", { hours: 300, gpu: true });
    await untilNode(stack, "asked-meanwhile", "gpu-a");
    await stack.simulators.east.control("/maintenance", {
      host: "esxi-a.example.com",
      state: "enter",
    });
    await untilNode(stack, "asked-meanwhile", "gpu-c");

    await stack.simulators.west.control("/network", { mode: "ok" });
    const healed = await untilStatus(
      stack,
      "gpu1",
      (status) => condition(status, "InventoryFresh") === "True InventoryFresh",
      90_000,
    );
    // East has one node less, whose host was put into maintenance.
    expect(healed).toMatchObject({ candidates: 5, rejected: { HostInMaintenance: 1, NoGpu: 2 } });
    await untilReadiness(healthUrl, ({ text }) => text.includes("[+]vcenter/west ok"));
    await expect.poll(openUntil, { timeout: 30_000 }).toEqual({ ...open, "gpu-a": "0" });
  });

  it("are both logged out of at the end", async () => {
    await replicaOf(stack).stop();
    for (const { controlUrl } of Object.values(stack.simulators)) {
      expect(await (await fetch(`${controlUrl}/sessions`)).json()).toEqual([]);
    }
  });
});
