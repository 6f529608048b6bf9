import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type PlacingStack, startStack } from "../../hack/stack/stack.ts";
import { labelKeys } from "../../src/api/names.ts";
import { crowdFleet, rareNodes } from "../support/placement-fleet.ts";
import { place, removeWork, untilAllLabelled } from "../support/pods.ts";

describe.each([
  // Our own scheduler looks at every node: each pod finds the one that the webhook preferred for it.
  { placement: "scheduler", least: 40 },
  // The cluster's own samples nodes: of 300 it looks at 144, and asks the extender about those alone. A pod whose node is
  // not among them goes to the first of the sample, and so do others until its binding is heard of.
  { placement: "extender", least: 6 },
] as const)("among 300 nodes, in the mode $placement", ({ placement, least }) => {
  let stack: PlacingStack;
  beforeAll(async () => {
    stack = await startStack({ fleet: await crowdFleet(), placement });
    await untilAllLabelled(stack, stack.nodes);
  });
  afterAll(() => stack?.stop());
  afterEach(() => removeWork(stack));

  it("the two with a GPU are found, whatever sample kube-scheduler takes", async () => {
    for (const turn of [1, 2, 3, 4, 5]) {
      const names = [`first-${turn}`, `second-${turn}`];
      const nodes: string[] = [];
      for (const name of names) nodes.push(await place(stack, name, { hours: 100, gpu: true }));
      expect(nodes).toEqual(rareNodes);
      await removeWork(stack);
    }
  });

  it("fifty pods created at once do not all go to the node that was idle a moment ago", {
    timeout: 60_000,
  }, async () => {
    const names = Array.from({ length: 50 }, (_, index) => `herd-${index}`);
    const needs = { hours: 100, gpu: false, requests: { cpu: "500m" } };
    const nodes = await Promise.all(names.map(async (name) => place(stack, name, needs)));
    const pods = Map.groupBy(nodes, (node) => node);
    // A node has room for 16: of those that look at measured load alone, four would be filled.
    expect(pods.size).toBeGreaterThan(least);
  });

  it("all carry their labels, also when many of them were made at once", async () => {
    const { items } = await stack.controlPlane.api.call<{
      items: { metadata: { name: string; labels: Record<string, string> } }[];
    }>("GET", "/api/v1/nodes");
    const withGpu = items.filter(({ metadata }) => metadata.labels[labelKeys.gpu] === "true");
    expect(items).toHaveLength(300);
    expect(withGpu.map(({ metadata }) => metadata.name)).toEqual(rareNodes);
  });
});
