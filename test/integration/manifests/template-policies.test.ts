/** The policies on pod templates, on a real API server, against the table that the webhook's parser is tested with. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type ControlPlane, startControlPlane } from "../../../hack/stack/control-plane.ts";
import { readDemand } from "../../../src/api/demand.ts";
import { annotationKeys } from "../../../src/api/names.ts";
import { Pod } from "../../../src/api/pod.ts";
import { render } from "./render.ts";
import { apply, eventually, refusalOf } from "./support.ts";

type Annotations = Readonly<Record<string, string>>;

const cases = z
  .array(
    z.object({ annotations: z.record(z.string(), z.string()), ok: z.boolean(), why: z.string() }),
  )
  .parse(JSON.parse(readFileSync("test/support/annotation-cases.json", "utf8")));

const labels = { app: "x" };
const container = { name: "c", image: "registry.k8s.io/pause:3.10" };

function template(
  annotations: Annotations,
  restartPolicy: string,
  image = container.image,
): object {
  const containers = [{ ...container, image }];
  return { metadata: { labels, annotations }, spec: { restartPolicy, containers } };
}

interface Made {
  readonly metadata: { readonly name: string };
  readonly spec: object;
}

interface Kind {
  readonly path: (namespace: string) => string;
  readonly make: (name: string, annotations: Annotations, image?: string) => Made;
}

const kinds: ReadonlyMap<string, Kind> = new Map([
  [
    "Job",
    {
      path: (namespace) => `/apis/batch/v1/namespaces/${namespace}/jobs`,
      make: (name, annotations, image) => ({
        metadata: { name },
        spec: { template: template(annotations, "Never", image) },
      }),
    },
  ],
  [
    "CronJob",
    {
      path: (namespace) => `/apis/batch/v1/namespaces/${namespace}/cronjobs`,
      make: (name, annotations, image) => ({
        metadata: { name },
        spec: {
          schedule: "0 0 1 1 *",
          suspend: true,
          jobTemplate: { spec: { template: template(annotations, "Never", image) } },
        },
      }),
    },
  ],
  [
    "Deployment",
    {
      path: (namespace) => `/apis/apps/v1/namespaces/${namespace}/deployments`,
      make: (name, annotations, image) => ({
        metadata: { name },
        spec: {
          replicas: 0,
          selector: { matchLabels: labels },
          template: template(annotations, "Always", image),
        },
      }),
    },
  ],
  [
    "StatefulSet",
    {
      path: (namespace) => `/apis/apps/v1/namespaces/${namespace}/statefulsets`,
      make: (name, annotations, image) => ({
        metadata: { name },
        spec: {
          replicas: 0,
          serviceName: "x",
          selector: { matchLabels: labels },
          template: template(annotations, "Always", image),
        },
      }),
    },
  ],
] satisfies [string, Kind][]);

function kindOf(name: string): Kind {
  const kind = kinds.get(name);
  if (kind === undefined) throw new Error(`no kind ${name}`);
  return kind;
}

const typo = { [annotationKeys.desAccTime]: "soon" };

let controlPlane: ControlPlane;

beforeAll(async () => {
  controlPlane = await startControlPlane();
  await controlPlane.kubectl(["create", "namespace", "gpuinfo-system"]);
  for (const [name, { path, make }] of kinds) {
    // From before the policies: nobody was there to refuse it.
    await controlPlane.api.call("POST", path("default"), make(`old-${name.toLowerCase()}`, typo));
  }
  await apply(
    controlPlane,
    render("deploy/webhook").filter(({ kind }) => kind.startsWith("ValidatingAdmissionPolicy")),
  );
  for (const { path, make } of kinds.values()) {
    await eventually(async () => refusalOf(controlPlane, path("default"), make("x", typo)));
  }
});

afterAll(async () => controlPlane?.stop());

describe.each([...kinds.keys()])("a %s", (name) => {
  const { path, make } = kindOf(name);

  it("is refused for exactly the annotations that the webhook refuses on its pods", async () => {
    const judged = await Promise.all(
      cases.map(async ({ annotations, why }) => ({
        why,
        ok: (await refusalOf(controlPlane, path("default"), make("x", annotations))) === undefined,
      })),
    );
    expect(judged).toEqual(cases.map(({ why, ok }) => ({ why, ok })));
  });

  it("is refused in words that name the annotation, never by an expression that failed", async () => {
    for (const { annotations } of cases.filter(({ ok }) => !ok)) {
      const refusal = await refusalOf(controlPlane, path("default"), make("x", annotations));
      expect(refusal).toContain("answered 422");
      expect(refusal).toMatch(
        /denied request: (unknown annotation \\"|)topology\.corinternal\.com\//,
      );
      expect(refusal).not.toMatch(/resulted in error|no such|failed expression/);
    }
  });

  it("may have annotations of others, or none", async () => {
    for (const annotations of [{}, { "example.com/des-acc-time": "soon" }]) {
      expect(await refusalOf(controlPlane, path("default"), make("x", annotations))).toBe(
        undefined,
      );
    }
  });

  it.each(["kube-system", "gpuinfo-system"])("is none of our business in %s", async (namespace) => {
    expect(await refusalOf(controlPlane, path(namespace), make("x", typo))).toBe(undefined);
  });

  it("from before the policy can be changed, as long as its template is left alone", async () => {
    const change = { metadata: { labels: { touched: "yes" } } };
    const object = `${path("default")}/old-${name.toLowerCase()}`;
    await expect(controlPlane.api.call("PATCH", object, change)).resolves.toMatchObject(change);
  });
});

// The template of a Job never changes.
describe.each(["CronJob", "Deployment", "StatefulSet"])("a %s from before the policy", (name) => {
  const { path, make } = kindOf(name);
  const object = `${path("default")}/old-${name.toLowerCase()}`;
  const newTemplate = { spec: make("x", typo, "example.com/newer").spec };

  it("is refused once its template changes and the typo stays", async () => {
    const change = controlPlane.api.call("PATCH", object, newTemplate);
    await expect(change).rejects.toThrow(annotationKeys.desAccTime);
  });

  it("is let go: while it is being deleted nothing is checked", async () => {
    const { api } = controlPlane;
    await api.call("PATCH", object, { metadata: { finalizers: ["example.com/wait"] } });
    await api.call("DELETE", `${object}?propagationPolicy=Background`);
    await api.call("PATCH", object, newTemplate);
    await api.call("PATCH", object, { metadata: { finalizers: null } });
    await expect(api.call("GET", object)).rejects.toThrow("404");
  });
});

describe("the message", () => {
  it.each([
    { [annotationKeys.desAccTime]: "soon" },
    { [annotationKeys.desAccTime]: '9 "days"' },
    { [annotationKeys.gpuRequired]: "yes" },
    { [annotationKeys.gpuInfo]: "GPU1" },
    { [annotationKeys.gpuInfo]: "gpu1", [annotationKeys.gpuRequired]: "true" },
    { [annotationKeys.gpuModel]: '"-"' },
    { [annotationKeys.gpuMemoryGib]: "40Gi" },
    { [annotationKeys.gpuCount]: "65" },
    {
      [annotationKeys.gpuRequired]: "false",
      [annotationKeys.gpuModel]: "L4",
      [annotationKeys.gpuCount]: "2",
    },
    {
      [annotationKeys.gpuInfo]: "gpu1",
      [annotationKeys.desAccTime]: "5",
      [annotationKeys.gpuMemoryGib]: "40",
    },
    { [`${annotationKeys.gpuRequired}d`]: "true" },
  ])("for %j is the webhook's own", async (annotations) => {
    const { path, make } = kindOf("CronJob");
    const refusal = await refusalOf(controlPlane, path("default"), make("x", annotations));
    const demand = readDemand(Pod.parse({ metadata: { annotations }, spec: {} }));
    if (demand.kind !== "refused")
      throw new Error(`the webhook does not refuse it: ${demand.kind}`);
    // It stands in a JSON string.
    expect(refusal).toContain(JSON.stringify(demand.message).slice(1, -1));
  });
});
