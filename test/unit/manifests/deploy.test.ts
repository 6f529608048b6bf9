import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";
import { GpuInfo } from "../../../src/api/gpuinfo.ts";
import { group, plural } from "../../../src/api/group.ts";

function read(path: string): unknown[] {
  return parseAllDocuments(readFileSync(path, "utf8")).map((document) => document.toJS());
}

const Rule = z.object({
  apiGroups: z.array(z.string()),
  resources: z.array(z.string()),
  resourceNames: z.array(z.string()).optional(),
  verbs: z.array(z.string()),
});

/** "resources: verbs" of every rule of the one role in the file. */
function rulesOf(path: string): string[] {
  const Role = z.object({ rules: z.array(Rule) });
  const [role] = read(path).flatMap((manifest) => Role.safeParse(manifest).data ?? []);
  const { rules } = Role.parse(role);
  return rules.map(
    ({ resources, resourceNames, verbs }) =>
      `${resources.join()}${resourceNames === undefined ? "" : ` ${resourceNames.join()}`}: ${verbs.join()}`,
  );
}

describe("the controller's rights", () => {
  it("are these, cluster-wide, and no more", () => {
    expect(rulesOf("deploy/rbac/role.yaml")).toEqual([
      "nodes: get,list,watch",
      "csinodes: get,list,watch",
      `${plural},maintenancewindows: get,list,watch`,
      `${plural}/status,maintenancewindows/status: patch`,
      "events: create,patch",
    ]);
  });

  it("are these, in its own namespace, and no more", () => {
    expect(rulesOf("deploy/rbac/leader-election-role.yaml")).toEqual([
      "leases: create",
      "leases gpuinfo: get,update",
    ]);
  });

  it("grow by these where pods are placed, and no more", () => {
    expect(rulesOf("deploy/placement/role.yaml")).toEqual(["nodes: patch", "pods: list,watch"]);
  });
});

describe("the scheduler's own rights", () => {
  it("are a lease in our namespace: the rest comes from Kubernetes' own roles", () => {
    expect(rulesOf("deploy/scheduler/role.yaml")).toEqual([
      "leases: create",
      "leases gpuinfo-scheduler: get,update",
    ]);
  });
});

describe("the Deployment", () => {
  const [deployment] = read("deploy/manager/deployment.yaml");

  it("meets the restricted Pod Security Standard", () => {
    expect(deployment).toMatchObject({
      spec: {
        template: {
          spec: {
            securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
            containers: [
              {
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { drop: ["ALL"] },
                },
              },
            ],
          },
        },
      },
    });
  });

  it("holds no secret: vCenter's coordinates are mounted", () => {
    expect(JSON.stringify(deployment)).not.toMatch(/GOVMOMI_(URL|USERNAME|PASSWORD)/);
    expect(deployment).toMatchObject({
      spec: {
        template: { spec: { volumes: [{ secret: { secretName: "vc-creds", optional: true } }] } },
      },
    });
  });

  it("runs twice, is probed and bounded", () => {
    expect(deployment).toMatchObject({
      spec: {
        replicas: 2,
        template: {
          spec: {
            containers: [
              {
                livenessProbe: { httpGet: { path: "/livez" } },
                readinessProbe: { httpGet: { path: "/readyz" } },
                resources: { requests: { cpu: "100m" }, limits: { memory: "512Mi" } },
              },
            ],
          },
        },
      },
    });
  });
});

const Kustomization = z.object({
  resources: z.array(z.string()),
  patches: z.array(z.object({ path: z.string().optional() })).default([]),
  configMapGenerator: z.array(z.object({ files: z.array(z.string()) })).default([]),
});

describe("the manifests", () => {
  it.each([
    "crd",
    "deploy/certmanager",
    "deploy/extender",
    "deploy/manager",
    "deploy/placement",
    "deploy/rbac",
    "deploy/scheduler",
    "deploy/webhook",
    "samples",
    "samples/jobs",
    "samples/maintenance",
  ])("of %s are all named in its kustomization", (dir) => {
    const { resources, patches, configMapGenerator } = Kustomization.parse(
      parse(readFileSync(join(dir, "kustomization.yaml"), "utf8")),
    );
    const named = [
      ...resources,
      ...patches.flatMap(({ path }) => path ?? []),
      ...configMapGenerator.flatMap(({ files }) => files),
    ];
    const files = readdirSync(dir).filter(
      (name) => name.endsWith(".yaml") && name !== "kustomization.yaml",
    );
    expect(named.toSorted()).toEqual(files.toSorted());
  });
});

describe("the CRD of GPUInfo", () => {
  const [crd] = read("crd/gpuinfo.yaml");

  it("keeps the names that users of cormachogan/gpuinfo know", () => {
    expect(crd).toMatchObject({
      metadata: { name: "gpuinfoes.topology.corinternal.com" },
      spec: {
        group,
        scope: "Namespaced",
        names: { kind: "GPUInfo", plural, singular: "gpuinfo", shortNames: ["gpu"] },
      },
    });
  });
});

describe("the CRD of MaintenanceWindow", () => {
  it("is a resource of the whole cluster", () => {
    expect(read("crd/maintenancewindow.yaml")).toMatchObject([
      {
        metadata: { name: "maintenancewindows.topology.corinternal.com" },
        spec: {
          group,
          scope: "Cluster",
          names: { kind: "MaintenanceWindow", plural: "maintenancewindows", shortNames: ["mw"] },
          versions: [{ name: "v1alpha1" }],
        },
      },
    ]);
  });
});

describe.each(["gpuinfo", "maintenancewindow"])("the CRD crd/%s.yaml", (file) => {
  const [crd] = read(`crd/${file}.yaml`);

  it("describes every field", () => {
    const Schema: z.ZodType = z.looseObject({});
    const undescribed: string[] = [];
    walk(crdSchema(crd), "");
    expect(undescribed).toEqual([]);

    function walk(schema: unknown, path: string): void {
      const { properties = {}, description } = z
        .looseObject({
          properties: z.record(z.string(), Schema).optional(),
          description: z.string().optional(),
        })
        .parse(schema);
      if (path !== "" && description === undefined) undescribed.push(path);
      for (const [name, child] of Object.entries(properties)) walk(child, `${path}.${name}`);
    }
  });
});

function crdSchema(crd: unknown): unknown {
  const Part = z.looseObject({});
  const { spec } = z
    .object({
      spec: z.object({
        versions: z.tuple([
          z.object({
            schema: z.object({
              openAPIV3Schema: z.object({ properties: z.object({ spec: Part, status: Part }) }),
            }),
          }),
        ]),
      }),
    })
    .parse(crd);
  return spec.versions[0].schema.openAPIV3Schema;
}

describe("GpuInfo", () => {
  const metadata = { name: "gpu1", namespace: "default" };

  it.each([
    ["no spec", {}, { desAccTime: 1, gpuRequired: false }],
    ["an empty spec", { spec: {} }, { desAccTime: 1, gpuRequired: false }],
    ["hours only", { spec: { desAccTime: 8760 } }, { desAccTime: 8760, gpuRequired: false }],
  ])("fills in the defaults of %s", (_, object, spec) => {
    expect(GpuInfo.parse({ metadata, ...object }).spec).toEqual(spec);
  });

  it.each([0, -1, 8761, 1.5, "100", null])("refuses %j hours", (desAccTime) => {
    expect(GpuInfo.safeParse({ metadata, spec: { desAccTime } }).success).toBe(false);
  });

  it("reads over a status that somebody else wrote badly", () => {
    const status = { candidates: "many" };
    expect(GpuInfo.parse({ metadata, status }).status).toEqual({});
  });
});
