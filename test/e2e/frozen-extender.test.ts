import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type PlacingStack, startStack } from "../../hack/stack/stack.ts";
import { replicaOf } from "../support/answers.ts";
import { placementFleet } from "../support/placement-fleet.ts";
import {
  createPod,
  notScheduled,
  openGate,
  readPod,
  untilAllLabelled,
  untilBound,
} from "../support/pods.ts";

let stack: PlacingStack;
beforeAll(async () => {
  stack = await startStack({ fleet: await placementFleet(), placement: "extender" });
  await untilAllLabelled(stack, stack.nodes);
});
afterAll(() => stack?.stop());

const ordinaryPods = 100;
/** Ten a second. */
const everyMs = 100;
/**
 * Twenty calls that wait for half a second each are in the way, and then the first of them again. A kubelet takes a
 * replica that is silent out of its Service after 15 s: from then on calls fail at once.
 */
const boundWithinMs = 30_000;

/** How long a pod that does not ask us takes from its creation to its node, in milliseconds. */
async function timeToBind(name: string): Promise<number> {
  const createdAt = performance.now();
  await createPod(stack, name);
  await untilBound(stack, name, boundWithinMs);
  return performance.now() - createdAt;
}

/** The same for pods that arrive one after the other, ascending. */
async function timesToBind(prefix: string): Promise<readonly number[]> {
  const times: Promise<number>[] = [];
  for (let index = 0; index < ordinaryPods; index++) {
    times.push(timeToBind(`${prefix}-${index}`));
    await sleep(everyMs);
  }
  return (await Promise.all(times)).toSorted((a, b) => a - b);
}

function inWords(times: readonly number[]): string {
  const at = (share: number) =>
    Math.round(times[Math.ceil(share * times.length) - 1] ?? Number.NaN);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

it("unannotated pods are still bound while the extender is frozen and 20 annotated pods are pending", {
  timeout: 150_000,
}, async () => {
  const waiting = Array.from({ length: 20 }, (_, index) => `waits-${index}`);
  for (const name of waiting) await createPod(stack, name, { hours: 100, gpu: false, gated: true });
  const usual = await timesToBind("before");

  process.kill(replicaOf(stack).pid(), "SIGSTOP");
  let frozen: readonly number[];
  try {
    for (const name of waiting) await openGate(stack, name);
    frozen = await timesToBind("during");
    for (const name of waiting) {
      const pod = await readPod(stack, name);
      // Tried, and never told where it may go.
      expect([pod.spec.nodeName, notScheduled(pod)]).toEqual([undefined, "SchedulerError"]);
    }
  } finally {
    process.kill(replicaOf(stack).pid(), "SIGCONT");
  }
  const nodes = await Promise.all(waiting.map(async (name) => untilBound(stack, name, 15_000)));
  for (const node of nodes) expect(["cpu-b", "cpu-c"]).toContain(node);
  // oxlint-disable-next-line eslint/no-console -- the figure is to be seen
  console.log(
    `unannotated pods, create to bound: usually ${inWords(usual)}; beside the frozen extender ${inWords(frozen)}`,
  );
});
