import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { machineUuid, readFleet } from "../../../hack/stack/fleet.ts";
import { syncPod } from "../../../hack/stack/pod/kubelet.ts";
import {
  accountMountPath,
  type PodFilesSpec,
  placeOf,
  type Token,
} from "../../../hack/stack/pod/pod-files.ts";
import { defaultFleet, type Stack, startStack } from "../../../hack/stack/stack.ts";
import { processesOf } from "./commands.ts";

const secretPath = "/api/v1/namespaces/gpuinfo-system/secrets/vc-creds";
let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ replicas: 2 });
}, 900_000);
afterAll(async () => stack.stop());

describe("gpuinfo in the local stack", () => {
  it("acts as its ServiceAccount, with no more rights than the shipped manifests give", async () => {
    const [replica] = stack.replicas;
    const { kubectl } = stack.controlPlane;
    const kubeconfig = replica?.kubeconfig ?? "";
    const whoami = await kubectl(["auth", "whoami", "-o=jsonpath={.status.userInfo.username}"], {
      kubeconfig,
    });
    expect(whoami).toBe("system:serviceaccount:gpuinfo-system:gpuinfo");
    await expect(kubectl(["get", "secrets", "-A"], { kubeconfig })).rejects.toThrow("Forbidden");
  });

  it("is there as often as asked for, each with addresses of its own", async () => {
    expect(stack.replicas.map(({ name }) => name)).toEqual(["gpuinfo-local-0", "gpuinfo-local-1"]);
    for (const { healthUrl, metricsUrl } of stack.replicas) {
      expect((await fetch(`${healthUrl}/readyz`)).status).toBe(200);
      expect(await (await fetch(metricsUrl)).text()).toContain("process_cpu_seconds_total");
    }
  });

  it("comes back at the same addresses", async () => {
    const [replica] = stack.replicas;
    const before = replica?.pid();
    await replica?.stop();
    await expect(fetch(`${replica?.healthUrl}/livez`)).rejects.toThrow("fetch failed");
    await replica?.start();
    await replica?.untilReady();
    expect(replica?.pid()).not.toBe(before);
  });
});

function mounted(file: string): string {
  const root = path.join(stack.home.dir, "pod", "gpuinfo-local-0");
  return readFileSync(path.join(placeOf(root, "/etc/gpuinfo/vcenter"), file), "utf8");
}

function aPod(): PodFilesSpec {
  const { caPem, home } = stack.controlPlane;
  const root = path.join(home.dir, "pod", "renewal");
  return {
    namespace: "gpuinfo-system",
    serviceAccount: "gpuinfo",
    tokenSeconds: 600,
    caPem,
    root,
    mounts: [],
  };
}

function tokenOf({ root }: PodFilesSpec): string {
  return readFileSync(path.join(placeOf(root, accountMountPath), "token"), "utf8");
}

describe("the pod's files", () => {
  it("hold the simulator's coordinates", () => {
    expect(mounted("GOVMOMI_URL")).toBe(stack.simulator.url);
    expect(mounted("GOVMOMI_PASSWORD")).toBe(stack.simulator.password);
    expect(mounted("ca.crt")).toBe(stack.simulator.caPem);
  });

  it("follow the Secret", async () => {
    await stack.controlPlane.api.call("PATCH", secretPath, { stringData: { EXTRA: "x" } });
    await expect.poll(() => mounted("EXTRA"), { timeout: 10_000 }).toBe("x");
  });

  it("get a new token when the old one is about to end, and keep it until then", async () => {
    const pod = aPod();
    const tokens = new Map<PodFilesSpec, Token>();
    const { api } = stack.controlPlane;
    await syncPod(api, pod, tokens);
    const [first, held] = [tokenOf(pod), tokens.get(pod)];
    await syncPod(api, pod, tokens);
    expect(tokenOf(pod)).toBe(first);
    tokens.set(pod, { text: first, renewAt: Date.now() });
    await syncPod(api, pod, tokens);
    expect(tokenOf(pod)).not.toBe(first);
    // 600 s, less a fifth, and the second or two that this test has taken.
    expect((held?.renewAt ?? 0) - Date.now()).toBeGreaterThan(400_000);
    expect((held?.renewAt ?? 0) - Date.now()).toBeLessThanOrEqual(480_000);
  });
});

describe("the nodes", () => {
  it("are those of the fleet, and no other", async () => {
    const expected = readFleet(defaultFleet).filter(
      ({ kubernetesNode }) => kubernetesNode !== undefined,
    );
    expect(stack.nodes.toSorted()).toEqual(expected.map(({ name }) => name).toSorted());
  });

  it("are tainted as not ready exactly where they are not", async () => {
    const { kubectl } = stack.controlPlane;
    const template = '{range .items[*]}{.metadata.name}={.spec.taints[*].key}{"\\n"}{end}';
    const taints = await kubectl(["get", "nodes", `-o=jsonpath=${template}`]);
    expect(taints.split("\n").filter((line) => line.includes("not-ready"))).toEqual([
      "worker-3=node.kubernetes.io/not-ready",
    ]);
    expect(taints).toContain("control-plane-1=node-role.kubernetes.io/control-plane\n");
    expect(taints).toContain("worker-7=\n");
  });

  it("carry the uuids that the simulator gives its machines", async () => {
    const answer = await fetch(`${stack.simulator.controlUrl}/truth`);
    const truth = await answer.text();
    for (const machine of readFleet(defaultFleet)) {
      expect(truth).toContain(machineUuid(machine));
    }
  });
});

describe("a stopped stack", () => {
  it("has no process left, and neither data nor secrets, but its logs", async () => {
    const { dir, logs } = stack.home;
    expect(processesOf(dir)).not.toEqual([]);
    await stack.stop();
    expect(processesOf(dir)).toEqual([]);
    expect(readdirSync(dir).toSorted()).toEqual(["logs", "owner.json"]);
    expect(readdirSync(logs)).toContain("kube-apiserver.log");
  });
});
