import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Agent } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createAuthority, type KeyPair } from "../../hack/stack/cluster/pki.ts";
import type { ExtenderAccess } from "../../hack/stack/placement/parts.ts";
import { type PlacingStack, startStack } from "../../hack/stack/stack.ts";
import { replicaOf } from "../support/answers.ts";
import { issueClient, renew } from "../support/cert-manager.ts";
import { type Answer, agentFor, call } from "../support/https.ts";
import { metric } from "../support/metrics.ts";
import { placementFleet } from "../support/placement-fleet.ts";
import { annotationsFor, place, removeWork, untilAllLabelled } from "../support/pods.ts";

let stack: PlacingStack;
let extender: ExtenderAccess;
beforeAll(async () => {
  stack = await startStack({ fleet: await placementFleet(), placement: "scheduler" });
  await untilAllLabelled(stack, stack.nodes);
  if (stack.extender === undefined) throw new Error("the stack has no extender");
  extender = stack.extender;
});
afterAll(() => stack?.stop());

const agents: Agent[] = [];
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy();
  await removeWork(stack);
});

/** A client of the extender; without `pair` one that shows no certificate. */
function client(pair: KeyPair | undefined, options: object = {}): Agent {
  const ca = readFileSync(extender.caFile, "utf8");
  const agent = agentFor(
    { ca, ...(pair !== undefined && { pair }) },
    { servername: extender.serverName, ...options },
  );
  agents.push(agent);
  return agent;
}

function schedulersPair(): KeyPair {
  return {
    certPem: readFileSync(extender.certFile, "utf8"),
    keyPem: readFileSync(extender.keyFile, "utf8"),
  };
}

const filterBody = JSON.stringify({
  Pod: {
    metadata: {
      name: "train",
      namespace: "default",
      annotations: annotationsFor({ hours: 300, gpu: true }),
    },
    spec: { containers: [] },
  },
  Nodes: null,
  NodeNames: ["gpu-a", "gpu-b"],
});

async function filter(agent: Agent): Promise<Answer> {
  return call(Number(new URL(extender.url).port), agent, filterBody);
}

async function failureOf(attempt: Promise<Answer>): Promise<string> {
  return attempt.then(
    ({ status }) => `answered ${status}`,
    (error: Error) => error.message,
  );
}

const handshakeFailures = async () =>
  metric(replicaOf(stack), "gpuinfo_tls_handshake_failures_total", { listener: "extender" });

describe("the extender", () => {
  it("answers the scheduler's certificate", async () => {
    const answer = await filter(client(schedulersPair()));
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({ NodeNames: ["gpu-a"], Error: "" });
  });

  it("refuses an anonymous client", async () => {
    const before = await handshakeFailures();
    expect(await failureOf(filter(client(undefined)))).toMatch(
      /certificate required|ECONNRESET|hang up/,
    );
    expect(await handshakeFailures()).toBe(before + 1);
  });

  it("refuses a client whose certificate is another authority's", async () => {
    const before = await handshakeFailures();
    const stranger = await createAuthority("gpuinfo-ca");
    const pair = await stranger.issue({ commonName: "gpuinfo-scheduler" });
    expect(await failureOf(filter(client(pair)))).toMatch(/alert|ECONNRESET|hang up/);
    expect(await handshakeFailures()).toBe(before + 1);
  });

  it("refuses a client of the right authority with a wrong name, and says which name it wants", async () => {
    const answer = await filter(client(await issueClient(stack, "someone-else")));
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('is for "someone-else", wanted "gpuinfo-scheduler"');
  });

  it("is not trusted by a client of another authority", async () => {
    const { caPem } = await createAuthority("gpuinfo-ca");
    expect(await failureOf(filter(client(schedulersPair(), { ca: caPem })))).toMatch(/certificate/);
  });
});

describe("rotation of the leaf certificates", () => {
  it("fails not one of 50 calls a second", { timeout: 90_000 }, async () => {
    const pair = schedulersPair();
    const kept = client(pair);
    const fresh = client(pair, { keepAlive: false });
    const calls: Promise<Answer | string>[] = [];
    const over = new AbortController();
    const rotated = rotateTwice().finally(() => over.abort());
    // Over both rotations, and for three seconds at least where those are quick.
    for (let turn = 0; !over.signal.aborted || turn < 150; turn += 1) {
      calls.push(filter(turn % 2 === 0 ? kept : fresh).catch(String));
      await sleep(20);
    }
    const serving = await rotated;
    const answers = await Promise.all(calls);
    expect(answers.filter((answer) => typeof answer === "string" || answer.status !== 200)).toEqual(
      [],
    );
    const { fingerprint256, validTo } = new X509Certificate(serving.certPem);
    expect((await filter(client(schedulersPair()))).fingerprint).toBe(fingerprint256);
    const expiry = await metric(replicaOf(stack), "gpuinfo_certificate_expiry_timestamp_seconds");
    expect(expiry).toBe(Date.parse(validTo) / 1_000);
  });

  it("goes unnoticed by the API server and kube-scheduler", { timeout: 60_000 }, async () => {
    const { certPem } = schedulersPair();
    await rotateBoth();
    expect(schedulersPair().certPem).not.toBe(certPem);
    expect(await place(stack, "after", { hours: 300, gpu: true })).toBe("gpu-a");
  });
});

async function rotateTwice(): Promise<KeyPair> {
  await rotateBoth();
  await sleep(500);
  const serving = await rotateBoth();
  await sleep(500);
  return serving;
}

/** Resolves once gpuinfo serves with the new certificate, and the scheduler has its own on disk. */
async function rotateBoth(): Promise<KeyPair> {
  const [serving, scheduler] = [
    await renew(stack, "gpuinfo-serving"),
    await renew(stack, "gpuinfo-scheduler-client"),
  ];
  const { fingerprint256 } = new X509Certificate(serving.certPem);
  await expect
    .poll(async () => (await filter(client(schedulersPair()))).fingerprint, { timeout: 20_000 })
    .toBe(fingerprint256);
  await expect.poll(() => schedulersPair(), { timeout: 20_000 }).toEqual(scheduler);
  return serving;
}
