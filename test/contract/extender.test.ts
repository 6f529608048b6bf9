import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import type { Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAuthority } from "../../hack/stack/cluster/pki.ts";
import { ensureTool } from "../../hack/stack/tools.ts";
import { close, portOf } from "../../src/serve.ts";
import { Certificates } from "../../src/tls/certificates.ts";
import { listenTls } from "../../src/tls/listen.ts";
import { anExtender, aPod } from "../support/extender.ts";
import {
  type ExtenderCall,
  ExtenderClient,
  type ExtenderServer,
} from "../support/extender-client.ts";
import {
  type ExtenderPki,
  issueClient,
  issueExtenderPki,
  schedulerName,
  serverName,
} from "../support/extender-pki.ts";
import { manyNodes } from "../support/many-nodes.ts";

const log = pino({ level: "silent" });
const { nodes, inventory, names } = manyNodes(15_000);
const { app, calls, selectNodes } = anExtender({ nodes, inventory });

let dir = "";
let pki: ExtenderPki;
let certificates: Certificates;
let server: Server;
let connections = 0;
let client: ExtenderClient;
let asScheduler: ExtenderServer;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "extender-contract-"));
  pki = await issueExtenderPki(dir);
  certificates = new Certificates({ dir: pki.servingDir, log });
  await certificates.start();
  server = await listenTls(
    app,
    { host: "127.0.0.1", port: 0 },
    { name: "extender", certificates, clientNames: new Set([schedulerName]), log },
  );
  server.on("secureConnection", () => {
    connections += 1;
  });
  asScheduler = {
    urlPrefix: `https://127.0.0.1:${portOf(server)}`,
    ...pki.scheduler,
    serverName,
    nodeCacheCapable: true,
  };
  client = await ExtenderClient.start();
}, 300_000);

afterAll(async () => {
  await client.stop();
  certificates.stop();
  await close(server);
  await rm(dir, { recursive: true });
});

function ask(call: Partial<ExtenderCall>) {
  return client.call({ server: asScheduler, verb: "filter", pod: aPod(), names: [], ...call });
}

/** Best first, as a GPUInfo with the same needs would have it. */
function ranked(): readonly string[] {
  const selection = selectNodes({ gpu: true, hours: 100 }, { audience: "pod" });
  if (selection.kind === "unavailable") throw new Error(selection.message);
  return selection.ranking.fitting.map(({ node }) => node.name);
}

