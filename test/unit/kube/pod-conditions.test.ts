import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { Call } from "../../../src/kube/client.ts";
import { KubeError, type KubeErrorKind, refusal } from "../../../src/kube/errors.ts";
import { PodConditionWriter } from "../../../src/kube/pod-conditions.ts";
import { FakeClock } from "./fake-clock.ts";

const pod = { namespace: "ml", name: "train-0", uid: "uid-1" };
const condition = {
  status: "True",
  reason: "MaintenanceWindow",
  message: "maintenance begins",
  lastTransitionTime: "2026-11-22T12:00:00Z",
} as const;

function writing() {
  const clock = new FakeClock();
  const calls: Call[] = [];
  const lines: string[] = [];
  const outcomes: string[] = [];
  const state: { error: Error | undefined } = { error: undefined };
  const writer = new PodConditionWriter({
    client: {
      request: async (call) => {
        calls.push(call);
        if (state.error !== undefined) throw state.error;
        return {};
      },
    },
    log: pino({}, { write: (line) => lines.push(line) }),
    wrote: (outcome) => outcomes.push(outcome),
    clock: clock.seenWithSkew(0),
  });
  return {
    writer,
    clock,
    calls,
    lines,
    outcomes,
    state,
    write: async () => writer.write(pod, condition),
  };
}

describe("writing the condition of a pod", () => {
  it("names our condition and the pod's uid, and nothing else", async () => {
    const { write, calls, outcomes } = writing();
    expect(await write()).toBe("written");
    expect(calls).toEqual([
      {
        method: "PATCH",
        path: "/api/v1/namespaces/ml/pods/train-0/status",
        query: { fieldManager: "gpuinfo-placement-at-risk" },
        contentType: "application/strategic-merge-patch+json",
        body: {
          metadata: { uid: "uid-1" },
          status: {
            conditions: [{ type: "topology.corinternal.com/PlacementAtRisk", ...condition }],
          },
        },
      },
    ]);
    expect(outcomes).toEqual(["written"]);
  });

  it.each([
    ["there is no such pod", refusal("PATCH", 404, { reason: "NotFound" })],
    [
      "another has taken its name",
      refusal("PATCH", 422, {
        reason: "Invalid",
        details: { causes: [{ field: "metadata.uid" }] },
      }),
    ],
  ])("is over where %s", async (_, error) => {
    const { write, state, outcomes } = writing();
    state.error = error;
    expect(await write()).toBe("gone");
    expect(outcomes).toEqual(["gone"]);
  });

  it.each<KubeErrorKind>(["conflict", "busy", "unreachable", "timeout", "invalid", "server"])(
    "is left to the queue's back-off after %s",
    async (kind) => {
      const { write, state, outcomes, lines } = writing();
      state.error = new KubeError(kind, "no");
      await expect(write()).rejects.toMatchObject({ kind });
      expect(outcomes).toEqual(["failed"]);
      expect(lines).toEqual([]);
    },
  );

  it("does not count what it gave up itself", async () => {
    const { write, state, outcomes } = writing();
    state.error = new KubeError("aborted", "no");
    await expect(write()).rejects.toMatchObject({ kind: "aborted" });
    expect(outcomes).toEqual([]);
  });
});

describe("without the right", () => {
  it("asks every five minutes, and logs one line that says what to do", async () => {
    const { writer, write, state, calls, clock, lines, outcomes } = writing();
    state.error = refusal("PATCH", 403, { reason: "Forbidden" });
    for (let i = 0; i < 100; i++) expect(await write()).toBe("denied");
    expect(writer.isDenied).toBe(true);
    await clock.advance(5 * 60_000);
    expect(writer.isDenied).toBe(false);
    for (let i = 0; i < 100; i++) expect(await write()).toBe("denied");
    expect(calls).toHaveLength(2);
    expect(outcomes).toEqual(["denied", "denied"]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/gpuinfo-pod-status.*WATCH_PROMISES=false/);
  });

  it("goes on as soon as it has it, and complains anew when it is taken away", async () => {
    const { writer, write, state, clock, lines } = writing();
    state.error = refusal("PATCH", 403, { reason: "Forbidden" });
    await write();
    state.error = undefined;
    await clock.advance(5 * 60_000);
    expect(await write()).toBe("written");
    expect(writer.isDenied).toBe(false);
    state.error = refusal("PATCH", 403, { reason: "Forbidden" });
    await write();
    expect(lines).toHaveLength(2);
  });
});
