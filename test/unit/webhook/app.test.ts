import { gzipSync } from "node:zlib";
import request, { type Response } from "supertest";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { annotationKeys } from "../../../src/api/names.ts";
import { type WebhookOptions, webhookApp } from "../../../src/webhook/app.ts";
import type { Operation } from "../../../src/webhook/review.ts";
import { admitOptions, aRawPod, aRequest } from "../../support/admission.ts";
import { applyPatch } from "../../support/json-patch.ts";

type Reviewed = Parameters<WebhookOptions["observer"]["reviewed"]>[0];

const needed = { containers: [{ resources: { limits: { "nvidia.com/gpu": "1" } } }] };

function aReview(overrides: Parameters<typeof aRequest>[0] = {}): Record<string, unknown> {
  const object = aRawPod({ spec: needed });
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: aRequest({ object, ...overrides }),
  };
}

async function post(
  body: string | object,
  overrides: Partial<WebhookOptions> = {},
  headers: Record<string, string> = {},
): Promise<{ response: Response; reviewed: readonly Reviewed[] }> {
  const reviewed: Reviewed[] = [];
  const observer = { reviewed: (each: Reviewed) => void reviewed.push(each) };
  const app = webhookApp({ ...admitOptions(), observer, ...overrides });
  const response = await request(app)
    .post("/mutate-pods")
    .set({ "content-type": "application/json", ...headers })
    .send(body);
  return { response, reviewed };
}

const Reply = z.object({
  response: z.looseObject({
    patch: z.string().optional(),
    warnings: z.array(z.string()).optional(),
  }),
});

const Operations: z.ZodType<Operation[]> = z.array(
  z.discriminatedUnion("op", [
    z.object({ op: z.literal("add"), path: z.string(), value: z.unknown() }),
    z.object({ op: z.literal("remove"), path: z.string() }),
  ]),
);

function operationsIn(response: Response): readonly Operation[] {
  const { patch = "" } = Reply.parse(response.body).response;
  return Operations.parse(JSON.parse(Buffer.from(patch, "base64").toString()));
}

function withReference(): object {
  return aRawPod({ spec: needed, metadata: { annotations: { [annotationKeys.gpuInfo]: "gpu1" } } });
}

describe("a review", () => {
  it("comes back with the same uid and a patch", async () => {
    const { response, reviewed } = await post(aReview());
    expect(response.status).toBe(200);
    expect(response.body).toEqual({
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: {
        uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
        allowed: true,
        patchType: "JSONPatch",
        patch: expect.any(String),
      },
    });
    expect(reviewed).toEqual([
      { result: "allowed", mode: "scheduler", seconds: expect.any(Number) },
    ]);
    expect(reviewed[0]?.seconds).toBeGreaterThan(0);
    expect(reviewed[0]?.seconds).toBeLessThan(5);
  });

  it("has a patch that the API server can apply", async () => {
    const { response } = await post(aReview());
    const operations = operationsIn(response);
    expect(operations.map(({ op, path }) => `${op} ${path}`)).toEqual([
      "add /metadata/labels",
      "add /metadata/annotations/topology.corinternal.com~1injected",
      "add /spec/schedulerName",
      "add /spec/affinity",
    ]);
    expect(applyPatch(aRawPod(), operations)).toMatchObject({
      spec: { schedulerName: "gpuinfo-scheduler" },
    });
  });

  it("carries warnings, none longer than kubectl shows", async () => {
    const object = aRawPod({
      spec: { ...needed, nodeSelector: { "topology.corinternal.com/gpu": "x".repeat(500) } },
    });
    const { response } = await post(aReview({ object }));
    const { warnings = [] } = Reply.parse(response.body).response;
    expect(warnings).toEqual([expect.stringMatching(/^nodeSelector has topology.*…$/)]);
    expect(warnings[0]?.length).toBeLessThan(120);
  });

  it.each([
    [
      "of a pod without annotations of ours",
      { object: aRawPod({ metadata: { annotations: { app: "x" } } }) },
    ],
    ["of a pod without annotations", { object: aRawPod({ metadata: { annotations: null } }) }],
    ["of a pod on its node", { object: aRawPod({ spec: { ...needed, nodeName: "worker-1" } }) }],
    ["of a pod that is changed", { operation: "UPDATE" }],
    ["of a pod that goes", { operation: "DELETE", object: null }],
    ["of a binding", { subResource: "binding", object: { target: {} } }],
    ["of something else", { resource: { group: "apps", resource: "deployments" }, object: {} }],
    [
      "of a copy whose record nobody can read",
      { object: aRawPod({ metadata: { annotations: { [annotationKeys.injected]: "{" } } }) },
    ],
  ])("%s is allowed as it is", async (_what, overrides) => {
    const { response, reviewed } = await post(aReview(overrides));
    expect(response.status).toBe(200);
    expect(response.body).toMatchObject({ response: { allowed: true } });
    expect(Object.keys(Reply.parse(response.body).response)).toEqual(["uid", "allowed"]);
    expect(reviewed).toMatchObject([{ result: "untouched" }]);
  });

  it("with a bad annotation is refused, and says what is accepted", async () => {
    const annotations = { [annotationKeys.gpuRequired]: "maybe" };
    const { response, reviewed } = await post(
      aReview({ object: aRawPod({ metadata: { annotations } }) }),
    );
    expect(response.status).toBe(200);
    expect(response.body).toMatchObject({
      response: {
        uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
        allowed: false,
        status: {
          status: "Failure",
          code: 400,
          reason: "BadRequest",
          message:
            'topology.corinternal.com/gpu-required: found "maybe"; accepted are "true" and "false"',
        },
      },
    });
    expect(reviewed).toMatchObject([{ result: "refused" }]);
  });
});

