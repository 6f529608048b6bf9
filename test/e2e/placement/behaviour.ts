/** What users may rely on, whichever way pods are placed: each mode's file runs these tests on a stack of its own. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type PlacingStack, startStack } from "../../../hack/stack/stack.ts";
import { annotationKeys, labelKeys } from "../../../src/api/names.ts";
import { apply, replicaOf, untilStatus, vcenter } from "../../support/answers.ts";
import { metric } from "../../support/metrics.ts";
import { placementFleet } from "../../support/placement-fleet.ts";
import {
  createPod,
  jobManifest,
  listPods,
  type PodOptions,
  place,
  readPod,
  removeWork,
  until,
  untilAllLabelled,
  untilBound,
  untilEvent,
  untilLabelled,
  untilUnschedulable,
} from "../../support/pods.ts";

type Mode = "scheduler" | "extender" | "affinity";

/** What a host that is back may take until its pods run. */
const nudgeMs = 15_000;

export function describePlacement(mode: Mode): void {
  let stack: PlacingStack;
  beforeAll(async () => {
    stack = await startStack({ fleet: await placementFleet(), placement: mode });
    await untilAllLabelled(stack, stack.nodes);
  });
  afterAll(() => stack?.stop());
  afterEach(() => removeWork(stack));

  const nodesFor = async (wanted: Readonly<Record<string, PodOptions>>) =>
    Promise.all(
      Object.entries(wanted).map(async ([name, options]) => [
        name,
        await place(stack, name, options),
      ]),
    ).then((entries) => Object.fromEntries(entries));

  describe(`with placement by ${mode}`, () => {
    it("binds a Job to the node that a GPUInfo with the same needs names", async () => {
      await apply(stack, "gpu1", { hours: 100, gpu: true });
      const { suitableNodeName } = await untilStatus(
        stack,
        "gpu1",
        (status) => status.suitableNodeName?.startsWith("gpu-") === true,
      );
      const job = jobManifest("train", { hours: 100, gpu: true });
      await stack.controlPlane.api.call("POST", "/apis/batch/v1/namespaces/default/jobs", job);
      const [pod] = await until(
        async () => listPods(stack, "job-name=train"),
        ([first]) => first?.spec.nodeName !== undefined,
        "the Job's pod is bound",
      );
      expect(pod?.spec.nodeName).toBe(suitableNodeName);
      expect(pod?.spec.nodeName).toBe("gpu-b");
      expect(pod?.metadata.labels?.[labelKeys.managed]).toBe("true");
      expect(pod?.metadata.annotations?.[annotationKeys.injected]).toContain("gpu-b");
    });

    it(`is ${mode === "affinity" ? "never asked" : "asked for annotated pods"} by kube-scheduler`, async () => {
      const before = await callsOf(stack);
      expect(await place(stack, "asking", { hours: 30, gpu: false })).toBe("cpu-d");
      const after = await callsOf(stack);
      expect(after.webhook - before.webhook).toBe(1);
      expect(after.extender > before.extender).toBe(mode !== "affinity");
    });

    it("binds a pod that refers to a GPUInfo to the node that it names", async () => {
      await apply(stack, "gpu2", { hours: 300, gpu: true });
      expect(await place(stack, "refers", { gpuInfo: "gpu2" })).toBe("gpu-a");
    });

    it("keeps GPU and CPU jobs apart", async () => {
      const needs = [30, 100, 300].flatMap((hours) => [
        [`with-${hours}`, { hours, gpu: true }],
        [`without-${hours}`, { hours, gpu: false }],
      ]);
      expect(await nodesFor(Object.fromEntries(needs))).toEqual({
        "with-30": "gpu-d",
        "with-100": "gpu-b",
        "with-300": "gpu-a",
        "without-30": "cpu-d",
        "without-100": "cpu-b",
        "without-300": "cpu-c",
      });
    });

    it("passes over an idle node whose host has too short a window", async () => {
      expect(await place(stack, "short", { hours: 39, gpu: false })).toBe("cpu-d");
      expect(await place(stack, "long", { hours: 41, gpu: false })).toBe("cpu-b");
    });

    it("finds the only feasible node", async () => {
      expect(await place(stack, "alone", { hours: 1_000, gpu: true })).toBe("gpu-c");
    });

    it("takes the next best node when the chosen one is full", async () => {
      expect(await place(stack, "first", { hours: 100, gpu: true })).toBe("gpu-b");
      const second = await place(stack, "second", { hours: 100, gpu: true });
      // Where nobody asks us, kube-scheduler chooses among those that fit by its own lights.
      expect(mode === "affinity" ? ["gpu-a", "gpu-c"] : ["gpu-a"]).toContain(second);
    });

    it("places pods right that differ only in our annotation and arrive together", async () => {
      for (const turn of [1, 2, 3]) {
        const [short, long] = [`short-${turn}`, `long-${turn}`];
        const pair = { [short]: { hours: 30, gpu: false }, [long]: { hours: 1_000, gpu: false } };
        expect(await nodesFor(pair)).toEqual({ [short]: "cpu-d", [long]: "cpu-c" });
        // What was just bound there counts as load that is still to come.
        await removeWork(stack);
      }
    });

    it("says on a pod for which nothing fits how many nodes were rejected, and why", async () => {
      await createPod(stack, "endless", { hours: 3_000, gpu: true });
      await untilUnschedulable(stack, "endless");
      const event = await untilEvent(stack, "endless", /^0 of 7 nodes suit/);
      expect(event).toMatchObject({ type: "Warning", reason: "NoNodeSuits" });
      expect(event.note).toContain("3 without a GPU [NoGpu]");
      expect(event.note).toMatch(
        /4 with maintenance in \d+ h or less \(3000 h asked\) \[TooFewHours\]/,
      );
      const described = await stack.controlPlane.kubectl(["describe", "pod", "endless"]);
      expect(described).toContain(event.note);
    });

    it("binds a waiting pod within 15 s of a host leaving maintenance", {
      timeout: 60_000,
    }, async () => {
      const host = "esxi-c.example.com";
      await vcenter(stack, "POST", "/maintenance", { host, state: "enter" });
      await untilLabelled(stack, "gpu-c", (labels) => labels[labelKeys.availableUntil] === "0");
      await createPod(stack, "patient", { hours: 1_000, gpu: true });
      await untilUnschedulable(stack, "patient");
      await untilEvent(stack, "patient", /on a host in maintenance \[HostInMaintenance\]/);
      await vcenter(stack, "POST", "/maintenance", { host, state: "exit" });
      expect(await untilBound(stack, "patient", nudgeMs)).toBe("gpu-c");
    });

    it("leaves unannotated pods to the default scheduler, without a call to us", async () => {
      const before = await callsOf(stack);
      const names = Array.from({ length: 10 }, (_, index) => `plain-${index}`);
      await nodesFor(Object.fromEntries(names.map((name) => [name, {}])));
      const { metadata, spec } = await readPod(stack, "plain-0");
      expect(spec.schedulerName).toBe("default-scheduler");
      expect(spec.affinity).toBeUndefined();
      expect(metadata.labels?.[labelKeys.managed]).toBeUndefined();
      expect(await callsOf(stack)).toEqual(before);
    });
  });
}

async function callsOf(stack: PlacingStack): Promise<{ webhook: number; extender: number }> {
  const replica = replicaOf(stack);
  return {
    webhook: await metric(replica, "gpuinfo_webhook_reviews_total"),
    extender: await metric(replica, "gpuinfo_extender_calls_total"),
  };
}
