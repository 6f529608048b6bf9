import { once } from "node:events";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { annotationKeys } from "../../../src/api/names.ts";
import { close, portOf } from "../../../src/serve.ts";
import { aNode, now } from "../../support/builders.ts";
import { anExtender, aPod } from "../../support/extender.ts";
import { manyNodes } from "../../support/many-nodes.ts";

const names = manyNodes(5).names;
const [worker0 = "", worker1 = "", worker2 = "", worker3 = "", worker4 = ""] = names;
const noGpu = "gpuinfo: no GPU (NoGpu)";

function ask(nodeNames: readonly string[] | null = names, pod: unknown = aPod()) {
  return JSON.stringify({ Pod: pod, Nodes: null, NodeNames: nodeNames });
}

function post(app: ReturnType<typeof anExtender>["app"], path: string, body: string) {
  return request(app).post(path).set("Content-Type", "application/json").send(body);
}

/** A body of kube-scheduler's own client; `extender-client golden DIR` writes them. */
function golden(name: string): string {
  return readFileSync(new URL(`golden/${name}.body`, import.meta.url), "utf8");
}

function minutesLater(minutes: number): Date {
  return new Date(now.getTime() + minutes * 60_000);
}

describe("POST /filter", () => {
  it("sorts the nodes into those that fit and those that never will", async () => {
    const { app, calls } = anExtender();
    const { status, headers, body } = await post(app, "/filter", ask([...names, "worker-x"]));
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("application/json");
    expect(body).toEqual({
      Nodes: null,
      NodeNames: [worker0, worker1, worker2],
      FailedNodes: {},
      FailedAndUnresolvableNodes: {
        [worker3]: noGpu,
        [worker4]: noGpu,
        "worker-x": "gpuinfo: node not known yet (UnknownNode)",
      },
      Error: "",
    });
    expect(calls).toEqual([
      {
        verb: "filter",
        outcome: "answered",
        code: 200,
        seconds: expect.any(Number),
        namesIn: 6,
        namesOut: 3,
        rejected: new Map([
          ["UnknownNode", 1],
          ["NoGpu", 2],
        ]),
        stale: false,
      },
    ]);
    expect(calls[0]?.seconds).toBeGreaterThan(0);
  });

  it("sends its answer in one piece with its length, and nothing that costs without use", async () => {
    const { app } = anExtender();
    const { headers, text } = await post(app, "/filter", ask());
    expect(headers["content-length"]).toBe(String(Buffer.byteLength(text)));
    expect(headers).not.toHaveProperty("transfer-encoding");
    expect(headers).not.toHaveProperty("etag");
    expect(headers).not.toHaveProperty("x-powered-by");
  });

  it.each([
    ["an empty list", ask([])],
    ["null", ask(null)],
    ["neither list", JSON.stringify({ Pod: aPod() })],
  ])("answers %s with no node", async (_what, body) => {
    const answer = await post(anExtender().app, "/filter", body);
    expect(answer.body).toMatchObject({ NodeNames: [], FailedAndUnresolvableNodes: {}, Error: "" });
  });

  it("passes a pod without our annotations with every node, even when selection has no answer", async () => {
    const { app, calls } = anExtender({ inventory: undefined });
    const { body } = await post(app, "/filter", ask(["x", "y"], aPod({ "example.com/a": "b" })));
    expect(body).toMatchObject({ NodeNames: ["x", "y"], FailedAndUnresolvableNodes: {} });
    expect(calls).toMatchObject([{ outcome: "passed", namesIn: 2, namesOut: 2 }]);
  });

  it.each([
    ["InventoryNotReady", { inventory: undefined, inventoryProblem: "wrong password" }],
    ["InventoryStale", { now: minutesLater(16) }],
    ["NodesNotReady", { nodes: undefined }],
  ])("answers with an Error while selection has %s", async (reason, facts) => {
    const { app, calls } = anExtender(facts);
    const { status, body } = await post(app, "/filter", ask());
    expect(status).toBe(200);
    expect(body).toMatchObject({ NodeNames: null, Error: expect.stringContaining(reason) });
    expect(calls).toMatchObject([{ outcome: "unavailable", code: 200, namesOut: 0 }]);
  });

  it("still answers from an inventory older than it should be, and counts that", async () => {
    const { app, calls } = anExtender({ now: minutesLater(2) });
    const { body } = await post(app, "/filter", ask());
    expect(body).toMatchObject({ NodeNames: [worker0, worker1, worker2], Error: "" });
    expect(calls).toMatchObject([{ outcome: "answered", stale: true }]);
  });

  it("says in Error what is wrong with the pod's annotations", async () => {
    const { app, calls } = anExtender();
    const { body } = await post(
      app,
      "/filter",
      ask(names, aPod({ [annotationKeys.desAccTime]: "soon" })),
    );
    expect(body.Error).toMatch(/des-acc-time.*soon/);
    expect(calls).toMatchObject([{ outcome: "refused" }]);
  });

  it("takes the needs from the GPUInfo that the pod names, in the pod's namespace", async () => {
    const pod = aPod({ [annotationKeys.gpuInfo]: "gpu1" });
    const asked: string[] = [];
    const { app } = anExtender(
      {},
      {
        getGpuInfoSpec(namespace, name) {
          asked.push(`${namespace}/${name}`);
          return { desAccTime: 100, gpuRequired: false };
        },
      },
    );
    const { body } = await post(app, "/filter", ask(names, pod));
    expect(asked).toEqual(["ml/gpu1"]);
    expect(body.NodeNames).toEqual([worker3, worker4]);
  });

  it("says in Error that there is no such GPUInfo", async () => {
    const pod = aPod({ [annotationKeys.gpuInfo]: "gpu1" });
    const { body } = await post(anExtender().app, "/filter", ask(names, pod));
    expect(body.Error).toMatch(/gpu1/);
  });

  it("says in Error what to set when whole nodes are sent", async () => {
    const { app, calls } = anExtender();
    const items = names.map((name) => ({ metadata: { name } }));
    const full = JSON.stringify({ Pod: aPod(), Nodes: { items }, NodeNames: null });
    const { status, body } = await post(app, "/filter", full);
    expect(status).toBe(200);
    expect(body.Error).toContain("nodeCacheCapable: true");
    expect(calls).toMatchObject([{ outcome: "fullNodes" }]);
  });
});

