/** Tells of GPUs of every kind, and of every source that maintenance is known from. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { GpuInfo } from "../../../src/api/gpuinfo.ts";
import { apiVersion, group, plural } from "../../../src/api/group.ts";
import type { ApiClient } from "../cluster/api-client.ts";
import type { PlacingStack } from "../stack.ts";
import { repositoryRoot } from "../tools/families.ts";
import type { Say } from "../tools/progress.ts";
import { applyEdited, command } from "./command.ts";
import { seconds, until } from "./until.ts";

const questions = "hack/stack/demo/one-per-model.yaml";
const declaration = "samples/maintenance/once.yaml";
/** What the fleet implies for each of the questions: where its maintenance is known from, or why there is no node. */
const sources: Readonly<Record<string, string>> = {
  amd: "customAttribute",
  intel: "customAttribute",
  "nvidia-l4": "scheduledTask",
  "nvidia-l40s": "scheduledTask",
};

/** Of a node for each way to hold a GPU, and of one whose host goes down now. */
const labels: Readonly<Record<string, readonly [name: string, value: string]>> = {
  "worker-12": ["gpu-model", "amd-instinct-mi210"],
  "worker-13": ["gpu-model", "intel-data-center-gpu-flex-170"],
  "worker-14": ["gpu-model", "nvidia-l4"],
  "worker-15": ["available-until", "0"],
};

export async function tellOfWindows(stack: PlacingStack, say: Say): Promise<void> {
  await showKinds(stack, say);
  await showSources(stack, say);
  await declareWindow(stack, say);
}

async function showKinds({ controlPlane }: PlacingStack, say: Say): Promise<void> {
  say(
    "\n7. vCenter knows the GPU under each node: vGPU or passthrough, of NVIDIA, AMD or Intel.\n",
  );
  const columns = [
    ["NODE", ".metadata.name"],
    ["MODEL", label("gpu-model")],
    ["GIB", label("gpu-memory-gib")],
    ["COUNT", label("gpu-count")],
    ["HOST", label("esxi-host")],
    ["UNTIL", label("available-until")],
  ];
  await command(
    controlPlane,
    ["get", "nodes", "-l", `${group}/gpu=true`, "-o", customColumns(columns)],
    say,
  );
  await untilLabels(controlPlane.api);
  say("\n   worker-14 has a vGPU, worker-12 dynamic DirectPath and worker-13 fixed DirectPath.");
  say("   UNTIL counts hours since 1970; 0 is where nothing may start now, such as on worker-15:");
  say("   a task that remediates its host is running.");
}

interface Nodes {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  }[];
}

/** Throws where the labels are not what the fleet implies. */
async function untilLabels(api: ApiClient): Promise<void> {
  await until(`the labels of nodes to be ${JSON.stringify(labels)}`, async () => {
    const { items } = await api.call<Nodes>("GET", "/api/v1/nodes");
    const found = new Map(items.map(({ metadata }) => [metadata.name, metadata.labels]));
    const isRight = Object.entries(labels).every(([node, [name, value]]) => {
      return found.get(node)?.[`${group}/${name}`] === value;
    });
    return isRight || undefined;
  });
}

async function showSources({ controlPlane }: PlacingStack, say: Say): Promise<void> {
  say("\n8. How long is each to be had, and who says so?\n");
  await command(controlPlane, ["apply", "-f", questions], say);
  await untilSources(controlPlane.api, sources);
  say("");
  await showWindows(controlPlane, say);
  say(
    "\n   The attribute of worker-12 stands on its host, that of worker-13 on the cluster around it.",
  );
}

async function declareWindow({ controlPlane }: PlacingStack, say: Say): Promise<void> {
  say("\n   Who may not write to vCenter declares maintenance in Kubernetes:\n");
  const text = readFileSync(path.join(repositoryRoot, declaration), "utf8");
  const start = new Date(Date.now() + 40.5 * 3_600_000).toISOString().replace(/\.\d+/, "");
  const words = {
    "esxi-a.example.com": "esxi-dell-o.example.com",
    "esxi-b.example.com": "esxi-dell-k.example.com",
    "2026-12-12T22:00:00+01:00": start,
  };
  await applyEdited(controlPlane, { file: declaration, text, words }, say);
  const elapsedMs = await untilSources(controlPlane.api, {
    ...sources,
    "nvidia-l4": "maintenanceWindow",
  });
  say(`\n   nvidia-l4 follows within ${seconds(elapsedMs)}:\n`);
  await showWindows(controlPlane, say);
  say("");
  await command(controlPlane, ["get", "maintenancewindows"], say);
}

async function showWindows(controlPlane: PlacingStack["controlPlane"], say: Say): Promise<void> {
  const columns = [
    ["GPUINFO", ".metadata.name"],
    ["NODE", ".status.suitableNodeName"],
    ["HOURS", ".status.availableAcceleratorTime"],
    ["SOURCE", ".status.nextMaintenance.source"],
    ["CONFIDENCE", ".status.nextMaintenance.confidence"],
    ["MAINTENANCE", ".status.nextMaintenance.description"],
  ];
  const names = Object.keys(sources);
  await command(controlPlane, ["get", "gpu", ...names, "-o", customColumns(columns)], say);
}

function label(name: string): string {
  return `.metadata.labels.${group.replaceAll(".", "\\.")}/${name}`;
}

function customColumns(columns: readonly (readonly string[])[]): string {
  return `custom-columns=${columns.map((column) => column.join(":")).join(",")}`;
}

/** How long it took until every answer had its maintenance from where it is expected. */
async function untilSources(
  api: ApiClient,
  expected: Readonly<Record<string, string>>,
): Promise<number> {
  const place = `/apis/${apiVersion}/namespaces/default/${plural}`;
  let seen = "";
  const { elapsedMs } = await until(
    () => `windows from ${JSON.stringify(expected)}; found ${seen}`,
    async () => {
      const { items } = await api.call<{ readonly items: readonly unknown[] }>("GET", place);
      const found = new Map(items.map((item) => nameAndSource(GpuInfo.parse(item))));
      seen = JSON.stringify(Object.fromEntries(found));
      return (
        Object.entries(expected).every(([name, source]) => found.get(name) === source) || undefined
      );
    },
  );
  return elapsedMs;
}

function nameAndSource({ metadata, status }: GpuInfo): readonly [string, string | undefined] {
  const { nextMaintenance, conditions = [] } = status;
  const reason = conditions.find(({ type }) => type === "Ready")?.reason;
  return [metadata.name, nextMaintenance?.source ?? reason];
}