describe("kube-scheduler's own client, over mutual TLS", () => {
  it.each([0, 1, 5, 5_000, 15_000])("filters %i nodes", async (count) => {
    const asked = names.slice(0, count);
    const { lists, errors, unresolvable } = await ask({ names: asked, detail: true });
    const fitting = new Set(ranked());
    expect(errors).toBeUndefined();
    expect(lists?.feasible ?? []).toEqual(asked.filter((name) => fitting.has(name)));
    expect(lists?.failed).toBeUndefined();
    const rejected = asked.filter((name) => !fitting.has(name));
    expect(Object.keys(lists?.unresolvable ?? {})).toEqual(rejected.toSorted());
    const expected = rejected.length === 0 ? {} : { "gpuinfo: no GPU (NoGpu)": rejected.length };
    expect(unresolvable ?? {}).toEqual(expected);
  });

  it.each([0, 1, 5, 5_000, 15_000])("prioritizes %i nodes", async (count) => {
    const fitting = new Set(ranked());
    const asked = names.filter((name) => fitting.has(name)).slice(0, count);
    const { lists, best, errors } = await ask({ verb: "prioritize", names: asked, detail: true });
    expect(errors).toBeUndefined();
    expect(Object.keys(lists?.scores ?? {})).toEqual(asked);
    const wanted = ranked().find((name) => asked.includes(name));
    expect(best ?? []).toEqual(wanted === undefined ? [] : [wanted]);
    expect(lists?.scores?.[wanted ?? ""]).toBe(wanted === undefined ? undefined : 10);
  });

  it("answers alike in whatever order the names come", async () => {
    const once = await ask({ verb: "prioritize", names: names.slice(0, 500), detail: true });
    const shuffled = await ask({
      verb: "prioritize",
      names: names.slice(0, 500),
      order: "shuffled",
      repeat: 3,
      detail: true,
    });
    expect(shuffled.lists?.scores).toEqual(once.lists?.scores);
  });

  it("lets a pod without our annotations go everywhere", async () => {
    const { feasible, unresolvable } = await ask({ pod: aPod({}), names: names.slice(0, 100) });
    expect([feasible, unresolvable]).toEqual([100, undefined]);
  });

  it("keeps one connection over large and small answers, and over 10 s of rest", async () => {
    await ask({ names });
    const before = connections;
    for (const verb of ["filter", "prioritize"] as const) {
      const { errors } = await ask({ verb, names, order: "rotated", repeat: 5 });
      expect(errors).toBeUndefined();
    }
    const rested = await ask({ names: names.slice(0, 10), repeat: 2, pauseMs: 10_000 });
    expect(rested.errors).toBeUndefined();
    expect(connections).toBe(before);
  }, 30_000);

  it("answers 500 whole nodes with an error that says what to set", async () => {
    const full = {
      server: { ...asScheduler, nodeCacheCapable: false },
      names: names.slice(0, 500),
      nodeBytes: 6_000,
    };
    const { errors } = await ask(full);
    expect(Object.keys(errors ?? {})).toEqual([expect.stringContaining("nodeCacheCapable: true")]);
    const scores = await ask({ ...full, verb: "prioritize" });
    expect(Object.keys(scores.errors ?? {})).toEqual([expect.stringContaining("code 400")]);
  });

  it("is told what is wrong with a pod's annotations", async () => {
    const pod = aPod({ "topology.corinternal.com/des-acc-time": "soon" });
    const { errors } = await ask({ pod, names: names.slice(0, 3) });
    expect(Object.keys(errors ?? {})).toEqual([expect.stringMatching(/des-acc-time.*soon/)]);
  });
});

/** What such a scheduler would report; it must not have got as far as the extender itself. */
async function errorOf(at: ExtenderServer): Promise<string> {
  const before = calls.length;
  const { errors } = await ask({ server: at, names: names.slice(0, 3) });
  if (calls.length > before) throw new Error("the extender was reached");
  return Object.keys(errors ?? {}).join();
}

describe("a client that is not the scheduler", () => {
  it("is refused without a certificate", async () => {
    const anonymous = { ...asScheduler, certFile: "", keyFile: "" };
    expect(await errorOf(anonymous)).toMatch(/certificate required/);
  });

  it("is refused with another authority's certificate", async () => {
    const other = await createAuthority("somebody else");
    const files = await issueClient(join(dir, "other"), other, pki.scheduler.caFile, {
      commonName: schedulerName,
    });
    // Node hangs up where others send an alert.
    expect(await errorOf({ ...asScheduler, ...files })).toMatch(/EOF|reset|broken pipe/);
  });

  it("is refused under another name", async () => {
    const files = await issueClient(join(dir, "name"), pki.authority, pki.scheduler.caFile, {
      commonName: "kube-scheduler",
    });
    expect(await errorOf({ ...asScheduler, ...files })).toMatch(/code 403/);
  });

  it("does not talk to a server that it cannot check", async () => {
    const other = await issueExtenderPki(join(dir, "trust"));
    const trusting = { ...asScheduler, caFile: other.scheduler.caFile };
    expect(await errorOf(trusting)).toMatch(/certificate signed by unknown authority/);
  });
});

it("keeps the golden bodies at what the pinned client sends and decodes", async () => {
  const fresh = await mkdtemp(join(dir, "golden-"));
  execFileSync(await ensureTool("extender-client"), ["golden", fresh]);
  const kept = join(import.meta.dirname, "../unit/extender/golden");
  expect((await readdir(fresh)).toSorted()).toEqual((await readdir(kept)).toSorted());
  for (const name of await readdir(fresh)) {
    expect(readFileSync(join(kept, name), "utf8")).toBe(readFileSync(join(fresh, name), "utf8"));
  }
});
