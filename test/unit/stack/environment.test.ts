import { describe, expect, it } from "vitest";
import { containerCommand, containerEnvironment } from "../../../hack/stack/pod/environment.ts";
import type { Container, EnvVar } from "../../../hack/stack/pod/manifest.ts";

const pod = { name: "gpuinfo-local-0", namespace: "gpuinfo-system", serviceAccount: "gpuinfo" };
const root = "/stack/pod";

function aContainer(overrides: Partial<Container> = {}): Container {
  return {
    name: "gpuinfo",
    command: ["node"],
    volumeMounts: [{ name: "vcenter", mountPath: "/etc/gpuinfo/vcenter" }],
    ...overrides,
  };
}

function environmentOf(...env: readonly EnvVar[]): Readonly<Record<string, string>> {
  return containerEnvironment(aContainer({ env }), pod, root);
}

describe("the environment of a container on this machine", () => {
  it("is empty when the container has none", () => {
    expect(environmentOf()).toEqual({});
  });

  it.each([
    ["metadata.name", "gpuinfo-local-0"],
    ["metadata.namespace", "gpuinfo-system"],
    ["spec.serviceAccountName", "gpuinfo"],
  ])("resolves %s", (fieldPath, value) => {
    expect(environmentOf({ name: "X", valueFrom: { fieldRef: { fieldPath } } })).toEqual({
      X: value,
    });
  });

  it("refuses a reference that means nothing here, by the variable's name", () => {
    const valueFrom = { fieldRef: { fieldPath: "status.hostIP" } };
    expect(() => environmentOf({ name: "HOST", valueFrom })).toThrow(
      /^HOST comes from .*status\.hostIP/,
    );
  });

  it.each([
    ["/etc/gpuinfo/vcenter", "/stack/pod/etc/gpuinfo/vcenter"],
    ["/etc/gpuinfo/vcenter/ca.crt", "/stack/pod/etc/gpuinfo/vcenter/ca.crt"],
    ["/etc/gpuinfo/vcenter2", "/etc/gpuinfo/vcenter2"],
    ["/etc/gpuinfo", "/etc/gpuinfo"],
    ["see /etc/gpuinfo/vcenter", "see /etc/gpuinfo/vcenter"],
    ["", ""],
  ])("moves %j to %j", (value, moved) => {
    expect(environmentOf({ name: "X", value })).toEqual({ X: moved });
  });

  it("gives a variable without a value the empty one", () => {
    expect(environmentOf({ name: "X" })).toEqual({ X: "" });
  });
});

describe("the arguments of a container on this machine", () => {
  it.each([
    ["--ca=/etc/gpuinfo/vcenter/ca.crt", "--ca=/stack/pod/etc/gpuinfo/vcenter/ca.crt"],
    ["/etc/gpuinfo/vcenter/ca.crt", "/stack/pod/etc/gpuinfo/vcenter/ca.crt"],
    ["--ca=/etc/ssl", "--ca=/etc/ssl"],
    ["--verbose", "--verbose"],
  ])("turn %s into %s", (argument, moved) => {
    expect(containerCommand(aContainer({ args: [argument] }), root).args).toEqual([moved]);
  });

  it("are none when the container has none", () => {
    expect(containerCommand(aContainer(), root)).toEqual({ command: process.execPath, args: [] });
  });

  it("puts the words after node in the command before the arguments", () => {
    const container = aContainer({ command: ["node", "--flag", "main.js"], args: ["-v"] });
    expect(containerCommand(container, root).args).toEqual(["--flag", "main.js", "-v"]);
  });

  it("belong to the program of this machine that stands for the image's", () => {
    const container = aContainer({ command: ["kube-scheduler", "--config=/x"] });
    expect(
      containerCommand(container, root, { "kube-scheduler": "/tools/kube-scheduler" }),
    ).toEqual({ command: "/tools/kube-scheduler", args: ["--config=/x"] });
  });

  it.each([undefined, ["sh", "-c", "node"]])("refuses the command %j", (command) => {
    const { command: _node, ...container } = aContainer();
    expect(() => containerCommand({ ...container, ...(command && { command }) }, root)).toThrow(
      /^container gpuinfo runs .*, wanted node$/,
    );
  });
});
