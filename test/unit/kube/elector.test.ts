import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Elector } from "../../../src/kube/elector.ts";
import { KubeError } from "../../../src/kube/errors.ts";
import type { LeaseStore } from "../../../src/kube/lease.ts";
import { FakeClock } from "./fake-clock.ts";
import { leaseStoreContract } from "./lease-contract.ts";
import { MemoryLease } from "./memory-lease.ts";
import { quiet } from "./quiet.ts";

describe("a lease in memory", () => {
  leaseStoreContract(() => new MemoryLease());
});

interface Candidate {
  readonly elector: Elector;
  readonly heard: string[];
}

function candidate(
  clock: FakeClock,
  store: LeaseStore,
  identity: string,
  { skewMs = 0, random = 0.5 } = {},
): Candidate {
  const heard: string[] = [];
  const elector = new Elector({
    name: "gpuinfo",
    identity,
    store,
    onStartedLeading: () => heard.push("started"),
    onStoppedLeading: (why) => heard.push(why),
    log: quiet,
    clock: clock.seenWithSkew(skewMs),
    random: () => random,
  });
  elector.start();
  return { elector, heard };
}

/** A way to a lease that can fail in the ways of a network. */
class Wire implements LeaseStore {
  fault: "none" | "refused" | "hangs" | "answer lost" | "answer late" = "none";
  readonly #store: LeaseStore;

  constructor(store: LeaseStore) {
    this.#store = store;
  }

  read: LeaseStore["read"] = async (signal) =>
    this.#pass(signal, async () => this.#store.read(signal));
  create: LeaseStore["create"] = async (record, signal) =>
    this.#pass(signal, async () => this.#store.create(record, signal));
  update: LeaseStore["update"] = async (record, version, signal) =>
    this.#pass(signal, async () => this.#store.update(record, version, signal));

  async #pass<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const { fault } = this;
    if (fault === "refused") throw new KubeError("unreachable", "connection refused");
    if (fault === "hangs") await aborted(signal);
    const answer = await work();
    if (fault === "answer lost") await aborted(signal);
    if (fault === "answer late") await aborted(signal).catch(() => {});
    return answer;
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const giveUp = (): void => reject(new KubeError("aborted", "aborted"));
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp);
  });
}

