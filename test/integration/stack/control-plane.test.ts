import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ControlPlane, startControlPlane } from "../../../hack/stack/control-plane.ts";
import { homeAt } from "../../../hack/stack/process/home.ts";
import { identityOf, isAlive, ownIdentity } from "../../../hack/stack/process/identity.ts";
import { findMarked, markerFor } from "../../../hack/stack/process/marker.ts";
import { scratchDir, sweepScratch } from "../../../hack/stack/scratch.ts";
import { processesOf } from "./commands.ts";

describe("a control plane", () => {
  let cluster: ControlPlane;
  beforeAll(async () => {
    cluster = await startControlPlane();
  }, 900_000);
  afterAll(async () => {
    await cluster.stop();
    if (processesOf(cluster.home.dir).length > 0) {
      throw new Error(`still running: ${processesOf(cluster.home.dir).join("; ")}`);
    }
  });

  it("gives a pod its service account and that account's token, as a real one does", async () => {
    const manifest = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p" },
      spec: { containers: [{ name: "c", image: "example.com/c" }] },
    };
    await cluster.kubectl(["create", "-f", "-"], { input: JSON.stringify(manifest) });
    const account = await cluster.kubectl([
      "get",
      "pod/p",
      "-o=jsonpath={.spec.serviceAccountName} {.spec.volumes[*].projected.sources[0]}",
    ]);
    expect(account).toMatch(/^default .*serviceAccountToken/);
  });

  it("lets another user do nothing that was not granted", async () => {
    const kubeconfig = await cluster.kubeconfigFor({
      commonName: "jane",
      organizations: ["readers"],
    });
    await expect(cluster.kubectl(["get", "nodes"], { kubeconfig })).rejects.toThrow(
      'User "jane" cannot list resource "nodes"',
    );
    await cluster.kubectl([
      "create",
      "clusterrolebinding",
      "readers",
      "--clusterrole=view",
      "--group=readers",
    ]);
    await expect
      .poll(async () => cluster.kubectl(["get", "pods", "-A"], { kubeconfig }))
      .toContain("default");
  });

  it.each(["SIGTERM", "SIGKILL"] as const)(
    "keeps its data and its address when the API server gets %s",
    async (signal) => {
      const name = `before-${signal.toLowerCase()}`;
      await cluster.kubectl(["create", "configmap", name]);
      await cluster.stopApiServer(signal);
      await expect(cluster.api.call("GET", "/version")).rejects.toThrow(
        /ECONN(REFUSED|RESET)|socket disconnected/,
      );
      await cluster.startApiServer();
      expect(await cluster.kubectl(["get", "configmap", name, "-o=name"])).toBe(
        `configmap/${name}\n`,
      );
    },
  );
});

describe("a scratch folder", () => {
  it("is left alone while its owner lives", async () => {
    const dir = await scratchDir("mine");
    const child = spawn("sleep", ["60"], { env: { PATH: process.env["PATH"], ...markerFor(dir) } });
    await sweepScratch();
    expect(findMarked(dir).map(({ pid }) => pid)).toEqual([child.pid]);
    child.kill("SIGKILL");
  });

  it("is swept with all that runs for it once its owner has died", async () => {
    const dir = path.join(await scratchDir("dead"), "..", `dead-${process.pid}`);
    mkdirSync(dir);
    writeFileSync(
      path.join(dir, "owner.json"),
      JSON.stringify({ ...ownIdentity(), startedAt: "x" }),
    );
    const child = spawn("sleep", ["60"], {
      env: { PATH: process.env["PATH"], ...markerFor(homeAt(dir).dir) },
    });
    const identity = identityOf(child.pid ?? 0);
    expect(identity).toBeDefined();
    await sweepScratch();
    expect(identity && isAlive(identity)).toBe(false);
  });
});
