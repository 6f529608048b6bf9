/** Tells of a running Job whose hours come to be at risk, and are safe again. */
import { labelKeys } from "../../../src/api/names.ts";
import { placementAtRisk } from "../../../src/api/placement-at-risk.ts";
import type { ApiClient } from "../cluster/api-client.ts";
import type { PlacingStack } from "../stack.ts";
import type { Say } from "../tools/progress.ts";
import { command } from "./command.ts";
import { untilBound } from "./pods.ts";
import { seconds, until } from "./until.ts";

const job = "gpu-job";
const task = "emergency patch";
/** Before the 100 hours of the Job are over. */
const tooSoon = "in 30h";
/** After them. */
const lateEnough = "in 200h";

interface Node {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
}

interface Pod {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

export async function tellOfPromise(
  { controlPlane, simulator }: PlacingStack,
  say: Say,
): Promise<void> {
  const { pod } = await untilBound(controlPlane.api, job);
  const host = await hostUnder(controlPlane.api, pod.nodeName ?? "");
  say(`\n9. ${job} was promised 100 h. Now somebody schedules a patch of ${host} ${tooSoon}.\n`);
  const schedule = async (at: string) =>
    simulator.control("/scheduled-tasks", {
      host,
      name: task,
      action: "EnterMaintenanceMode_Task",
      at,
    });
  await schedule(tooSoon);
  say(`   At risk within ${seconds(await untilRisk(controlPlane.api, pod.name, "True"))}:\n`);
  await command(controlPlane, ["events", "--for", `pod/${pod.name}`, "--types=Warning"], say);
  await schedule(lateEnough);
  const safeAfterMs = await untilRisk(controlPlane.api, pod.name, "False");
  say(
    `\n   The patch is put off, and within ${seconds(safeAfterMs)} all is well. Nothing was evicted.\n`,
  );
  await command(controlPlane, ["get", "pod", pod.name, "-o", `jsonpath=${condition}`], say);
}

const condition = `{.status.conditions[?(@.type=="${placementAtRisk}")]}`;

async function hostUnder(api: ApiClient, node: string): Promise<string> {
  const { metadata } = await api.call<Node>("GET", `/api/v1/nodes/${node}`);
  return metadata.labels[labelKeys.esxiHost] ?? "";
}

async function untilRisk(api: ApiClient, pod: string, wanted: "True" | "False"): Promise<number> {
  const { elapsedMs } = await until(`${placementAtRisk} of ${pod} to be ${wanted}`, async () => {
    const { status } = await api.call<Pod>("GET", `/api/v1/namespaces/default/pods/${pod}`);
    return (
      status.conditions?.some((each) => each.type === placementAtRisk && each.status === wanted) ||
      undefined
    );
  });
  return elapsedMs;
}
