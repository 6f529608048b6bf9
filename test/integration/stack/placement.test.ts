import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { untilAdvice } from "../../../hack/stack/demo/advice.ts";
import { tellStory } from "../../../hack/stack/demo/story.ts";
import { readEnvFile, stackEnvironment, writeEnvFile } from "../../../hack/stack/env-file.ts";
import type { ExtenderAccess } from "../../../hack/stack/placement/parts.ts";
import { type PlacingStack, startStack } from "../../../hack/stack/stack.ts";
import { processesOf } from "./commands.ts";

let stack: PlacingStack;

beforeAll(async () => {
  stack = await startStack({ placement: "scheduler", replicas: 2 });
}, 900_000);
afterAll(async () => {
  await stack.stop();
  if (processesOf(stack.home.dir).length > 0) {
    throw new Error(`still running: ${processesOf(stack.home.dir).join("; ")}`);
  }
});

async function get(...args: readonly string[]): Promise<string> {
  return stack.controlPlane.kubectl(["get", ...args]);
}

async function create(manifest: object): Promise<void> {
  await stack.controlPlane.kubectl(["create", "-f", "-"], { input: JSON.stringify(manifest) });
}

function aPod(name: string, spec: object = {}): object {
  const containers = [{ name: "c", image: "example.com/c" }];
  return { apiVersion: "v1", kind: "Pod", metadata: { name }, spec: { containers, ...spec } };
}

async function phaseOf(pod: string): Promise<string> {
  return get(`pod/${pod}`, "--ignore-not-found", "-o=jsonpath={.status.phase} {.spec.nodeName}");
}

async function phaseOfShort(): Promise<string> {
  return get("pods", "-l=app=short", "-o=jsonpath={.items[*].status.phase}");
}

describe("the nodes' kubelets", () => {
  it("run an ordinary pod where the default scheduler puts it", async () => {
    await create(aPod("ordinary"));
    await expect.poll(async () => phaseOf("ordinary")).toMatch(/^Running [\w-]+$/);
    expect(await get("events", "-o=jsonpath={.items[*].reportingComponent}")).toContain(
      "default-scheduler",
    );
  });

  it("complete a Job, and show its pod running before", async () => {
    await create({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "short" },
      spec: {
        template: {
          metadata: { labels: { app: "short" } },
          spec: { restartPolicy: "Never", containers: [{ name: "c", image: "example.com/c" }] },
        },
      },
    });
    await expect.poll(phaseOfShort).toBe("Running");
    await expect.poll(phaseOfShort, { timeout: 15_000 }).toBe("Succeeded");
  });

  it("let a deleted pod go", async () => {
    await create(aPod("deleted"));
    await expect.poll(async () => phaseOf("deleted")).toContain("Running");
    await stack.controlPlane.kubectl(["delete", "pod/deleted", "--wait=false"]);
    await expect.poll(async () => phaseOf("deleted")).toBe("");
  });

  it("leave what nodes say of themselves as it was made", async () => {
    const template =
      '{range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status} {.status.allocatable.nvidia\\.com/gpu} {.spec.taints[*].key}{"\\n"}{end}';
    const nodes = (await get("nodes", `-o=jsonpath=${template}`)).split("\n");
    expect(nodes).toContain("worker-3 False 1 node.kubernetes.io/not-ready");
    expect(nodes).toContain("worker-7 True 1 ");
    expect(nodes).toContain("worker-10 True  ");
  });
});

describe("the own scheduler", () => {
  it("acts as its ServiceAccount, with a lease of its own beside that of the cluster's scheduler", async () => {
    const holder = "-o=jsonpath={.spec.holderIdentity}";
    const [own, clusters] = await Promise.all([
      get("lease/gpuinfo-scheduler", "-n=gpuinfo-system", holder),
      get("lease/kube-scheduler", "-n=kube-system", holder),
    ]);
    expect(own).not.toBe("");
    expect(clusters).not.toBe("");
    expect(own).not.toBe(clusters);
    const kubeconfig = path.join(stack.home.dir, "pod/gpuinfo-scheduler-local-0/kubeconfig");
    const whoami = ["auth", "whoami", "-o=jsonpath={.status.userInfo.username}"];
    expect(await stack.controlPlane.kubectl(whoami, { kubeconfig })).toBe(
      "system:serviceaccount:gpuinfo-system:gpuinfo-scheduler",
    );
  });

  it("places pods that name it, and counts them on its metrics page", async () => {
    await create(aPod("named", { schedulerName: "gpuinfo-scheduler" }));
    await expect.poll(async () => phaseOf("named")).toContain("Running");
    expect(await stack.schedulers.own?.metrics()).toMatch(
      /scheduler_schedule_attempts_total\{profile="gpuinfo-scheduler",result="scheduled"\} [1-9]/,
    );
  });

  it("comes back after it was ended", async () => {
    const before = stack.schedulers.own?.pid();
    await stack.schedulers.own?.stop();
    await stack.schedulers.own?.start();
    expect(stack.schedulers.own?.pid()).not.toBe(before);
    await create(aPod("after", { schedulerName: "gpuinfo-scheduler" }));
    await expect.poll(async () => phaseOf("after")).toContain("Running");
  });
});

function extender(): ExtenderAccess {
  const { extender: access } = stack;
  if (access === undefined) {
    throw new Error("the stack has no extender");
  }
  return access;
}

