import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAuthority } from "../../../hack/stack/cluster/pki.ts";
import { type Stack, startStack } from "../../../hack/stack/stack.ts";
import {
  askAnew,
  condition,
  readiness,
  replicaOf,
  untilReadiness,
  untilStatus,
  vcenter,
} from "../../support/answers.ts";
import { fleetFile } from "../../support/small-fleet.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ fleet: await fleetFile() });
});
afterAll(() => stack?.stop());

const isFresh = (status: Parameters<typeof condition>[0]) =>
  condition(status, "InventoryFresh") === "True InventoryFresh";

const secret = "/api/v1/namespaces/gpuinfo-system/secrets/vc-creds";

async function putSecret(stringData: Record<string, string>): Promise<void> {
  await stack.controlPlane.api.call("PATCH", secret, { stringData });
}

describe("at the start", () => {
  it("waits for vCenter, ready for nothing but alive, and keeps what was answered before", {
    timeout: 120_000,
  }, async () => {
    await askAnew(stack);
    await replicaOf(stack).stop();
    await vcenter(stack, "POST", "/network", { mode: "refuse" });
    await replicaOf(stack).start();
    const status = await untilStatus(
      stack,
      "gpu1",
      (current) => condition(current, "InventoryFresh") === "False InventoryNotReady",
      30_000,
    );
    expect(status.suitableNodeName).toBe("gpu-b");
    expect(condition(status, "Ready")).toBe("True NodeFound");
    expect((await fetch(`${replicaOf(stack).healthUrl}/livez`)).status).toBe(200);
    expect((await readiness(replicaOf(stack).healthUrl)).text).toMatch(/\[-\]vcenter /);
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
      await replicaOf(stack).stop();
      await putSecret(harm);
      await sleep(1_500);
      await replicaOf(stack).start();
      const page = await untilReadiness(
        replicaOf(stack).healthUrl,
        ({ text }) => message.test(text),
        30_000,
      );
      expect(page).toContain("[-]vcenter");
      expect(page).not.toContain(stack.simulator.password);
      await putSecret(await right());
      await untilReadiness(replicaOf(stack).healthUrl, ({ ready }) => ready, 90_000);
    },
  );
});
