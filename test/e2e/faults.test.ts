import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Scheduler } from "../../hack/stack/placement/scheduler.ts";
import type { Replica } from "../../hack/stack/pod/workload.ts";
import { type PlacingStack, startStack } from "../../hack/stack/stack.ts";
import { labelKeys } from "../../src/api/names.ts";
import { untilReadiness, vcenter } from "../support/answers.ts";
import { agentFor, call } from "../support/https.ts";
import { placementFleet } from "../support/placement-fleet.ts";
import {
  createPod,
  openGate,
  place,
  podManifest,
  readPod,
  removeWork,
  untilAdmitting,
  untilAllLabelled,
  untilBound,
  untilEvent,
  untilLabelled,
  untilUnschedulable,
} from "../support/pods.ts";

let stack: PlacingStack;
beforeAll(async () => {
  stack = await startStack({
    fleet: await placementFleet(),
    placement: "scheduler",
    replicas: 2,
    // A short age, so that a test need not wait for minutes; normally the inventory is up to 30 s old.
    env: { SOFT_MAX_AGE: "32s", HARD_MAX_AGE: "40s" },
  });
  await untilAllLabelled(stack, stack.nodes);
});
afterAll(() => stack?.stop());
afterEach(() => removeWork(stack));

const lease = "/apis/coordination.k8s.io/v1/namespaces/gpuinfo-system/leases/gpuinfo";

async function leaderAndOther(): Promise<{ leader: Replica; other: Replica }> {
  const { spec } = await stack.controlPlane.api.call<{ spec: { holderIdentity?: string } }>(
    "GET",
    lease,
  );
  const leads = ({ name }: Replica) => spec.holderIdentity?.startsWith(`${name}_`) === true;
  const leader = stack.replicas.find(leads);
  const other = stack.replicas.find((replica) => !leads(replica));
  if (leader === undefined || other === undefined) {
    throw new Error(`nobody knows the holder ${spec.holderIdentity}`);
  }
  return { leader, other };
}

const isClosed = (labels: Readonly<Record<string, string>>) =>
  labels[labelKeys.availableUntil] === "0";

const maintenance = (state: "enter" | "exit") =>
  vcenter(stack, "POST", "/maintenance", { host: "esxi-c.example.com", state });

describe("two replicas", () => {
  it("place pods while the leader is dead, and labels and events go on within 25 s", {
    timeout: 90_000,
  }, async () => {
    const { leader } = await leaderAndOther();
    await leader.stop("SIGKILL");
    const killedAt = performance.now();
    try {
      await untilAdmitting(stack);
      expect(await place(stack, "at-once", { hours: 100, gpu: true })).toBe("gpu-b");
      expect(performance.now() - killedAt).toBeLessThan(5_000);

      await maintenance("enter");
      await untilLabelled(stack, "gpu-c", isClosed, 25_000);
      await createPod(stack, "patient", { hours: 1_000, gpu: true });
      await untilEvent(stack, "patient", /on a host in maintenance \[HostInMaintenance\]/, 10_000);
      await maintenance("exit");
      expect(await untilBound(stack, "patient", 15_000)).toBe("gpu-c");
    } finally {
      await leader.start();
      await leader.untilReady();
    }
  });
});

function ownScheduler(): Scheduler {
  const { own } = stack.schedulers;
  if (own === undefined) throw new Error("the stack has no scheduler of ours");
  return own;
}

describe("our scheduler", () => {
  it("killed and started again, binds the pods that waited for it, each to the right node", {
    timeout: 90_000,
  }, async () => {
    const scheduler = ownScheduler();
    await scheduler.stop("SIGKILL");
    const wanted: Readonly<Record<string, object>> = {
      "gpu-a": { hours: 300, gpu: true },
      "gpu-b": { hours: 100, gpu: true },
      "cpu-c": { hours: 1_000, gpu: false },
      "cpu-d": { hours: 30, gpu: false },
    };
    for (const [node, needs] of Object.entries(wanted)) await createPod(stack, `to-${node}`, needs);
    expect(await place(stack, "plain")).not.toBe("");
    for (const node of Object.keys(wanted)) {
      expect((await readPod(stack, `to-${node}`)).spec.nodeName).toBeUndefined();
    }
    await scheduler.start();
    for (const node of Object.keys(wanted)) {
      expect(await untilBound(stack, `to-${node}`, 15_000)).toBe(node);
    }
  });
});

/** What the replica says to the scheduler about a pod that needs a GPU. */
async function filterErrorOf({ extenderUrl }: Replica): Promise<string> {
  const { extender } = stack;
  if (extender === undefined) throw new Error("the stack has no extender");
  const { caFile, certFile, keyFile, serverName } = extender;
  const [ca = "", certPem = "", keyPem = ""] = [caFile, certFile, keyFile].map((file) =>
    readFileSync(file, "utf8"),
  );
  const agent = agentFor({ ca, pair: { certPem, keyPem } }, { servername: serverName });
  const Pod = podManifest("asked", { hours: 1_000, gpu: true });
  const body = JSON.stringify({ Pod, Nodes: null, NodeNames: stack.nodes });
  const { text } = await call(Number(new URL(extenderUrl).port), agent, body);
  agent.destroy();
  const answer: { Error: string } = JSON.parse(text);
  return answer.Error;
}

describe("vCenter cut off for longer than HARD_MAX_AGE", () => {
  it("leaves annotated pods pending with the reason, and they are bound within 15 s of its being read again", {
    timeout: 180_000,
  }, async () => {
    // One node suits each: where several do, the one whose label is renewed first may be taken.
    const wanted = { "gpu-c": { hours: 1_000, gpu: true }, "cpu-c": { hours: 1_000, gpu: false } };
    const names = Object.keys(wanted).map((node) => `to-${node}`);
    for (const [node, needs] of Object.entries(wanted)) {
      await createPod(stack, `to-${node}`, { ...needs, gated: true });
    }
    await vcenter(stack, "POST", "/network", { mode: "refuse" });
    for (const replica of stack.replicas) {
      await untilReadiness(replica.healthUrl, ({ text }) => text.includes("[!]vcenter last read"));
      await expect
        .poll(async () => filterErrorOf(replica), { timeout: 60_000 })
        .toMatch(/InventoryStale.*tried again/);
    }
    for (const name of names) await openGate(stack, name);
    // Whoever creates a pod now is not sent away: it is admitted, and waits with the others.
    await createPod(stack, "newcomer", { hours: 1_000, gpu: true });
    for (const name of [...names, "newcomer"]) {
      await untilUnschedulable(stack, name);
      await untilEvent(stack, name, /vCenter was last read at/);
    }
    expect(await place(stack, "plain")).not.toBe("");

    await vcenter(stack, "POST", "/network", { mode: "ok" });
    for (const { healthUrl } of stack.replicas) {
      await untilReadiness(healthUrl, ({ text }) => text.includes("[+]vcenter ok"), 40_000);
    }
    for (const node of Object.keys(wanted)) {
      expect(await untilBound(stack, `to-${node}`, 15_000)).toBe(node);
    }
  });
});