async function prioritize(
  url: string,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const { caFile, certFile, keyFile, serverName } = extender();
  const [ca, cert, key] = [caFile, certFile, keyFile].map((file) => readFileSync(file, "utf8"));
  const agent = new Agent({
    connect: {
      ...(ca && { ca }),
      ...(cert && { cert }),
      ...(key && { key }),
      servername: serverName,
    },
  });
  try {
    const answer = await request(`${url}/prioritize`, {
      dispatcher: agent,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ Pod: aPod("asked"), Nodes: null, NodeNames: ["worker-7"] }),
    });
    return { status: answer.statusCode, body: await answer.body.json() };
  } finally {
    await agent.destroy();
  }
}

describe("the extender", () => {
  it("answers whoever has what the env file names, by its Service and by each replica", async () => {
    const urls = [extender().url, ...stack.replicas.map(({ extenderUrl }) => extenderUrl)];
    for (const url of urls) {
      expect(await prioritize(url)).toMatchObject({ status: 200, body: [{ Host: "worker-7" }] });
    }
    const file = path.join(stack.home.dir, "test-env");
    writeEnvFile(file, stackEnvironment(stack));
    expect(readEnvFile(file)).toMatchObject({
      EXTENDER_URL: extender().url,
      EXTENDER_CA: extender().caFile,
      EXTENDER_CERT: extender().certFile,
      EXTENDER_KEY: extender().keyFile,
      EXTENDER_SERVERNAME: "gpuinfo-extender.gpuinfo-system.svc",
      WEBHOOK_URL: stack.webhookUrl,
    });
  });

  it("is reached by its Service while any replica is ready, and refuses when none is", async () => {
    const [first, second] = stack.replicas;
    await first?.stop();
    await expect.poll(async () => (await prioritize(extender().url)).status).toBe(200);
    await second?.stop();
    await expect(prioritize(extender().url)).rejects.toThrow(/ECONNRESET|socket|disconnected/);
    await Promise.all([first?.start(), second?.start()]);
    await Promise.all([first?.untilReady(), second?.untilReady()]);
    const status = async () => (await prioritize(extender().url).catch(() => undefined))?.status;
    await expect.poll(status, { timeout: 10_000 }).toBe(200);
  });
});

function clientSerial(): string {
  return new X509Certificate(readFileSync(extender().certFile)).serialNumber;
}

describe("a certificate that cert-manager issues anew", () => {
  it("is in the scheduler's files within 2 s of being in the Secret", async () => {
    const before = clientSerial();
    const secret = "/api/v1/namespaces/gpuinfo-system/secrets/gpuinfo-scheduler-client";
    const { api } = stack.controlPlane;
    await api.call("DELETE", secret);
    const issued = async () =>
      (await api.call<{ data?: Record<string, string> }>("GET", secret).catch(() => undefined))
        ?.data?.["tls.crt"];
    await expect.poll(issued, { timeout: 20_000, interval: 50 }).toBeTruthy();
    await sleep(2_000);
    expect(clientSerial()).not.toBe(before);
    await expect.poll(async () => (await prioritize(extender().url)).status).toBe(200);
  });
});

describe("cert-manager", () => {
  it("has issued what is shipped, and comes back after it was ended", async () => {
    const ready =
      '-o=jsonpath={range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status} {end}';
    expect(await get("certificates", "-n=gpuinfo-system", ready)).toBe(
      "gpuinfo-ca=True gpuinfo-scheduler-client=True gpuinfo-serving=True ",
    );
    const before = stack.certManager.pid();
    await stack.certManager.stop();
    await stack.certManager.start();
    expect(stack.certManager.pid()).not.toBe(before);
  });
});

describe("the demo's story", () => {
  it("comes true: advice, a maintenance, a vMotion, Jobs placed, refused and waiting, GPUs, windows, a promise", async () => {
    const said: string[] = [];
    await stack.controlPlane.kubectl(["delete", "pods", "--all", "--wait=true"]);
    await tellStory(stack, (line) => said.push(line));
    const story = said.join("\n");
    expect(story).toMatch(
      /gpu1 +worker-4 on esxi-dell-j\.example\.com -> worker-7 on esxi-dell-h\.example\.com/,
    );
    expect(story).toMatch(/gpu3 +worker-4 on .* -> worker-7 on /);
    expect(story).toMatch(
      /gpu2 +still worker-7, now on esxi-dell-l\.example\.com \(was esxi-dell-h/,
    );
    expect(story).toContain("DESIRED ACCESS TIME (HRS)");
    expect(story).toContain("gpu1 names worker-9, and there the pod is");
    expect(story).toMatch(/denied request: .*des-acc-time: found "100 hours"; accepted are/);
    expect(story).toMatch(/NoNodeSuits +Pod\/long-job-\w+ +0 of 15 nodes suit: /);
    expect(story).toMatch(/long-job has worker-[79], within \d+\.\d s/);
    expect(story).toMatch(/worker-12 +amd-instinct-mi210 +64 +1 +esxi-amd-m/);
    expect(story).toMatch(/worker-13 +intel-data-center-gpu-flex-170 +16 +1 /);
    expect(story).toMatch(/intel +worker-13 +200 +customAttribute +declared +.* of cluster mixed/);
    expect(story).toMatch(/nvidia-l4 +worker-14 +40 +maintenanceWindow +declared +/);
    expect(story).toMatch(/firmware-2026-12 .* Accepted/);
    expect(story).toMatch(/PlacementAtRisk .*\("emergency patch", scheduled task\) begins at /);
    expect(story).toMatch(/"reason":"Safe","status":"False","type":".*PlacementAtRisk"/);
  });

  it("is not told where it does not come true", async () => {
    const wanted = untilAdvice(
      stack.controlPlane.api,
      "the impossible",
      (all) => all.every(({ host }) => host === "x"),
      500,
    );
    await expect(wanted).rejects.toThrow(
      /^waited 0\.5 s in vain for the impossible\. Found:\n +amd +worker-/,
    );
  });
});