describe("a pod that refers to a GPUInfo", () => {
  it("gets its hours and GPU, in the namespace of the request", async () => {
    const asked: string[][] = [];
    const { response } = await post(aReview({ object: withReference(), namespace: "team-a" }), {
      getGpuInfoSpec: async (...names) => {
        asked.push(names);
        return { desAccTime: 30, gpuRequired: true };
      },
    });
    expect(asked).toEqual([["team-a", "gpu1"]]);
    expect(response.body).toMatchObject({ response: { allowed: true, patchType: "JSONPatch" } });
  });

  it("that is absent is refused, by name and with how to list them", async () => {
    const { response, reviewed } = await post(aReview({ object: withReference() }));
    expect(response.body).toMatchObject({
      response: {
        allowed: false,
        status: {
          code: 400,
          message:
            'topology.corinternal.com/gpuinfo: there is no GPUInfo "gpu1" in namespace "ml"; ' +
            "kubectl get gpuinfoes -n ml lists those that there are",
        },
      },
    });
    expect(reviewed).toMatchObject([{ result: "refused" }]);
  });

  it("that cannot be read is refused for the moment, without the error's words", async () => {
    const { response, reviewed } = await post(aReview({ object: withReference() }), {
      getGpuInfoSpec: async () => {
        throw new Error("connect ECONNREFUSED token=hunter2");
      },
    });
    expect(response.body).toMatchObject({
      response: {
        allowed: false,
        status: {
          code: 503,
          reason: "ServiceUnavailable",
          message: expect.stringContaining("try again"),
        },
      },
    });
    expect(response.text).not.toContain("hunter2");
    expect(reviewed).toMatchObject([{ result: "error" }]);
  });
});

describe("a request that is no review", () => {
  it.each([
    ["no JSON", "{", 400, "the body is no JSON\n"],
    ["a bare number", "5", 400, "the body is no JSON\n"],
    ["nothing in it", {}, 400, /admission\.k8s\.io\/v1.*apiVersion: .*; kind: .*; request: /],
    [
      "another version",
      { ...aReview(), apiVersion: "admission.k8s.io/v1beta1" },
      400,
      /apiVersion: .*"admission\.k8s\.io\/v1"/,
    ],
    ["no pod", aReview({ object: undefined }), 400, /request\.object: /],
    [
      "a pod of a wrong shape",
      aReview({ object: { metadata: {}, spec: { containers: "x" } } }),
      400,
      /object\.spec\.containers: .*expected array/,
    ],
    [
      "many faults",
      aReview({ object: { metadata: {}, spec: { containers: [1, 2, 3, 4, 5] } } }),
      400,
      /; and 2 more\n$/,
    ],
    [
      "more than the API server takes",
      `{"a":"${"x".repeat(3 * 1024 * 1024 + 65 * 1024)}"}`,
      413,
      "the body is too long; accepted are up to 3 MiB\n",
    ],
  ] as const)("for it has %s", async (_what, body, status, text) => {
    const { response, reviewed } = await post(body);
    expect(response.status).toBe(status);
    expect(response.text).toMatch(text);
    expect(reviewed).toMatchObject([{ result: "error" }]);
  });

  it("for it is not JSON by its name", async () => {
    const { response } = await post(
      "a=b",
      {},
      { "content-type": "application/x-www-form-urlencoded" },
    );
    expect(response.status).toBe(415);
    expect(response.text).toBe(
      "content type application/x-www-form-urlencoded; accepted is application/json\n",
    );
  });

  it("for it is packed in a way that we do not know", async () => {
    const { response } = await post("x", {}, { "content-encoding": "x-secret" });
    expect(response.status).toBe(415);
  });

  it("for it unpacks to more than the API server takes", async () => {
    const packed = gzipSync(Buffer.alloc(8 * 1024 * 1024, 0x20));
    const app = webhookApp({ ...admitOptions(), observer: { reviewed: () => undefined } });
    const sent = request(app).post("/mutate-pods").set("content-type", "application/json");
    const response = await sent
      .set("content-encoding", "gzip")
      .serialize((body) => body)
      .send(packed);
    expect(response.status).toBe(413);
  });

  it("tells nothing of what is in the body", async () => {
    const { response } = await post('{"password": hunter2}');
    expect(response.text).toBe("the body is no JSON\n");
  });
});

describe("what else is asked", () => {
  it("takes an object as large as the API server does", async () => {
    const spec = { ...needed, env: "x".repeat(3 * 1024 * 1024) };
    const { response } = await post(aReview({ object: aRawPod({ spec }) }));
    expect(response.status).toBe(200);
  });

  it("gets an answer without a stack trace where we fail", async () => {
    const { response, reviewed } = await post(aReview(), {
      selectNodes: () => {
        throw new Error("hunter2");
      },
    });
    expect(response.status).toBe(500);
    expect(response.text).toBe("gpuinfo failed; its log says how\n");
    expect(reviewed).toMatchObject([{ result: "error" }]);
  });

  it.each(["/", "/mutate-pods/x", "/filter"])("is not there: %s", async (path) => {
    const app = webhookApp({ ...admitOptions(), observer: { reviewed: () => undefined } });
    const response = await request(app).post(path).send({}).expect(404);
    expect(response.headers["x-powered-by"]).toBeUndefined();
  });
});
