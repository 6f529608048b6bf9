import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { loadKubeConfig } from "../../../src/kube/kubeconfig.ts";

const dir = mkdtempSync(path.join(tmpdir(), "kubeconfig-"));

function kubeconfig(cluster: object, user: object = {}): string {
  const file = path.join(dir, "config");
  const config = {
    clusters: [{ name: "c", cluster: { server: "https://api.example.com:6443", ...cluster } }],
    users: [{ name: "u", user }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u", namespace: "ml" } }],
    "current-context": "x",
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("a kubeconfig", () => {
  it.each([
    [
      "no TLS",
      { server: "http://api.example.com" },
      "the API server is http://api.example.com; wanted an https:// address",
    ],
    [
      "TLS that is not verified",
      { "insecure-skip-tls-verify": true },
      "insecure-skip-tls-verify is set",
    ],
    ["a proxy", { "proxy-url": "http://proxy.example.com" }, "proxy-url is not supported"],
  ])("with %s is refused, and the file is named", (_what, cluster, message) => {
    const file = kubeconfig(cluster);
    expect(() => loadKubeConfig(file)).toThrow(`${file}: ${message}`);
  });

  it("gives the token of a file beside it, as it is at the moment and without its line end", async () => {
    const config = loadKubeConfig(kubeconfig({}, { tokenFile: "token" }));
    for (const token of ["first", "second"]) {
      writeFileSync(path.join(dir, "token"), `${token}\n`);
      const options = { headers: {} };
      await config.applyToHTTPSOptions(options);
      expect(options.headers).toEqual({ Authorization: `Bearer ${token}` });
    }
  });

  it("says which token file is empty", async () => {
    writeFileSync(path.join(dir, "token"), "\n");
    const config = loadKubeConfig(kubeconfig({}, { tokenFile: "token" }));
    const message = `${path.join(dir, "token")}: wanted a token, found none`;
    await expect(config.applyToHTTPSOptions({})).rejects.toThrow(message);
  });
});

describe("without a kubeconfig", () => {
  it("a process outside a cluster is told what to set", () => {
    vi.stubEnv("KUBERNETES_SERVICE_HOST", undefined);
    expect(() => loadKubeConfig()).toThrow("Set KUBECONFIG to a kubeconfig file");
  });

  it("a pod's ServiceAccount is used", () => {
    vi.stubEnv("KUBERNETES_SERVICE_HOST", "10.0.0.1");
    vi.stubEnv("KUBERNETES_SERVICE_PORT", "443");
    const config = loadKubeConfig();
    expect(config.getCurrentCluster()).toMatchObject({
      server: "https://10.0.0.1:443",
      caFile: "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
    });
    expect(config.getCurrentUser()?.authProvider.config).toEqual({
      path: "/var/run/secrets/kubernetes.io/serviceaccount/token",
    });
  });
});
