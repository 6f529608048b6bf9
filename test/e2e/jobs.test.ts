import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type PlacingStack, startStack } from "../../hack/stack/stack.ts";
import { apiVersion, kind } from "../../src/api/group.ts";
import { annotationKeys } from "../../src/api/names.ts";
import { objects, replicaOf } from "../support/answers.ts";
import { metric } from "../support/metrics.ts";
import { placementFleet } from "../support/placement-fleet.ts";
import {
  createPod,
  jobManifest,
  listPods,
  readPod,
  removeWork,
  until,
  untilAllLabelled,
  untilBound,
} from "../support/pods.ts";
import { refusalOf } from "../support/refusal.ts";

let stack: PlacingStack;
beforeAll(async () => {
  stack = await startStack({ fleet: await placementFleet(), placement: "scheduler" });
  await untilAllLabelled(stack, stack.nodes);
});
afterAll(() => stack?.stop());
afterEach(async () => {
  await removeWork(stack);
  await stack.controlPlane.api.call("DELETE", objects);
});

async function apply(manifest: object): Promise<string> {
  const input = JSON.stringify(manifest);
  return stack.controlPlane.kubectl(["apply", "-f", "-"], { input });
}

async function nodesOfJob(name: string, pods: number): Promise<readonly (string | undefined)[]> {
  const found = await until(
    async () => listPods(stack, `job-name=${name}`),
    (list) => list.length === pods && list.every(({ spec }) => spec.nodeName !== undefined),
    `the ${pods} pod(s) of Job ${name} are bound`,
    30_000,
  );
  return found.map(({ spec }) => spec.nodeName);
}

const applySample = (...names: readonly string[]) =>
  stack.controlPlane.kubectl(["apply", ...names.flatMap((name) => ["-f", `samples/${name}.yaml`])]);

describe("a sample Job", () => {
  it.each([
    // A hundred hours: gpu-d is idler and has forty.
    { job: "gpu-job", node: "gpu-b" },
    { job: "model-job", node: "gpu-b" },
    { job: "cpu-job", node: "cpu-b" },
  ])("$job runs where its annotations allow", async ({ job, node }) => {
    await applySample(`jobs/${job}`);
    expect(await nodesOfJob(job, 1)).toEqual([node]);
  });

  it("gpuinfo-job may be applied together with the GPUInfo that it names", async () => {
    await applySample("gpu1", "jobs/gpuinfo-job");
    expect(await nodesOfJob("gpuinfo-job", 1)).toEqual(["gpu-b"]);
  });

  it("indexed-job completes, its fourth pod on the first of three nodes that is free again", {
    timeout: 60_000,
  }, async () => {
    await applySample("jobs/indexed-job");
    const nodes = await nodesOfJob("indexed-job", 4);
    expect(new Set(nodes)).toEqual(new Set(["gpu-a", "gpu-b", "gpu-c"]));
    await stack.controlPlane.kubectl([
      "wait",
      "--for=condition=Complete",
      "job/indexed-job",
      "--timeout=30s",
    ]);
  });
});

describe("a reference to a GPUInfo", () => {
  it("counts also where the GPUInfo was applied a moment before", async () => {
    const { api } = stack.controlPlane;
    const names = ["moment-1", "moment-2", "moment-3", "moment-4", "moment-5"];
    for (const name of names) {
      const spec = { desAccTime: 300, gpuRequired: false };
      await api.call("POST", objects, { apiVersion, kind, metadata: { name }, spec });
      await createPod(stack, name, { gpuInfo: name });
    }
    const nodes = await Promise.all(names.map(async (name) => untilBound(stack, name)));
    expect(new Set(nodes)).toEqual(new Set(["cpu-c"]));
  });

  it("is refused where there is no such GPUInfo, and the message names it", async () => {
    const refusal = await refusalOf(createPod(stack, "lost", { gpuInfo: "nowhere" }));
    expect(refusal).toContain("pods.topology.corinternal.com");
    expect(refusal).toMatch(/topology\.corinternal\.com\/gpuinfo: .*\\"nowhere\\"/);
    await expect(readPod(stack, "lost")).rejects.toThrow("404");
  });

  it("to no GPUInfo shows in the events of the Job, which starts once it is there", {
    timeout: 60_000,
  }, async () => {
    await apply(jobManifest("early", { gpuInfo: "late" }));
    const { kubectl } = stack.controlPlane;
    await until(
      async () => kubectl(["describe", "job", "early"]),
      (text) => /FailedCreate.*pods\.topology\.corinternal\.com.*"late"/.test(text),
      "the Job's events say what it waits for",
    );
    const spec = { desAccTime: 300, gpuRequired: false };
    await apply({ apiVersion, kind, metadata: { name: "late" }, spec });
    expect(await nodesOfJob("early", 1)).toEqual(["cpu-c"]);
  });
});

