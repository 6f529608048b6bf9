import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAuthority } from "../../../hack/stack/cluster/pki.ts";
import { type Stack, startStack } from "../../../hack/stack/stack.ts";
import {
  apply,
  condition,
  messageOf,
  objects,
  readiness,
  statusOf,
  untilNode,
  untilReadiness,
  untilStatus,
  vcenter,
} from "../../support/answers.ts";
import { fleetFile } from "../../support/small-fleet.ts";

const secret = "/api/v1/namespaces/gpuinfo-system/secrets/vc-creds";

let stack: Stack;
beforeAll(async () => {
  // Short ages, so that a test need not wait for minutes.
  const env = { SOFT_MAX_AGE: "40s", HARD_MAX_AGE: "50s" };
  stack = await startStack({ fleet: await fleetFile(), env });
});
afterAll(() => stack?.stop());

function replica() {
  const [first] = stack.replicas;
  if (first === undefined) throw new Error("the stack runs no gpuinfo");
  return first;
}

async function putSecret(stringData: Record<string, string>): Promise<void> {
  await stack.controlPlane.api.call("PATCH", secret, { stringData });
}

const isFresh = (status: Parameters<typeof condition>[0]) =>
  condition(status, "InventoryFresh") === "True InventoryFresh";

describe("when vCenter goes away", () => {
  it("keeps the last answer with its age, says why, and heals by itself", {
    timeout: 240_000,
  }, async () => {
    await askAnew();
    await stack.simulator.stop();

    const stale = await untilStatus(
      stack,
      "gpu1",
      (status) => condition(status, "InventoryFresh") === "False InventoryStale",
      90_000,
    );
    expect(stale.suitableNodeName).toBe("gpu-b");
    expect(messageOf(stale, "InventoryFresh")).toMatch(
      /what vCenter said at \d{4}-.*ECONNREFUSED/s,
    );
    const page = await untilReadiness(replica().healthUrl, ({ ready }) => !ready, 60_000);
    expect(page).toMatch(/\[-\]vcenter last read \d+ s ago; .*ECONNREFUSED/);

    await stack.simulator.start();
    await untilStatus(stack, "gpu1", isFresh, 90_000);
    await untilReadiness(replica().healthUrl, ({ ready }) => ready);
  });
});

describe("at the start", () => {
  it("waits for vCenter, ready for nothing but alive, and keeps what was answered before", {
    timeout: 120_000,
  }, async () => {
    await untilNode(stack, "gpu1", "gpu-b");
    await replica().stop();
    await vcenter(stack, "POST", "/network", { mode: "refuse" });
    await replica().start();
    const status = await untilStatus(
      stack,
      "gpu1",
      (current) => condition(current, "InventoryFresh") === "False InventoryNotReady",
      30_000,
    );
    expect(status.suitableNodeName).toBe("gpu-b");
    expect(condition(status, "Ready")).toBe("True NodeFound");
    expect((await fetch(`${replica().healthUrl}/livez`)).status).toBe(200);
    expect((await readiness(replica().healthUrl)).text).toMatch(/\[-\]vcenter /);
    await vcenter(stack, "POST", "/network", { mode: "ok" });
    await untilStatus(stack, "gpu1", isFresh, 70_000);
  });

  it.each([
    [
      "a wrong password",
      { GOVMOMI_PASSWORD: "wrong" },
      /GOVMOMI_USERNAME and GOVMOMI_PASSWORD/,
      async () => ({ GOVMOMI_PASSWORD: stack.simulator.password }),
    ],
    [
      "a user name that is missing",
      { GOVMOMI_USERNAME: "" },
      /GOVMOMI_USERNAME is missing: set it in .*vc-creds/,
      async () => ({ GOVMOMI_USERNAME: stack.simulator.username }),
    ],
    [
      "the wrong authority",
      { "ca.crt": "of another authority" },
      /certificate/,
      async () => ({ "ca.crt": stack.simulator.caPem }),
    ],
  ])(
    "says what is wrong with %s, and heals when the Secret does",
    { timeout: 150_000 },
    async (what, wrong, message, right) => {
      const harm =
        what === "the wrong authority"
          ? { "ca.crt": (await createAuthority("another")).caPem }
          : wrong;
      await replica().stop();
      await putSecret(harm);
      await sleep(1_500);
      await replica().start();
      const page = await untilReadiness(
        replica().healthUrl,
        ({ text }) => message.test(text),
        30_000,
      );
      expect(page).toContain("[-]vcenter");
      expect(page).not.toContain(stack.simulator.password);
      await putSecret(await right());
      await untilReadiness(replica().healthUrl, ({ ready }) => ready, 90_000);
    },
  );
});

describe("when vCenter answers rubbish", () => {
  it.each([
    [{ garbage: true }, "protocol"],
    [{ truncate: true }, "protocol|network"],
    [{ http: 503 }, "protocol"],
    [{ fault: "RuntimeFault" }, "fault"],
  ])("%j is counted and tried again", { timeout: 120_000 }, async (fault, outcome) => {
    await askAnew();
    await vcenter(stack, "POST", "/faults", { method: "WaitForUpdatesEx", count: 1, ...fault });
    const failures = await countWaits(outcome);
    // The wait under way still tells of this; the next one meets the fault.
    await vcenter(stack, "POST", "/maintenance", { host: "esxi-b.example.com", state: "enter" });
    await untilNode(stack, "gpu1", "gpu-a");
    await expect.poll(() => countWaits(outcome), { timeout: 10_000 }).toBeGreaterThan(failures);
    await vcenter(stack, "POST", "/maintenance", { host: "esxi-b.example.com", state: "exit" });
    await untilStatus(stack, "gpu1", ({ candidates }) => candidates === 3, 45_000);
  });
});

describe("when the API server restarts", () => {
  it("loses and flips no status, and follows vCenter again", { timeout: 120_000 }, async () => {
    await askAnew();
    const before = await statusOf(stack, "gpu1");
    await stack.controlPlane.restartApiServer("SIGKILL");
    await sleep(5_000);
    expect(await statusOf(stack, "gpu1")).toEqual(before);
    await vcenter(stack, "POST", "/maintenance", { host: "esxi-b.example.com", state: "enter" });
    await untilNode(stack, "gpu1", "gpu-a", 60_000);
    await vcenter(stack, "POST", "/maintenance", { host: "esxi-b.example.com", state: "exit" });
  });
});

async function askAnew(): Promise<void> {
  await untilReadiness(replica().healthUrl, ({ ready }) => ready, 90_000);
  await stack.controlPlane.api.call("DELETE", objects);
  await apply(stack, "gpu1", { hours: 100, gpu: true });
  await untilNode(stack, "gpu1", "gpu-b");
}

async function countWaits(outcome: string): Promise<number> {
  const metrics = await (await fetch(replica().metricsUrl)).text();
  const line = new RegExp(
    `gpuinfo_vcenter_calls_total{method="WaitForUpdatesEx",outcome="(?:${outcome})"} (\\d+)`,
  );
  return Number(line.exec(metrics)?.[1] ?? 0);
}
