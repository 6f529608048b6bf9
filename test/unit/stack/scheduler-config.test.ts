import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import {
  configText,
  type LocalParts,
  localConfig,
  type SchedulerConfig,
} from "../../../hack/stack/placement/scheduler-config.ts";
import { repositoryRoot } from "../../../hack/stack/tools/families.ts";

const local: LocalParts = {
  kubeconfig: "/stack/kubeconfig",
  extenderUrl: "https://127.0.0.1:1234",
  root: "/stack/pod",
};

const shipped = [
  "deploy/scheduler/config.yaml",
  "deploy/modes/extender/kube-scheduler-snippet.yaml",
];

function read(file: string): string {
  return readFileSync(path.join(repositoryRoot, file), "utf8");
}

describe("a scheduler's configuration on this machine", () => {
  it.each(shipped)("differs from %s in addresses and paths alone", (file) => {
    const original: SchedulerConfig = parse(read(file));
    const { clientConnection, ...made } = localConfig(read(file), local);
    const { clientConnection: shippedConnection, ...rest } = original;
    expect(clientConnection).toEqual({ ...shippedConnection, kubeconfig: local.kubeconfig });
    const [address = ""] = original.extenders?.map(({ urlPrefix }) => urlPrefix) ?? [];
    const text = JSON.stringify(made);
    expect(text).toContain(local.extenderUrl);
    const back = text.replace(local.extenderUrl, address).replaceAll("/stack/pod/", "/");
    expect(JSON.parse(back)).toEqual(rest);
  });

  it.each(shipped)("verifies the extender of %s by a CA that is a file of this machine", (file) => {
    const [entry] = localConfig(read(file), local).extenders ?? [];
    expect(entry?.tlsConfig).toMatchObject({
      caFile: expect.stringMatching(/^\/stack\/pod\/.*ca\.crt$/),
      serverName: "gpuinfo-extender.gpuinfo-system.svc",
    });
  });

  it("names the kubeconfig in place of an in-cluster one, and keeps the rest of the connection", () => {
    const config = localConfig("{ clientConnection: { qps: 7 } }", local);
    expect(config).toEqual({ clientConnection: { qps: 7, kubeconfig: "/stack/kubeconfig" } });
  });

  it("has no extender where none is shipped", () => {
    expect(localConfig("{ profiles: [] }", local)).not.toHaveProperty("extenders");
  });

  it("is written as what kube-scheduler reads", () => {
    const config = localConfig(read("deploy/scheduler/config.yaml"), local);
    expect(parse(configText(config))).toEqual(config);
  });
});
