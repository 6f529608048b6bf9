/** The script that takes the client certificate to a control-plane host. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ControlPlane, startControlPlane } from "../../../hack/stack/control-plane.ts";

const script = path.resolve("deploy/modes/extender/copy-client-certificate.sh");
const parent = mkdtempSync(path.join(tmpdir(), "gpuinfo-client-"));
const dir = path.join(parent, "gpuinfo");
const secrets = "/api/v1/namespaces/gpuinfo-system/secrets";

let controlPlane: ControlPlane;

function copy(): void {
  const { kubectlPath: KUBECTL, kubeconfig: KUBECONFIG } = controlPlane;
  execFileSync(script, [dir], { env: { ...process.env, KUBECTL, KUBECONFIG }, stdio: "pipe" });
}

function files(): Record<string, string> {
  return Object.fromEntries(
    readdirSync(dir).map((name) => [name, readFileSync(path.join(dir, name), "utf8")]),
  );
}

/** Longer than a line of `read`, and with line breaks, as PEM is. */
function pem(word: string): string {
  return `-----BEGIN ${word}-----\n${"x".repeat(64)}\n-----END ${word}-----\n`.repeat(40);
}

beforeAll(async () => {
  controlPlane = await startControlPlane();
  await controlPlane.kubectl(["create", "namespace", "gpuinfo-system"]);
});

afterAll(async () => {
  await controlPlane?.stop();
  rmSync(parent, { recursive: true });
});

it("fails while there is no Secret, and leaves no file that looks good", () => {
  expect(copy).toThrow("gpuinfo-scheduler-client");
  expect(Object.keys(files()).filter((name) => name !== "new")).toEqual([]);
});

it("copies certificate, key and authority, for root alone to read", async () => {
  const stringData = { "tls.crt": pem("A"), "tls.key": pem("B"), "ca.crt": pem("C") };
  const metadata = { name: "gpuinfo-scheduler-client" };
  await controlPlane.api.call("POST", secrets, { metadata, stringData });
  copy();
  expect(files()).toEqual(stringData);
  for (const name of readdirSync(dir)) {
    expect(statSync(path.join(dir, name)).mode & 0o777).toBe(0o600);
  }
});

it("replaces them when it is run again", async () => {
  const stringData = { "tls.crt": pem("D"), "tls.key": pem("E"), "ca.crt": pem("C") };
  await controlPlane.api.call("PATCH", `${secrets}/gpuinfo-scheduler-client`, { stringData });
  copy();
  expect(files()).toEqual(stringData);
});
