/**
 * Where fifty annotated pods go that are created at once, on ten equally idle GPU nodes: with what gpuinfo counts of
 * pods that no measurement shows yet, and without.
 *
 * The code is gpuinfo's own, in this process: selection, webhook and extender, with the two counters (pods admitted,
 * pods that wait or were bound a moment ago) or with ones that forget. kube-scheduler is played: one pod after the other
 * goes where the extender gives most points, or in `affinity` mode to the node that the webhook prefers. All fifty are
 * admitted before the first is seen or bound, vCenter measures nothing meanwhile, and every node has room for all.
 */

import { pino } from "pino";
import request from "supertest";
import { annotationKeys } from "../src/api/names.ts";
import { ExpectedLoad } from "../src/expected-load.ts";
import { extenderApp } from "../src/extender/app.ts";
import { readPod } from "../src/kube/pods.ts";
import type { SelectNodes } from "../src/selection/model.ts";
import { createSelector } from "../src/selection/select.ts";
import { Admissions } from "../src/webhook/admissions.ts";
import type { Mode } from "../src/webhook/mode.ts";
import { aRawPod, type RawPod, show } from "../test/support/admission.ts";
import {
  aGpu,
  aHostUntil,
  aMachine,
  aNode,
  anInventory,
  now,
  selectionSettings,
} from "../test/support/builders.ts";
import { type Row, report, type Section } from "./support/report.ts";

const nodeNames = Array.from({ length: 10 }, (_, i) => `worker-${i}`);
const podCount = 50;
const cpuRequest = "2";
/** What a fair share is. */
const goalOnFullest = podCount / nodeNames.length;

class ForgetfulAdmissions extends Admissions {
  override admitted(): void {}
}

class ForgetfulLoad extends ExpectedLoad {
  override podChanged(): void {}
}

interface Counters {
  readonly admissions: Admissions;
  readonly load: ExpectedLoad;
}

async function main(): Promise<void> {
  const sections: Section[] = [];
  for (const mode of ["scheduler", "affinity"] as const) sections.push(await compare(mode));
  if (!report("herding", sections)) process.exitCode = 1;
}

async function compare(mode: Mode): Promise<Section> {
  const counting = { admissions: new Admissions(), load: new ExpectedLoad() };
  const forgetful = { admissions: new ForgetfulAdmissions(), load: new ForgetfulLoad() };
  return {
    title: `${podCount} pods at once on ${nodeNames.length} equal nodes, \`${mode}\` mode`,
    rows: [
      row("as shipped", await place(mode, counting), goalOnFullest),
      row("nothing counted", await place(mode, forgetful)),
    ],
  };
}

/** How many pods each node gets. */
async function place(mode: Mode, counters: Counters): Promise<readonly number[]> {
  const selectNodes = selector(counters);
  const pods: RawPod[] = [];
  for (let index = 0; index < podCount; index++) {
    const { admissions } = counters;
    const pod = aRawPod(asked(index));
    pods.push((await show(pod, { mode, selectNodes, admissions, now: () => now })).after);
  }
  for (const pod of pods) see(pod, counters);
  const choose = mode === "affinity" ? preferred : choiceOf(selectNodes);
  const counts = new Map(nodeNames.map((name) => [name, 0]));
  for (const pod of pods) {
    const node = await choose(pod);
    bind(pod, node, counters);
    counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  return [...counts.values()];
}

function asked(index: number): {
  metadata: Record<string, unknown>;
  spec: Record<string, unknown>;
} {
  return {
    metadata: {
      name: `train-${index}`,
      uid: `uid-${index}`,
      namespace: "ml",
      creationTimestamp: now.toISOString(),
      annotations: { [annotationKeys.gpuRequired]: "true" },
    },
    spec: { containers: [{ name: "train", resources: { requests: { cpu: cpuRequest } } }] },
  };
}

function selector(counters: Counters): SelectNodes {
  const nodes = nodeNames.map((name) => aNode({ name }));
  const machines = nodeNames.map((name) => aMachine({ id: `vc/vm-${name}`, name, gpus: [aGpu] }));
  const inventory = anInventory([aHostUntil(400)], machines);
  const facts = () => ({
    nodes,
    inventory,
    expectedMilliCpu: expected(counters, now),
    now,
  });
  const settings = selectionSettings;
  return createSelector(facts, settings).selectNodes;
}

function expected({ admissions, load }: Counters, measuredAt: Date): ReadonlyMap<string, number> {
  const sum = new Map(load.current(measuredAt, now));
  for (const [node, milliCpu] of admissions.expectedMilliCpu(now)) {
    sum.set(node, (sum.get(node) ?? 0) + milliCpu);
  }
  return sum;
}

/** What kube-scheduler does in `scheduler` mode, where the extender's lead outweighs all other scores. */
function choiceOf(selectNodes: SelectNodes): (pod: RawPod) => Promise<string> {
  const app = extenderApp({
    selectNodes,
    getGpuInfoSpec: () => undefined,
    softMaxAgeMs: 60_000,
    now: () => now,
    log: pino({ level: "silent" }),
    observer: { called: () => undefined },
  });
  return async (pod) => {
    const filtered = await request(app)
      .post("/filter")
      .send({ Pod: pod, Nodes: null, NodeNames: nodeNames });
    const { NodeNames }: { NodeNames: readonly string[] } = filtered.body;
    const scored = await request(app)
      .post("/prioritize")
      .send({ Pod: pod, Nodes: null, NodeNames });
    const scores: readonly { readonly Host: string; readonly Score: number }[] = scored.body;
    return scores.find(({ Score }) => Score === 10)?.Host ?? "none";
  };
}

/** What it does in `affinity` mode, where nothing else tells equal nodes apart. */
async function preferred(pod: RawPod): Promise<string> {
  return readPod(pod).preferredNode ?? "none";
}

/** The watch of pods shows it for the first time. */
function see(pod: RawPod, { admissions, load }: Counters): void {
  const seen = readPod({ ...pod, status: { phase: "Pending" } });
  load.podChanged(seen);
  admissions.podSeen(seen);
}

function bind(pod: RawPod, nodeName: string, { load }: Counters): void {
  const condition = { type: "PodScheduled", status: "True", lastTransitionTime: now.toISOString() };
  const status = { phase: "Pending", conditions: [condition] };
  load.podChanged(readPod({ ...pod, spec: { ...pod.spec, nodeName }, status }));
}

function row(setting: string, counts: readonly number[], goal?: number): Row {
  return {
    what: `${setting}: ${counts.join(" ")}; on the fullest node`,
    value: Math.max(...counts),
    unit: "pods",
    ...(goal !== undefined && { goal }),
  };
}

await main();
