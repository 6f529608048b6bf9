/** `make deploy` and `make undeploy` as their scripts, on a real API server. */
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ControlPlane, startControlPlane } from "../../../hack/stack/control-plane.ts";
import { repositoryRoot } from "../../../hack/stack/tools/families.ts";
import { eventually, installCertManagerKinds } from "./support.ts";

const marks = { "topology.corinternal.com/gpu": "true", "example.com/rack": "r1" };
const overridden = { "topology.corinternal.com/vm": "/DC0/vm/n3" };

/** kubectl sends some forty objects one by one, often beside other tests. */
const timeout = 240_000;

let controlPlane: ControlPlane;

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

async function run(script: string, ...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [`hack/${script}.ts`, ...args], {
    cwd: repositoryRoot,
    env: {
      ...process.env,
      KUBECTL: controlPlane.kubectlPath,
      KUBECONFIG: controlPlane.kubeconfig,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, output: (await output).join("") };
}

async function names(...args: readonly string[]): Promise<string[]> {
  const output = await controlPlane.kubectl(["get", "--ignore-not-found", "-o", "name", ...args]);
  return output.split("\n").filter((line) => line !== "");
}

async function markNodes(): Promise<void> {
  const entries = Object.entries(marks).map(([key, value]) => `${key}=${value}`);
  await controlPlane.kubectl(["label", "--overwrite", "nodes", "n1", "n2", ...entries]);
  await controlPlane.kubectl(["annotate", "--overwrite", "nodes", "n1", "n2", ...entries]);
}

async function waitingPod(name: string, spec: object, labels = {}): Promise<void> {
  const containers = [{ name: "c", image: "registry.k8s.io/pause:3.10" }];
  await controlPlane.api.call("POST", "/api/v1/namespaces/default/pods", {
    metadata: { name, labels },
    spec: { containers, ...spec },
  });
}

beforeAll(async () => {
  controlPlane = await startControlPlane();
  for (const name of ["n1", "n2"]) {
    await controlPlane.api.call("POST", "/api/v1/nodes", { metadata: { name } });
  }
  await controlPlane.api.call("POST", "/api/v1/nodes", {
    metadata: { name: "n3", annotations: overridden },
  });
  await waitingPod("ours", { schedulerName: "gpuinfo-scheduler" });
  await waitingPod("labelled", {}, { "topology.corinternal.com/managed": "true" });
  await waitingPod("bound", { schedulerName: "gpuinfo-scheduler", nodeName: "n3" });
  await waitingPod("unrelated", {});
});

afterAll(async () => controlPlane?.stop());

describe("make deploy", { timeout }, () => {
  it("refuses a mode that there is not", async () => {
    const { code, output } = await run("deploy", "--mode", "magic");
    expect(code).toBe(1);
    expect(output).toContain('MODE is "magic"; accepted are scheduler, extender, affinity, advice');
  });

  it("says before it changes anything that cert-manager is missing", async () => {
    const { code, output } = await run("deploy");
    expect(code).toBe(1);
    expect(output).toContain("no cert-manager");
    expect(await names("namespace", "gpuinfo-system")).toEqual([]);
  });

  it("gives advice without cert-manager", async () => {
    const { code, output } = await run("deploy", "--mode", "advice");
    expect(output).toContain("deployment.apps/gpuinfo created");
    expect(code).toBe(0);
    expect(await names("mutatingwebhookconfigurations")).toEqual([]);
  });

  it("sets the image, and takes the scheduler's version from the cluster", async () => {
    await installCertManagerKinds(controlPlane);
    const { code } = await run("deploy", "--image", "example.com/gpuinfo:9");
    expect(code).toBe(0);
    const jsonpath = "jsonpath={.items[*].spec.template.spec.containers[*].image}";
    const args = ["get", "deployments", "--namespace=gpuinfo-system", "-o", jsonpath];
    const images = await controlPlane.kubectl(args);
    expect(images.split(" ")).toEqual([
      "example.com/gpuinfo:9",
      expect.stringMatching(/^registry\.k8s\.io\/kube-scheduler:v1\.36\.\d+$/),
    ]);
  });

  it.each(["controller", "scheduler"])(
    "makes pods of the %s that the namespace's Pod Security Standard lets in",
    async (component) => {
      const selector = `--selector=app.kubernetes.io/component=${component}`;
      const pods = await eventually(async () => {
        const found = await names("pods", "--namespace=gpuinfo-system", selector);
        return found.length >= 2 ? found : undefined;
      });
      // During a rollout there is one of the former template beside them.
      expect(pods.length).toBeLessThanOrEqual(3);
    },
  );

  it("takes away what only the former mode needs, and names the pods that wait for it", async () => {
    const { code, output } = await run("deploy", "--mode", "affinity");
    expect(code).toBe(0);
    expect(output).toContain('deployment.apps "gpuinfo-scheduler" deleted');
    expect(output).toContain("kubectl delete pod --namespace default ours");
    expect(await names("deployments", "--namespace=gpuinfo-system")).toEqual([
      "deployment.apps/gpuinfo",
    ]);
    expect(await names("rolebindings", "--namespace=kube-system")).not.toContainEqual(
      expect.stringContaining("gpuinfo"),
    );
    expect(await names("mutatingwebhookconfigurations")).toHaveLength(1);
  });
});

describe("make deploy MODE=advice after another mode", { timeout }, () => {
  let ended: Ended;

  beforeAll(async () => {
    await markNodes();
    ended = await run("deploy", "--mode", "advice");
  }, timeout);

  it("takes the webhook away before what answers it, and names the pods that wait", async () => {
    expect(ended.code).toBe(0);
    const webhook = ended.output.indexOf('admissionregistration.k8s.io "gpuinfo" deleted');
    const service = ended.output.indexOf('service "gpuinfo-webhook" deleted');
    expect(webhook).toBeGreaterThan(0);
    expect(webhook).toBeLessThan(service);
    expect(await names("mutatingwebhookconfigurations")).toEqual([]);
    expect(ended.output).toContain("kubectl delete pod --namespace default ours");
  });

  it("takes the labels off the nodes that nobody keeps right any more", async () => {
    expect(ended.output).toContain("Labels were taken off 2 nodes");
    const nodes = await controlPlane.kubectl(["get", "nodes", "n1", "n2", "-o", "json"]);
    expect(nodes).not.toContain('"topology.corinternal.com/');
    expect(nodes).toContain('"example.com/rack"');
  });
});

describe("make undeploy", { timeout }, () => {
  let first: Ended;

  beforeAll(async () => {
    await run("deploy");
    await markNodes();
    // Half of it is gone already.
    await controlPlane.kubectl([
      "delete",
      "clusterrolebinding/gpuinfo",
      "crd/issuers.cert-manager.io",
    ]);
    first = await run("undeploy");
  }, timeout);

  it("succeeds, with half of it gone already", () => {
    expect(first.output).not.toMatch(/error|failed/i);
    expect(first.code).toBe(0);
  });

  it("takes the webhook away before the scheduler, and both before the CRD", () => {
    const webhook = first.output.indexOf('"gpuinfo" deleted');
    const scheduler = first.output.indexOf('"gpuinfo-scheduler" deleted');
    const crd = first.output.indexOf('"gpuinfoes.topology.corinternal.com" deleted');
    expect(first.output.slice(0, webhook)).toContain("mutatingwebhookconfiguration");
    expect(webhook).toBeLessThan(scheduler);
    expect(scheduler).toBeLessThan(crd);
  });

  it("lists the pods that would wait for ever, and no others", () => {
    const listed = first.output.match(/kubectl delete pod .*/g);
    expect(listed).toEqual([
      "kubectl delete pod --namespace default labelled",
      "kubectl delete pod --namespace default ours",
    ]);
    expect(first.output).toContain("2 pods wait");
  });

  it("leaves the pods as they are", async () => {
    expect(await names("pods", "--namespace=default")).toHaveLength(4);
  });

  it("takes our labels and annotations off the nodes, and no others", async () => {
    expect(first.output).toContain("2 nodes had some");
    for (const name of ["n1", "n2"]) {
      const node = await controlPlane.kubectl(["get", "node", name, "-o", "json"]);
      expect(node).not.toContain('"topology.corinternal.com/');
      expect(JSON.parse(node)).toMatchObject({
        metadata: {
          labels: { "example.com/rack": "r1" },
          annotations: { "example.com/rack": "r1" },
        },
      });
    }
  });

  it("leaves it to people to say which virtual machine a node is", async () => {
    const node = await controlPlane.kubectl(["get", "node", "n3", "-o", "json"]);
    expect(JSON.parse(node)).toMatchObject({ metadata: { annotations: overridden } });
  });

  it("leaves nothing of ours anywhere", async () => {
    const rights = "clusterroles,clusterrolebindings";
    const admission =
      "mutatingwebhookconfigurations,validatingadmissionpolicies,validatingadmissionpolicybindings";
    const left = await names(`${rights},${admission},crds,namespaces`);
    const inKubeSystem = await names("rolebindings,roles", "--namespace=kube-system");
    expect([...left, ...inKubeSystem].filter((name) => name.includes("gpuinfo"))).toEqual([]);
  });

  it("may be run again", async () => {
    const { code, output } = await run("undeploy");
    expect(code).toBe(0);
    expect(output).toContain("0 nodes had some");
  });
});
