/** MaintenanceWindows beside what vCenter says, as users apply them to a running gpuinfo. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Stack, startStack } from "../../../hack/stack/stack.ts";
import { maintenanceWindowKind } from "../../../src/api/maintenance-window.ts";
import { maintenanceWindows, pathOf } from "../../../src/kube/resource.ts";
import { apply, condition, objects, untilNode, untilStatus } from "../../support/answers.ts";
import { fleetFile } from "../../support/small-fleet.ts";

const hourMs = 3_600_000;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ fleet: await fleetFile() });
});
afterAll(() => stack?.stop());
afterEach(async () => {
  await stack.controlPlane.api.call("DELETE", objects);
  await stack.controlPlane.api.call("DELETE", pathOf(maintenanceWindows));
});

function inHours(hours: number): string {
  return new Date(Date.now() + hours * hourMs).toISOString();
}

async function declare(spec: object): Promise<void> {
  const { apiVersion, kind } = maintenanceWindowKind;
  const input = JSON.stringify({ apiVersion, kind, metadata: { name: "patch" }, spec });
  await stack.controlPlane.kubectl(["apply", "-f", "-"], { input });
}

/** The line of `kubectl get mw`, once it is as wanted. */
async function untilShown(wanted: RegExp): Promise<string> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const shown = await stack.controlPlane.kubectl(["get", "mw", "--no-headers"]);
    if (wanted.test(shown)) return shown;
    if (Date.now() > deadline) throw new Error(`wanted ${wanted.source}, shown is ${shown}`);
    await sleep(100);
  }
}

describe("a MaintenanceWindow", () => {
  it("takes a host away from a job that it would cut short, and gives it back when it is deleted", async () => {
    await apply(stack, "gpu1", { hours: 100, gpu: true });
    await untilNode(stack, "gpu1", "gpu-b");
    await declare({ hosts: ["ESXI-B.example.com"], start: inHours(50.5), duration: "4h" });
    await untilNode(stack, "gpu1", "gpu-a");
    expect(await untilShown(/ 1 +false +True +Accepted /)).toMatch(/^patch /);
    await declare({ hosts: ["esxi-b.example.com"], start: inHours(110.5), duration: "4h" });
    await apply(stack, "gpu2", { hours: 100, gpu: true });
    const status = await untilNode(stack, "gpu2", "gpu-b");
    expect(status.availableAcceleratorTime).toBe(110);
  });

  it("for a whole cluster that goes on now leaves nothing, until it is taken back", async () => {
    await declare({ clusters: ["ALL"], start: inHours(-1), duration: "24h" });
    await untilShown(/ 4 +true +True +Accepted /);
    await apply(stack, "gpu1", { hours: 1, gpu: true });
    const status = await untilNode(stack, "gpu1", "None available");
    expect(condition(status, "Ready")).toBe("False TooFewHours");
    await stack.controlPlane.kubectl(["delete", "mw", "patch"]);
    await untilNode(stack, "gpu1", "gpu-b");
  });

  it("that nobody understands closes the nodes that it selects, and says so", async () => {
    await stack.controlPlane.kubectl(["label", "--overwrite", "node", "gpu-b", "rack=7"]);
    const nodeSelector = { matchLabels: { rack: "7" } };
    await declare({ nodeSelector, schedule: "0 2 31 2 *", duration: "4h" });
    await untilShown(/ 1 +False +NeverComes /);
    await apply(stack, "gpu1", { hours: 100, gpu: true });
    const status = await untilStatus(
      stack,
      "gpu1",
      ({ rejected }) => rejected?.["MaintenanceUnknown"] === 1,
    );
    expect(status.suitableNodeName).toBe("gpu-a");
    await stack.controlPlane.kubectl(["label", "node", "gpu-b", "rack-"]);
    await apply(stack, "gpu2", { hours: 100, gpu: true });
    await untilNode(stack, "gpu2", "gpu-b");
  });

  it("of which a host is misspelled warns that it concerns nobody", async () => {
    await declare({ hosts: ["esxi-q.example.com"], schedule: "0 2 * * 6", duration: "4h" });
    await untilShown(/ 0 +(true|false) +True +MatchesNothing /);
    await expect
      .poll(() => stack.controlPlane.kubectl(["events", "--for", "mw/patch"]))
      .toMatch(/Warning +MatchesNothing .* no node runs on host esxi-q\.example\.com/);
  });
});
