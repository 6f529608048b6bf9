import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Replica } from "../../../hack/stack/pod/workload.ts";
import { type Stack, startStack } from "../../../hack/stack/stack.ts";
import { apply, untilNode, vcenter } from "../../support/answers.ts";
import { fleetFile } from "../../support/small-fleet.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ fleet: await fleetFile(), replicas: 2 });
});
afterAll(() => stack?.stop());

const lease = "/apis/coordination.k8s.io/v1/namespaces/gpuinfo-system/leases/gpuinfo";

async function holder(): Promise<string> {
  const { spec } = await stack.controlPlane.api.call<{ spec: { holderIdentity?: string } }>(
    "GET",
    lease,
  );
  return spec.holderIdentity ?? "";
}

async function leaderAndOther(): Promise<{ leader: Replica; other: Replica }> {
  const name = await holder();
  const leader = stack.replicas.find((replica) => name.startsWith(`${replica.name}_`));
  const other = stack.replicas.find((replica) => replica !== leader);
  if (leader === undefined || other === undefined)
    throw new Error(`nobody knows the holder ${name}`);
  return { leader, other };
}

const maintenance = (state: "enter" | "exit") =>
  vcenter(stack, "POST", "/maintenance", { host: "esxi-b.example.com", state });

async function sessions(): Promise<number> {
  const list: unknown = JSON.parse(await vcenter(stack, "GET", "/sessions"));
  return Array.isArray(list) ? list.length : Number.NaN;
}

describe("two replicas", () => {
  it("hold one session each, and one of them writes", async () => {
    await apply(stack, "gpu1", { hours: 100, gpu: true });
    await untilNode(stack, "gpu1", "gpu-b");
    expect(await sessions()).toBe(2);
    const written = await Promise.all(
      stack.replicas.map(async ({ metricsUrl }) => {
        const text = await (await fetch(metricsUrl)).text();
        return /rest_client_requests_total{method="PATCH",code="200"} \d+/.test(text);
      }),
    );
    expect(written.filter(Boolean)).toHaveLength(1);
  });

  it("have a new leader within 25 s after the first was killed, and its answers are right", {
    timeout: 90_000,
  }, async () => {
    const { leader, other } = await leaderAndOther();
    await leader.stop("SIGKILL");
    const killedAt = performance.now();
    await maintenance("enter");
    await untilNode(stack, "gpu1", "gpu-a", 40_000);
    const seconds = (performance.now() - killedAt) / 1_000;
    expect((await holder()).startsWith(`${other.name}_`)).toBe(true);
    expect(seconds).toBeLessThan(25);
    await maintenance("exit");
    await leader.start();
    await leader.untilReady();
  });

  it("hand the lease over at once when the leader is asked to end", {
    timeout: 60_000,
  }, async () => {
    const { leader, other } = await leaderAndOther();
    const before = await sessions();
    const askedAt = performance.now();
    await leader.stop("SIGTERM");
    const seconds = (performance.now() - askedAt) / 1_000;
    await expect.poll(holder, { timeout: 10_000 }).toMatch(new RegExp(`^${other.name}_`));
    expect(seconds).toBeLessThan(5);
    expect(readFileSync(leader.logFile, "utf8")).toContain('"msg":"stopped"');
    expect(await sessions()).toBe(before - 1);
    await leader.start();
    await leader.untilReady();
  });
});

describe("the process", () => {
  it("ends with status 2 and names every variable that is wrong", () => {
    const { status, stderr } = spawnSync(process.execPath, ["src/main.ts"], {
      env: { GPU_POLICY: "some", SOFT_MAX_AGE: "long" },
      encoding: "utf8",
    });
    expect(status).toBe(2);
    expect(stderr.match(/^ {2}[A-Z_]+/gm)).toEqual([
      "  GPU_POLICY",
      "  SOFT_MAX_AGE",
      "  GOVMOMI_URL",
      "  GOVMOMI_USERNAME",
      "  GOVMOMI_PASSWORD",
    ]);
  });

  it("says in one line why it cannot start", () => {
    const { status, stderr } = spawnSync(process.execPath, ["src/main.ts"], {
      env: { GOVMOMI_DIR: "/nowhere", KUBECONFIG: "/nowhere/kubeconfig" },
      encoding: "utf8",
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^gpuinfo cannot start: .*\/nowhere\/kubeconfig.*\n$/);
  });

  it("logs no secret", () => {
    for (const { logFile } of stack.replicas) {
      expect(readFileSync(logFile, "utf8")).not.toContain(stack.simulator.password);
    }
  });
});
