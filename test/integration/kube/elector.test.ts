import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { type ControlPlane, startControlPlane } from "../../../hack/stack/control-plane.ts";
import { KubeClient } from "../../../src/kube/client.ts";
import { Elector, type ElectorTimings } from "../../../src/kube/elector.ts";
import { leaseStore } from "../../../src/kube/lease.ts";
import { leases, pathOf } from "../../../src/kube/resource.ts";
import { leaseStoreContract } from "../../unit/kube/lease-contract.ts";
import { quiet, startProxy } from "./support.ts";

let controlPlane: ControlPlane;

beforeAll(async () => {
  controlPlane = await startControlPlane();
});

afterAll(async () => {
  await controlPlane?.stop();
});

interface Candidate {
  readonly elector: Elector;
  readonly client: KubeClient;
  readonly heard: string[];
}

function candidate(
  name: string,
  identity: string,
  options: { kubeconfig?: string; timings?: Partial<ElectorTimings> } = {},
): Candidate {
  const client = new KubeClient({ kubeconfig: options.kubeconfig ?? controlPlane.kubeconfig });
  const heard: string[] = [];
  const elector = new Elector({
    name,
    identity,
    store: leaseStore(client, "default", name),
    onStartedLeading: () => heard.push("started"),
    onStoppedLeading: (why) => heard.push(why),
    log: quiet,
    ...(options.timings && { timings: options.timings }),
  });
  elector.start();
  onTestFinished(async () => {
    await elector.stop();
    await client.close();
  });
  return { elector, client, heard };
}

async function untilLeading({ elector }: Candidate, timeout: number): Promise<number> {
  const startedAt = performance.now();
  await vi.waitFor(() => expect(elector.leading).toBe(true), { timeout, interval: 20 });
  return performance.now() - startedAt;
}

interface WrittenLease {
  readonly metadata: { readonly labels?: object };
  readonly spec: { readonly holderIdentity: string; readonly renewTime: string };
}

async function leaseOf(name: string): Promise<WrittenLease> {
  return controlPlane.api.call("GET", pathOf(leases, { namespace: "default", name }));
}

describe("a lease on a real API server", () => {
  let client: KubeClient;
  let leasesMade = 0;

  beforeAll(() => {
    client = new KubeClient({ kubeconfig: controlPlane.kubeconfig });
  });

  afterAll(async () => client.close());

  leaseStoreContract(() => leaseStore(client, "default", `contract-${leasesMade++}`));
});

describe("leader election on a real API server", () => {
  it("lets one of two lead, and the other take over within 25 s when the leader dies", async () => {
    const first = candidate("killed", "first");
    await untilLeading(first, 5_000);
    const second = candidate("killed", "second");
    // Cut off, as a process that was killed: its lease is left behind.
    await first.client.close();
    expect(second.elector.leading).toBe(false);

    const tookMs = await untilLeading(second, 25_000);
    expect(tookMs).toBeGreaterThan(10_000);
    expect(second.elector.leader).toBe("second");
    expect(first.elector.leading).toBe(false);
    expect(first.heard).toEqual(["started", "lost"]);
    expect(await leaseOf("killed")).toMatchObject({
      spec: { holderIdentity: "second", leaseTransitions: 1, leaseDurationSeconds: 15 },
    });
  });

  it("hands the lease over within 3 s when the leader stops", async () => {
    const first = candidate("released", "first");
    await untilLeading(first, 5_000);
    const second = candidate("released", "second");
    await vi.waitFor(() => expect(second.elector.leader).toBe("first"), 5_000);

    await first.elector.stop();
    expect(first.heard).toEqual(["started", "released"]);
    expect(await untilLeading(second, 3_000)).toBeLessThan(3_000);
  });

  it("keeps what others have written on the lease", async () => {
    const quick = { leaseMs: 3_000, renewDeadlineMs: 2_000, retryMs: 100 };
    const { elector } = candidate("labelled", "first", { timings: quick });
    const path = pathOf(leases, { namespace: "default", name: "labelled" });
    await vi.waitFor(() => expect(elector.leading).toBe(true), 5_000);
    await controlPlane.api.call("PATCH", path, { metadata: { labels: { team: "ml" } } });
    const before = await leaseOf("labelled");
    await vi.waitFor(async () => {
      const after = await leaseOf("labelled");
      expect(after.spec.renewTime).not.toBe(before.spec.renewTime);
      expect(after.metadata.labels).toEqual({ team: "ml" });
    }, 5_000);
    expect(elector.leading).toBe(true);
  });

  it("goes on leading when connections break for less than the deadline", async () => {
    const proxy = await startProxy(controlPlane);
    onTestFinished(proxy.close);
    const quick = { leaseMs: 6_000, renewDeadlineMs: 4_000, retryMs: 200 };
    const { elector, heard } = candidate("shaky", "first", {
      kubeconfig: proxy.kubeconfig,
      timings: quick,
    });
    await vi.waitFor(() => expect(elector.leading).toBe(true), 5_000);
    proxy.refuse();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    proxy.open();
    const before = await leaseOf("shaky");
    await vi.waitFor(async () => expect((await leaseOf("shaky")).spec).not.toEqual(before.spec), {
      timeout: 5_000,
    });
    expect(heard).toEqual(["started"]);
  });

  it("stops leading when the connection hangs past the deadline", async () => {
    const proxy = await startProxy(controlPlane);
    onTestFinished(proxy.close);
    const quick = { leaseMs: 3_000, renewDeadlineMs: 1_500, retryMs: 100 };
    const { elector, heard } = candidate("hung", "first", {
      kubeconfig: proxy.kubeconfig,
      timings: quick,
    });
    await vi.waitFor(() => expect(elector.leading).toBe(true), 5_000);
    proxy.refuse();
    await vi.waitFor(() => expect(heard).toEqual(["started", "lost"]), { timeout: 4_000 });
    expect(elector.leading).toBe(false);
  });
});
