import { afterAll, describe, expect, it } from "vitest";
import type { Placement } from "../../../hack/stack/placement/mode.ts";
import { type PlacingStack, startStack } from "../../../hack/stack/stack.ts";

const stacks: PlacingStack[] = [];

afterAll(async () => {
  await Promise.all(stacks.map(async (stack) => stack.stop()));
});

async function startedWith(placement: Placement): Promise<PlacingStack> {
  const stack = await startStack({ placement });
  stacks.push(stack);
  return stack;
}

/** Where the sample's pod is, `gpu-job SCHEDULER NODE` once it is bound. */
async function placeSample({ controlPlane: { kubectl } }: PlacingStack): Promise<string> {
  await kubectl(["apply", "-f", "samples/jobs/gpu-job.yaml"]);
  const template =
    '{range .items[*]}{.metadata.labels.job-name} {.spec.schedulerName} {.spec.nodeName}{"\\n"}{end}';
  const placed = async (): Promise<string> =>
    (await kubectl(["get", "pods", `-o=jsonpath=${template}`])).trim();
  await expect.poll(placed, { timeout: 10_000 }).toMatch(/^gpu-job \S+ worker-\d+$/);
  return placed();
}

describe("a stack whose default scheduler has the extender", () => {
  it("has no scheduler of its own, and places an annotated Job through the extender", async () => {
    const stack = await startedWith("extender");
    expect(stack.schedulers.own).toBeUndefined();
    expect(await placeSample(stack)).toBe("gpu-job default-scheduler worker-4");
    const metrics = await stack.schedulers.default.metrics();
    expect(metrics).toMatch(/scheduler_schedule_attempts_total\{.*result="scheduled"\} 1/);
    const own = await (await fetch(stack.replicas[0]?.metricsUrl ?? "")).text();
    expect(own).toMatch(/gpuinfo_extender_\w+\{.*verb="filter".*\} [1-9]/);
  }, 120_000);
});

describe("a stack where affinity alone steers", () => {
  it("has no extender, and places an annotated Job all the same", async () => {
    const stack = await startedWith("affinity");
    expect(stack.extender).toBeUndefined();
    expect(stack.schedulers.own).toBeUndefined();
    expect(await placeSample(stack)).toBe("gpu-job default-scheduler worker-4");
  }, 120_000);
});
