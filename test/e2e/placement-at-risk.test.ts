/** What was promised to a running job, and what becomes of it when vCenter's plans change. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type PlacingStack, startStack } from "../../hack/stack/stack.ts";
import { labelKeys } from "../../src/api/names.ts";
import { placementAtRisk } from "../../src/api/placement-at-risk.ts";
import { apply, objects, replicaOf, untilNode, untilStatus, vcenter } from "../support/answers.ts";
import { metric } from "../support/metrics.ts";
import { placementFleet } from "../support/placement-fleet.ts";
import {
  createPod,
  eventsOf,
  place,
  readPod,
  removeWork,
  until,
  untilAllLabelled,
  untilEvent,
  untilLabelled,
  untilUnschedulable,
} from "../support/pods.ts";

const host = "esxi-c.example.com";
/** What a plan in vCenter may take until the pods on the host are told. */
const toldMs = 60_000;
/** What a vMotion may take until everybody knows. */
const followedMs = 15_000;
const timeout = 150_000;

let stack: PlacingStack;
beforeAll(async () => {
  stack = await startStack({ fleet: await placementFleet(), placement: "scheduler" });
  await untilAllLabelled(stack, stack.nodes);
});
afterAll(() => stack?.stop());
afterEach(async () => {
  await removeWork(stack);
  await vcenter(stack, "DELETE", "/scheduled-tasks", { host, name: "firmware" }).catch(() => {});
  await stack.controlPlane.api.call("DELETE", objects);
});

async function riskOf(name: string) {
  const { status } = await readPod(stack, name);
  return status?.conditions?.find(({ type }) => type === placementAtRisk);
}

async function untilRisk(name: string, wanted: "True" | "False", timeoutMs = toldMs) {
  const condition = await until(
    async () => riskOf(name),
    (found) => found?.status === wanted,
    `pod ${name} has PlacementAtRisk ${wanted}`,
    timeoutMs,
  );
  if (condition === undefined) throw new Error("unreachable");
  return condition;
}

async function untilAtRisk(count: number): Promise<void> {
  await until(
    async () => metric(replicaOf(stack), "gpuinfo_placements_at_risk"),
    (found) => found === count,
    `${count} placement(s) at risk`,
  );
}

const plan = (at: string) =>
  vcenter(stack, "POST", "/scheduled-tasks", {
    host,
    name: "firmware",
    action: "RebootHost_Task",
    at,
  });

describe("a task that is scheduled while a job runs", () => {
  it("puts the job at risk when it falls into its hours, until it is moved away", {
    timeout,
  }, async () => {
    expect(await place(stack, "train", { hours: 1_000, gpu: true })).toBe("gpu-c");
    expect(await place(stack, "brief", { hours: 500, gpu: false })).toBe("cpu-c");
    await plan("in 700h");
    const { reason, message } = await untilRisk("train", "True");
    expect(reason).toBe("MaintenanceWindow");
    // A task does not say how long it takes: the one that follows is part of the same window.
    expect(message).toMatch(
      /^maintenance of host esxi-c\.example\.com \("firmware; patches", scheduled task\) begins at \S+Z, 30[01] h before the 1000 h that were asked for end \(\S+Z\)$/,
    );
    expect(await untilEvent(stack, "train", /^maintenance of host esxi-c/)).toMatchObject({
      type: "Warning",
      reason: "PlacementAtRisk",
      note: message,
    });
    await untilAtRisk(1);
    expect(await riskOf("brief")).toBeUndefined();

    await plan("in 1500h");
    const cleared = await untilRisk("train", "False");
    expect(cleared.reason).toBe("Safe");
    expect(await untilEvent(stack, "train", /^no maintenance of host esxi-c/)).toMatchObject({
      type: "Normal",
      reason: "PlacementSafe",
    });
    await untilAtRisk(0);
    expect(await metric(replicaOf(stack), "gpuinfo_placement_risk_changes_total")).toBe(2);
  });

  it("leaves the job alone: it runs on where it was", { timeout }, async () => {
    expect(await place(stack, "train", { hours: 1_000, gpu: true })).toBe("gpu-c");
    const { metadata } = await readPod(stack, "train");
    await vcenter(stack, "POST", "/maintenance", { host, state: "enter" });
    const { reason } = await untilRisk("train", "True", followedMs);
    expect(reason).toMatch(/^Host(Entering|In)Maintenance$/);
    const after = await readPod(stack, "train");
    expect(after.metadata).toMatchObject({ uid: metadata.uid });
    expect(after.spec.nodeName).toBe("gpu-c");
    expect(after.status?.phase).toBe("Running");
    expect(after.status?.conditions?.map(({ type }) => type)).toContain("Ready");
    await vcenter(stack, "POST", "/maintenance", { host, state: "exit" });
    await untilRisk("train", "False", followedMs);
  });
});

const move = (to: string) => vcenter(stack, "POST", "/vmotion", { vm: "gpu-c", host: to });

describe("a vMotion", () => {
  it("is followed by labels, status, ranking and promise", { timeout }, async () => {
    await apply(stack, "gpu1", { hours: 1_000, gpu: true });
    await untilNode(stack, "gpu1", "gpu-c");
    expect(await place(stack, "train", { hours: 1_000, gpu: true })).toBe("gpu-c");

    const shorter = "esxi-d.example.com";
    await move(shorter);
    await Promise.all([
      untilLabelled(stack, "gpu-c", (found) => found[labelKeys.esxiHost] === shorter, followedMs),
      untilStatus(stack, "gpu1", ({ candidates }) => candidates === 0, followedMs),
      untilRisk("train", "True", followedMs),
    ]);
    expect((await riskOf("train"))?.message).toContain("maintenance of host esxi-d.example.com");
    await createPod(stack, "second", { hours: 1_000, gpu: true });
    await untilUnschedulable(stack, "second");
    await untilEvent(stack, "second", /^0 of 7 nodes suit/);

    await move(host);
    await Promise.all([
      untilLabelled(stack, "gpu-c", (found) => found[labelKeys.esxiHost] === host, followedMs),
      untilStatus(stack, "gpu1", ({ suitableHostName }) => suitableHostName === host, followedMs),
      untilRisk("train", "False", followedMs),
    ]);
    expect((await eventsOf(stack, "train")).map(({ reason }) => reason)).toContain("PlacementSafe");
  });
});