describe("POST /prioritize", () => {
  it("does not hold against a node what the pod itself will use there", async () => {
    const three = names.slice(0, 3);
    const { app } = anExtender({ expectedMilliCpu: new Map(three.map((name) => [name, 20_000])) });
    const { metadata } = aPod();
    for (const preferredNode of three) {
      const record = { at: now.toISOString(), gpu: true, hours: 100, required: [], preferredNode };
      const annotations = {
        ...metadata.annotations,
        [annotationKeys.injected]: JSON.stringify(record),
      };
      const answer = await post(
        app,
        "/prioritize",
        ask(three, {
          metadata: { ...metadata, creationTimestamp: now.toISOString(), annotations },
          spec: { containers: [{ resources: { requests: { cpu: "20" } } }] },
        }),
      );
      expect(answer.body).toContainEqual({ Host: preferredNode, Score: 10 });
    }
  });

  it("scores the nodes, the best of them 10", async () => {
    const { app, calls, selectNodes } = anExtender();
    const selection = selectNodes({ gpu: true, hours: 100 }, { audience: "pod" });
    const best = selection.kind === "ranked" && selection.ranking.fitting[0]?.node.name;
    const { status, body } = await post(app, "/prioritize", ask());
    expect(status).toBe(200);
    expect(body).toHaveLength(5);
    expect(body).toContainEqual({ Host: best, Score: 10 });
    expect(body).toContainEqual({ Host: worker4, Score: 0 });
    expect(calls).toMatchObject([{ verb: "prioritize", outcome: "answered", namesOut: 5 }]);
  });

  it("scores all alike for a pod without our annotations", async () => {
    const { body } = await post(anExtender().app, "/prioritize", ask(["x", "y"], aPod({})));
    expect(body).toEqual([
      { Host: "x", Score: 0 },
      { Host: "y", Score: 0 },
    ]);
  });

  it.each([
    ["selection has no answer", 503, { inventory: undefined }, ask(), /InventoryNotReady/],
    [
      "the annotation is bad",
      400,
      {},
      ask(names, aPod({ [annotationKeys.gpuRequired]: "x" })),
      /"x"/,
    ],
    [
      "whole nodes are sent",
      400,
      {},
      JSON.stringify({ Pod: aPod(), Nodes: {} }),
      /nodeCacheCapable/,
    ],
  ])(
    "has no place for an error: when %s it is a status of %i",
    async (_what, code, facts, body, text) => {
      const answer = await post(anExtender(facts).app, "/prioritize", body);
      expect(answer.status).toBe(code);
      expect(answer.text).toMatch(text);
    },
  );
});