describe("what the webhook was asked", () => {
  it("is counted by what became of it", async () => {
    const count = async (result: string) =>
      metric(replicaOf(stack), "gpuinfo_webhook_reviews_total", { result, mode: "scheduler" });
    const before = { allowed: await count("allowed"), refused: await count("refused") };
    await createPod(stack, "good", { hours: 30 });
    await refusalOf(createPod(stack, "bad", { hours: "soon" }));
    expect(await count("allowed")).toBe(before.allowed + 1);
    expect(await count("refused")).toBe(before.refused + 1);
    expect(await count("error")).toBe(0);
    expect(
      await metric(replicaOf(stack), "gpuinfo_webhook_review_duration_seconds_count"),
    ).toBeGreaterThan(0);
  });
});

/** A workload of that kind whose pods have the annotations. */
function workload(
  wanted: "Deployment" | "StatefulSet" | "Job",
  annotations: Readonly<Record<string, string>>,
): object {
  const labels = { app: "typo" };
  const isJob = wanted === "Job";
  const container = { name: "main", image: "registry.example.com/job" };
  const spec = { containers: [container], ...(isJob && { restartPolicy: "Never" }) };
  const rest = isJob ? { suspend: true } : { selector: { matchLabels: labels }, replicas: 0 };
  return {
    apiVersion: isJob ? "batch/v1" : "apps/v1",
    kind: wanted,
    metadata: { name: "typo" },
    spec: { ...rest, template: { metadata: { labels, annotations }, spec } },
  };
}

const typo = { [annotationKeys.desAccTime]: "100x" };

describe("the admission policy", () => {
  it.each(["Deployment", "StatefulSet", "Job"] as const)(
    "refuses a %s with a typo at kubectl apply",
    async (wanted) => {
      const refusal = await refusalOf(apply(workload(wanted, typo)));
      expect(refusal).toContain(`${annotationKeys.desAccTime}: found "100x"; accepted are`);
    },
  );

  it("lets what is from before it be scaled and deleted", { timeout: 60_000 }, async () => {
    const { kubectl } = stack.controlPlane;
    await withoutPolicy(async () => {
      for (const wanted of ["Job", "Deployment"] as const) await apply(workload(wanted, typo));
    });
    await kubectl(["scale", "deployment/typo", "--replicas=2"]);
    await kubectl(["patch", "job/typo", `--patch=${JSON.stringify({ spec: { parallelism: 2 } })}`]);
    await kubectl(["delete", "job/typo", "deployment/typo", "--cascade=foreground"]);
    expect(await kubectl(["get", "jobs,deployments", "--output=name"])).toBe("");
  });
});

/** As before the policy was installed; it is in force again when this resolves. */
async function withoutPolicy(work: () => Promise<void>): Promise<void> {
  const { api } = stack.controlPlane;
  const bindings = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";
  const name = "gpuinfo-templates";
  const { spec } = await api.call<{ spec: object }>("GET", `${bindings}/${name}`);
  await api.call("DELETE", `${bindings}/${name}`);
  await untilTypoIs("admitted");
  await work();
  await api.call("POST", bindings, { metadata: { name }, spec });
  await untilTypoIs("refused");
}

/** The API server takes a moment to act on a policy that changed. */
async function untilTypoIs(wanted: "admitted" | "refused"): Promise<void> {
  const path = "/apis/batch/v1/namespaces/default/jobs?dryRun=All";
  const attempt = { ...workload("Job", typo), metadata: { name: "attempt" } };
  await until(
    async () =>
      stack.controlPlane.api.call("POST", path, attempt).then(
        () => "admitted",
        () => "refused",
      ),
    (answer) => answer === wanted,
    `a typo is ${wanted}`,
  );
}
