import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type PlacingStack, startStack } from "../../hack/stack/stack.ts";
import { annotationKeys, labelKeys } from "../../src/api/names.ts";
import { replicaOf } from "../support/answers.ts";
import { metric } from "../support/metrics.ts";
import { placementFleet } from "../support/placement-fleet.ts";
import {
  createPod,
  notScheduled,
  openGate,
  type PodObject,
  place,
  podManifest,
  readPod,
  removeWork,
  untilAdmitting,
  untilAllLabelled,
  untilBound,
  untilUnschedulable,
} from "../support/pods.ts";
import { refusalOf } from "../support/refusal.ts";

let stack: PlacingStack;
beforeAll(async () => {
  stack = await startStack({ fleet: await placementFleet(), placement: "scheduler" });
  await untilAllLabelled(stack, stack.nodes);
});
afterAll(() => stack?.stop());
afterEach(() => removeWork(stack));

const pods = "/api/v1/namespaces/default/pods";
const reviews = async () => metric(replicaOf(stack), "gpuinfo_webhook_reviews_total");

function cronJob(annotations: Readonly<Record<string, string>>): string {
  const container = { name: "main", image: "registry.example.com/job" };
  const spec = { restartPolicy: "Never", containers: [container] };
  return JSON.stringify({
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name: "nightly", namespace: "default" },
    spec: {
      schedule: "0 3 * * *",
      jobTemplate: { spec: { template: { metadata: { annotations }, spec } } },
    },
  });
}

describe("the webhook", () => {
  it("changes nothing in a server dry-run but what it answers", async () => {
    const demand = { hours: 30, gpu: false, requests: { cpu: 7 } };
    const answers = await Promise.all(
      Array.from({ length: 10 }, async (_, index) =>
        stack.controlPlane.api.call<PodObject>(
          "POST",
          `${pods}?dryRun=All`,
          podManifest(`dry-${index}`, demand),
        ),
      ),
    );
    // Each is sent to the idlest node, as if none of the others had been.
    for (const { metadata, spec } of answers) {
      expect(spec.schedulerName).toBe("gpuinfo-scheduler");
      expect(JSON.parse(metadata.annotations?.[annotationKeys.injected] ?? "")).toMatchObject({
        preferredNode: "cpu-d",
      });
    }
    const { items } = await stack.controlPlane.api.call<{ items: unknown[] }>("GET", pods);
    expect(items).toEqual([]);
    expect(await place(stack, "real", demand)).toBe("cpu-d");
  });

  it("leaves a pod with a scheduler of its own to that scheduler, with our affinity", async () => {
    const own = "someone-elses-scheduler";
    const { spec, metadata } = await createPod(stack, "own", {
      hours: 100,
      gpu: true,
      schedulerName: own,
    });
    expect(spec.schedulerName).toBe(own);
    expect(JSON.stringify(spec.affinity)).toContain(labelKeys.availableUntil);
    expect(metadata.labels?.[labelKeys.managed]).toBe("true");
    await place(stack, "other", { hours: 100, gpu: true });
    expect((await readPod(stack, "own")).spec.nodeName).toBeUndefined();
  });

  it.each(["kube-system", "gpuinfo-system"])(
    "is never called for pods in %s",
    async (namespace) => {
      const before = await reviews();
      const annotated = { namespace, hours: "no hours at all", gpu: true };
      const { spec, metadata } = await createPod(stack, "system", annotated);
      expect(spec.affinity).toBeUndefined();
      expect(metadata.labels?.[labelKeys.managed]).toBeUndefined();
      expect(await reviews()).toBe(before);
      await stack.controlPlane.api.call("DELETE", `/api/v1/namespaces/${namespace}/pods/system`);
    },
  );

  it("refuses a typo on a pod, and says what is accepted", async () => {
    const refusal = await refusalOf(createPod(stack, "typo", { hours: "100x", gpu: true }));
    expect(refusal).toContain("pods.topology.corinternal.com");
    expect(refusal).toMatch(/des-acc-time: found \\"100x\\"; accepted are/);
  });
});

describe("the admission policy", () => {
  it("refuses a CronJob with a typo at kubectl apply", async () => {
    const { kubectl } = stack.controlPlane;
    const input = cronJob({ [annotationKeys.desAccTime]: "100x" });
    const refusal = await refusalOf(kubectl(["apply", "-f", "-"], { input }));
    expect(refusal).toContain(`${annotationKeys.desAccTime}: found "100x"; accepted are`);
    const good = cronJob({ [annotationKeys.desAccTime]: "100" });
    expect(await kubectl(["apply", "-f", "-"], { input: good })).toContain("created");
  });
});

describe("without any replica", () => {
  it("unannotated pods are created, and annotated ones refused in the webhook's name", async () => {
    await replicaOf(stack).stop();
    expect(await place(stack, "plain")).not.toBe("");
    const refusal = await refusalOf(createPod(stack, "annotated", { hours: 100, gpu: true }));
    expect(refusal).toContain("pods.topology.corinternal.com");
    await replicaOf(stack).start();
    await untilAdmitting(stack);
    expect(await place(stack, "again", { hours: 100, gpu: true })).toBe("gpu-b");
  });

  it("annotated pods wait for the extender, and are bound within 15 s of its return", {
    timeout: 60_000,
  }, async () => {
    const names = ["waits-1", "waits-2", "waits-3"];
    for (const name of names) await createPod(stack, name, { hours: 300, gpu: false, gated: true });
    await replicaOf(stack).stop();
    for (const name of names) await openGate(stack, name);
    for (const name of names) {
      expect(notScheduled(await untilUnschedulable(stack, name))).toBe("SchedulerError");
    }
    await replicaOf(stack).start();
    await replicaOf(stack).untilReady();
    const nodes = await Promise.all(names.map(async (name) => untilBound(stack, name, 15_000)));
    expect(new Set(nodes)).toEqual(new Set(["cpu-c"]));
  });
});
