import { mkdir } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type ControlPlane, startControlPlane } from "../../../hack/stack/control-plane.ts";
import { startScheduler } from "../../../hack/stack/placement/scheduler.ts";
import { localConfig } from "../../../hack/stack/placement/scheduler-config.ts";
import { ensureTool } from "../../../hack/stack/tools.ts";
import { labelKeys } from "../../../src/api/names.ts";
import { KubeClient } from "../../../src/kube/client.ts";
import { patchNodeMarks } from "../../../src/kube/node-marks.ts";
import { Nudger } from "../../../src/reconciler/nudger.ts";
import { aFitting, aNode } from "../../support/builders.ts";
import {
  createPod,
  readPod,
  removePods,
  until,
  untilBound,
  untilUnschedulable,
} from "../../support/pods.ts";
import { quiet } from "../kube/support.ts";

const config = `
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
leaderElection: { leaderElect: true }
extenders:
- { urlPrefix: http://127.0.0.1, filterVerb: filter, nodeCacheCapable: true, httpTimeout: 2s }
`;

let controlPlane: ControlPlane;
let client: KubeClient;
let extender: Server;
let refuses = true;
let calls = 0;

beforeAll(async () => {
  const kubeScheduler = await ensureTool("kube-scheduler");
  controlPlane = await startControlPlane();
  client = new KubeClient({ kubeconfig: controlPlane.kubeconfig });
  await createReadyNode("worker-1");
  await until(
    async () => controlPlane.api.isOk("/api/v1/namespaces/default/serviceaccounts/default"),
    (exists) => exists,
    "the ServiceAccount default exists",
  );
  const { home } = controlPlane;
  const kubeconfig = await controlPlane.kubeconfigFor({ commonName: "system:kube-scheduler" });
  await mkdir(path.join(home.dir, "placement"), { recursive: true });
  await startScheduler(home, controlPlane, {
    name: "kube-scheduler",
    command: kubeScheduler,
    args: [],
    kubeconfig,
    config: localConfig(config, { kubeconfig, extenderUrl: await startExtender(), root: "" }),
    lease: "kube-system/kube-scheduler",
  });
});

afterAll(async () => {
  extender?.close();
  await client?.close();
  await controlPlane?.stop();
});

beforeEach(() => {
  refuses = true;
  onTestFinished(async () => removePods({ controlPlane }));
});

/** Refuses every node, or none. */
async function startExtender(): Promise<string> {
  extender = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      calls += 1;
      const asked: { readonly NodeNames: readonly string[] } = JSON.parse(
        Buffer.concat(chunks).toString(),
      );
      const refused = Object.fromEntries(asked.NodeNames.map((name) => [name, "not now"]));
      const answer = refuses
        ? { NodeNames: [], FailedAndUnresolvableNodes: refused }
        : { NodeNames: asked.NodeNames };
      response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => extender.listen(0, "127.0.0.1", resolve));
  const address = extender.address();
  if (address === null || typeof address === "string") throw new Error("wanted a TCP port");
  return `http://127.0.0.1:${address.port}`;
}

async function createReadyNode(name: string): Promise<void> {
  const resources = { cpu: "4", memory: "8Gi", pods: "110" };
  await controlPlane.api.call("POST", "/api/v1/nodes", {
    metadata: { name },
    status: {
      capacity: resources,
      allocatable: resources,
      conditions: [{ type: "Ready", status: "True" }],
    },
  });
  // The API server taints new nodes as not ready, and nobody takes that off here.
  await controlPlane.api.call("PATCH", `/api/v1/nodes/${name}`, { spec: { taints: null } });
}

async function openUntil(hour: number): Promise<void> {
  const labels = { [labelKeys.availableUntil]: String(hour) };
  await patchNodeMarks(client, "worker-1", { labels });
}

describe("a real kube-scheduler", () => {
  it("tries a pod again that the extender refused as soon as the nudger touches a node", async () => {
    await createPod({ controlPlane }, "train");
    await untilUnschedulable({ controlPlane }, "train");
    refuses = false;
    calls = 0;
    await sleep(3_000);
    expect((await readPod({ controlPlane }, "train")).spec.nodeName).toBeUndefined();
    expect(calls).toBe(0);

    const nudger = new Nudger({
      write: async (node, patch) => patchNodeMarks(client, node, patch),
      isLeading: () => true,
      now: () => new Date(),
      log: quiet,
    });
    onTestFinished(() => nudger.stop());
    const requirement = { gpu: false, hours: 1 };
    const fitting = [aFitting({ node: aNode({ name: "worker-1" }) }, { hoursAvailable: 9 })];
    nudger.look([{ requirement, fitting }]);
    expect(await untilBound({ controlPlane }, "train")).toBe("worker-1");
  });

  it("tries a pod again that node affinity kept off a node as soon as the label opens it", async () => {
    refuses = false;
    await openUntil(0);
    const matchExpressions = [
      { key: labelKeys.availableUntil, operator: "Gt", values: ["500000"] },
    ];
    await controlPlane.api.call("POST", "/api/v1/namespaces/default/pods", {
      metadata: { name: "waiting" },
      spec: {
        containers: [{ name: "main", image: "registry.example.com/job" }],
        terminationGracePeriodSeconds: 0,
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions }],
            },
          },
        },
      },
    });
    await untilUnschedulable({ controlPlane }, "waiting");
    await openUntil(500_001);
    expect(await untilBound({ controlPlane }, "waiting")).toBe("worker-1");
  });
});