describe("an elector", () => {
  it("leads at once when nobody does", async () => {
    const clock = new FakeClock();
    const { elector, heard } = candidate(clock, new MemoryLease(), "first");
    await clock.advance(0);
    expect(heard).toEqual(["started"]);
    expect(elector.leading).toBe(true);
    expect(elector.leader).toBe("first");
  });

  it("lets a second one wait as long as the first renews", async () => {
    const clock = new FakeClock();
    const lease = new MemoryLease();
    const first = candidate(clock, lease, "first");
    await clock.advance(100);
    const second = candidate(clock, lease, "second");
    await clock.advance(600_000);
    expect(first.heard).toEqual(["started"]);
    expect(second.heard).toEqual([]);
    expect(second.elector.leader).toBe("first");
  });

  it.each([
    ["behind", -3_600_000],
    ["right", 0],
    ["ahead", 3_600_000],
  ])("takes over 15 s after the leader's last sign, its clock being %s", async (_where, skewMs) => {
    const clock = new FakeClock();
    const lease = new MemoryLease();
    const wire = new Wire(lease);
    const first = candidate(clock, wire, "first");
    await clock.advance(0);
    const second = candidate(clock, lease, "second", { skewMs });
    await clock.advance(10_000);
    wire.fault = "refused";
    await clock.advance(14_000);
    expect(second.elector.leading).toBe(false);
    await clock.advance(4_000);
    expect(second.elector.leading).toBe(true);
    expect(first.heard).toEqual(["started", "lost"]);
  });

  it("takes over within 3 s when the leader gives the lease back", async () => {
    const clock = new FakeClock();
    const lease = new MemoryLease();
    const first = candidate(clock, lease, "first");
    await clock.advance(0);
    const second = candidate(clock, lease, "second", { random: 0.999 });
    await clock.advance(5_000);
    await first.elector.stop();
    expect(first.heard).toEqual(["started", "released"]);
    await clock.advance(3_000);
    expect(second.elector.leading).toBe(true);
  });

  it.each(["refused", "hangs", "answer lost", "answer late"] as const)(
    "stops leading 10 s after its last renewal when requests meet: %s",
    async (fault) => {
      const clock = new FakeClock();
      const wire = new Wire(new MemoryLease());
      const { elector, heard } = candidate(clock, wire, "first");
      await clock.advance(2_500);
      wire.fault = fault;
      await clock.advance(9_000);
      expect(heard).toEqual(["started"]);
      await clock.advance(3_000);
      expect(heard).toEqual(["started", "lost"]);
      expect(elector.leading).toBe(false);
    },
  );

  it("survives a single request that hangs", async () => {
    const clock = new FakeClock();
    const wire = new Wire(new MemoryLease());
    const { heard } = candidate(clock, wire, "first");
    await clock.advance(100);
    wire.fault = "hangs";
    await clock.advance(3_000);
    wire.fault = "none";
    await clock.advance(60_000);
    expect(heard).toEqual(["started"]);
  });

  it("stops leading as soon as it sees that another has the lease", async () => {
    const clock = new FakeClock();
    const lease = new MemoryLease();
    const { heard } = candidate(clock, lease, "first");
    await clock.advance(0);
    lease.delete();
    await lease.create(
      {
        holder: "thief",
        durationSeconds: 15,
        acquireTime: "2026-11-22T00:00:00.000000Z",
        renewTime: "2026-11-22T00:00:00.000000Z",
        transitions: 0,
      },
      new AbortController().signal,
    );
    await clock.advance(2_000);
    expect(heard).toEqual(["started", "lost"]);
  });

  it("knows that its lease has run out before it could do anything about it", async () => {
    const clock = new FakeClock();
    const { elector, heard } = candidate(clock, new MemoryLease(), "first");
    await clock.advance(0);
    clock.skip(14_999);
    expect(elector.leading).toBe(true);
    clock.skip(1);
    expect(elector.leading).toBe(false);
    await clock.advance(0);
    expect(heard).toEqual(["started", "lost"]);
  });

  it("creates the lease anew when somebody deletes it", async () => {
    const clock = new FakeClock();
    const lease = new MemoryLease();
    const { heard, elector } = candidate(clock, lease, "first");
    await clock.advance(0);
    lease.delete();
    await clock.advance(60_000);
    expect(heard).toEqual(["started"]);
    expect(elector.leading).toBe(true);
  });

  it("stops waiting when it is stopped before it ever led", async () => {
    const clock = new FakeClock();
    const lease = new MemoryLease();
    const first = candidate(clock, lease, "first");
    await clock.advance(0);
    const second = candidate(clock, lease, "second");
    await clock.advance(0);
    await second.elector.stop();
    expect(second.heard).toEqual([]);
    expect(first.elector.leading).toBe(true);
  });

  it("never leads beside another, whatever the network does", async () => {
    const faults = fc.constantFrom(
      "none",
      "none",
      "refused",
      "hangs",
      "answer lost",
      "answer late",
    );
    const step = fc.record({ who: fc.nat(2), fault: faults, forMs: fc.nat(12_000) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.array(fc.nat(99)),
        async (steps, dice) => {
          const clock = new FakeClock();
          const lease = new MemoryLease();
          const wires = ["a", "b", "c"].map((identity, i) => {
            const wire = new Wire(lease);
            const random = (dice[i] ?? 50) / 100;
            const { elector } = candidate(clock, wire, identity, { random, skewMs: i * 977_000 });
            return { wire, elector };
          });
          const atMostOne = (): void => {
            expect(wires.filter(({ elector }) => elector.leading).length).toBeLessThanOrEqual(1);
          };
          for (const { who, fault, forMs } of steps) {
            const chosen = wires[who];
            if (chosen !== undefined) chosen.wire.fault = fault;
            await clock.advance(forMs, atMostOne);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
