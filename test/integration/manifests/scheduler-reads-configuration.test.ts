/** The shipped configurations, read and checked by the real kube-scheduler. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { createAuthority, writeKeyPair, writeSecret } from "../../../hack/stack/cluster/pki.ts";
import { ensureTool } from "../../../hack/stack/tools.ts";

const shipped = "deploy/scheduler/config.yaml";
const snippet = "deploy/modes/extender/kube-scheduler-snippet.yaml";
const dir = mkdtempSync(path.join(tmpdir(), "gpuinfo-scheduler-"));
const kubeScheduler = await ensureTool("kube-scheduler");

const Configuration = z.looseObject({
  profiles: z.array(
    z.looseObject({
      plugins: z.looseObject({
        multiPoint: z.object({
          enabled: z.array(z.object({ name: z.string(), weight: z.number().default(0) })),
        }),
      }),
    }),
  ),
  // It leaves out what is false.
  extenders: z.array(z.looseObject({ ignorable: z.boolean().default(false) })),
});

/** As on its host, with the files here; `wrong` is put into the text before. */
function withFilesHere(file: string, wrong = (text: string): string => text): string {
  const text = wrong(readFileSync(file, "utf8")).replaceAll(
    /\/etc\/(gpuinfo-scheduler\/tls|kubernetes\/gpuinfo)\//g,
    `${dir}/`,
  );
  const clientConnection = { kubeconfig: path.join(dir, "kubeconfig") };
  return stringify({ ...parse(text), clientConnection });
}

/** What kube-scheduler makes of it, defaults filled in; throws with what it has against it. */
function readByScheduler(configuration: string): z.infer<typeof Configuration> {
  const config = writeSecret(dir, "config.yaml", configuration);
  const out = path.join(dir, "out.yaml");
  if (existsSync(out)) rmSync(out);
  const args = [`--config=${config}`, "--secure-port=0", `--write-config-to=${out}`];
  execFileSync(kubeScheduler, args, { stdio: "pipe", encoding: "utf8", timeout: 30_000 });
  return Configuration.parse(parse(readFileSync(out, "utf8")));
}

beforeAll(async () => {
  const authority = await createAuthority("test");
  writeSecret(dir, "ca.crt", authority.caPem);
  writeKeyPair(dir, "tls", await authority.issue({ commonName: "gpuinfo-scheduler" }));
  writeFileSync(
    path.join(dir, "kubeconfig"),
    stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "c",
      clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }],
      users: [{ name: "u", user: {} }],
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    }),
  );
});

afterAll(() => rmSync(dir, { recursive: true }));

describe.each([shipped, snippet])("%s", (file) => {
  it("is taken by kube-scheduler, with each setting of the extender in its place", () => {
    const { extenders } = parse(withFilesHere(file));
    expect(readByScheduler(withFilesHere(file)).extenders).toMatchObject(extenders);
  });

  it("would be refused with a setting that does not exist", () => {
    const wrong = withFilesHere(file, (text) => text.replace("ignorable:", "ignoreable:"));
    expect(() => readByScheduler(wrong)).toThrow("ignoreable");
  });

  it("needs its certificates: without the CA's file kube-scheduler does not start", () => {
    const wrong = withFilesHere(file, (text) => text.replace("ca.crt", "absent.crt"));
    expect(() => readByScheduler(wrong)).toThrow("absent.crt: no such file");
  });
});

describe("the weight 150", () => {
  it("outweighs the sum of all scores that kube-scheduler gives by itself", () => {
    const [profile] = readByScheduler(withFilesHere(shipped)).profiles;
    const weights = profile?.plugins.multiPoint.enabled.map(({ weight }) => weight) ?? [];
    // Weight 0 stands for plugins that do not score; each that does gives up to 100.
    const sum = weights.reduce((total, weight) => total + weight, 0) * 100;
    expect(sum).toBe(1_400);
    expect(150 * 10).toBeGreaterThan(sum);
  });
});