describe.each(["/filter", "/prioritize"])("a request to %s that cannot be read", (path) => {
  it.each([
    ["nothing", 400, "", /empty/],
    ["no JSON", 400, "{", /not JSON/],
    ["no pod", 400, JSON.stringify({ Pod: null, Nodes: null, NodeNames: [] }), /Pod/],
    ["names that are no list", 400, JSON.stringify({ Pod: aPod(), NodeNames: "a" }), /NodeNames/],
    ["more than 32 MiB", 413, " ".repeat(32 * 1024 * 1024 + 1), /large/],
  ])("is refused when it is %s", async (_what, code, body, text) => {
    const { app, calls } = anExtender();
    const answer = await post(app, path, body);
    expect(answer.status).toBe(code);
    expect(answer.text).toMatch(text);
    expect(calls).toMatchObject([{ outcome: "malformed", code }]);
  });

  it("is refused when it is compressed", async () => {
    const answer = await request(anExtender().app)
      .post(path)
      .set({ "Content-Type": "application/octet-stream", "Content-Encoding": "gzip" })
      .send(gzipSync(ask()));
    expect(answer.status).toBe(415);
  });

  it("does not spoil the next one", async () => {
    const { app } = anExtender();
    await post(app, path, JSON.stringify({ Pod: null }));
    expect((await post(app, path, ask())).status).toBe(200);
  });
});

describe("the listener", () => {
  it("takes a body in chunks, up to 32 MiB, and whatever its type is called", async () => {
    const { app } = anExtender();
    const server = app.listen(0, "127.0.0.1");
    try {
      await once(server, "listening");
      const blanks = Buffer.alloc(5 * 1024 * 1024, " ");
      const url = `http://127.0.0.1:${portOf(server)}/filter`;
      const answer = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "text/json; charset=utf-8" },
        body: ReadableStream.from([blanks, blanks, blanks, Buffer.from(ask([worker0]))]),
        duplex: "half",
      });
      expect(await answer.json()).toMatchObject({ NodeNames: [worker0] });
    } finally {
      await close(server);
    }
  });

  it("says which method and which paths there are", async () => {
    const { app, calls } = anExtender();
    const get = await request(app).get("/filter");
    expect([get.status, get.headers["allow"]]).toEqual([405, "POST"]);
    const other = await request(app).post("/bind").send("{}");
    expect(other.status).toBe(404);
    expect(other.text).toContain("/prioritize");
    expect(calls).toEqual([]);
  });

  it("answers 500 without details when it fails itself, and goes on", async () => {
    let fails = true;
    const { selectNodes } = anExtender();
    const { app, calls } = anExtender(
      {},
      {
        selectNodes(requirement, question) {
          if (fails) throw new Error("secret");
          return selectNodes(requirement, question);
        },
      },
    );
    const answer = await post(app, "/filter", ask());
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain("secret");
    fails = false;
    expect((await post(app, "/filter", ask())).status).toBe(200);
    expect(calls.map(({ outcome }) => outcome)).toEqual(["failed", "answered"]);
  });
});

describe("the bodies of kube-scheduler's own client", () => {
  // worker-2 is the least busy of all, and worker-3 has no GPU.
  const { nodes, inventory } = manyNodes(5);
  const facts = {
    nodes: [nodes[2], nodes[0], nodes[3]].map((node, i) =>
      aNode({ ...node, name: `worker-${i + 1}` }),
    ),
    inventory,
  };

  it.each([
    ["filter", "filter-request", "filter-answer"],
    ["prioritize", "prioritize-request", "prioritize-answer"],
    ["prioritize", "prioritize-no-nodes", "prioritize-no-answer"],
  ])(
    "are answered by %s byte for byte as its Go types would: %s",
    async (verb, question, answer) => {
      const { text } = await post(anExtender(facts).app, `/${verb}`, golden(question));
      expect(text).toBe(golden(answer));
    },
  );

  it("get an Error as its Go types would write it", async () => {
    const { text } = await post(anExtender(facts).app, "/filter", golden("filter-full-nodes"));
    const { Error: message }: { Error: string } = JSON.parse(text);
    expect(text).toBe(golden("filter-error").replace("a reason", message));
  });

  it("get an empty answer for an empty list", async () => {
    const { body } = await post(anExtender(facts).app, "/filter", golden("filter-no-nodes"));
    expect(body.NodeNames).toEqual([]);
  });
});
