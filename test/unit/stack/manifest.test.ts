import { describe, expect, it } from "vitest";
import {
  customResourcePaths,
  findWorkload,
  hasWorkload,
  parseManifests,
  withoutReplicas,
} from "../../../hack/stack/pod/manifest.ts";

const rendered = `
apiVersion: v1
kind: Service
metadata: { name: gpuinfo }
---
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: gpuinfo, namespace: gpuinfo-system }
spec:
  replicas: 2
  template:
    spec:
      serviceAccountName: gpuinfo
      containers: [{ name: sidecar }, { name: gpuinfo, args: [a] }]
`;

describe("rendered manifests", () => {
  it("are read one by one, empty documents left out", () => {
    expect(parseManifests(rendered).map(({ kind }) => kind)).toEqual(["Service", "Deployment"]);
  });

  it("have the workload in the Deployment and the container of its name", () => {
    expect(findWorkload(parseManifests(rendered), "gpuinfo")).toMatchObject({
      namespace: "gpuinfo-system",
      pod: { serviceAccountName: "gpuinfo" },
      container: { name: "gpuinfo", args: ["a"] },
    });
  });

  it("are refused when the Deployment or its container is missing", () => {
    expect(() => findWorkload([], "gpuinfo")).toThrow('no Deployment "gpuinfo"');
    const renamed = parseManifests(rendered.replace("name: gpuinfo, args", "name: other, args"));
    expect(() => findWorkload(renamed, "gpuinfo")).toThrow('no container "gpuinfo"');
  });

  it("tell whether they have a workload at all", () => {
    const manifests = parseManifests(rendered);
    expect(hasWorkload(manifests, "gpuinfo")).toBe(true);
    expect(hasWorkload(manifests, "gpuinfo-scheduler")).toBe(false);
  });

  it("tell where their custom resources are listed", () => {
    const definition = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "xs.example.com" },
      spec: {
        group: "example.com",
        names: { plural: "xs" },
        versions: [{ name: "v1" }, { name: "v2" }],
      },
    };
    expect(customResourcePaths([...parseManifests(rendered), definition])).toEqual([
      "/apis/example.com/v1/xs",
      "/apis/example.com/v2/xs",
    ]);
  });

  it("ask for no pods, and are else unchanged", () => {
    const manifests = parseManifests(rendered);
    const [service, deployment] = withoutReplicas(manifests);
    expect(service).toEqual(manifests[0]);
    expect(deployment).toMatchObject({
      spec: { replicas: 0, template: { spec: { serviceAccountName: "gpuinfo" } } },
    });
  });
});
