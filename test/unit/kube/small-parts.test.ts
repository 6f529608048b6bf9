import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Backoff } from "../../../src/kube/backoff.ts";
import { microTime } from "../../../src/kube/clock.ts";
import { linesOf } from "../../../src/kube/lines.ts";
import { gpuInfos, leases, nodes, pathOf } from "../../../src/kube/resource.ts";
import { TokenBucket } from "../../../src/kube/token-bucket.ts";

describe("a back-off", () => {
  it("doubles from 0.8 s to 30 s, with up to as much again at random, and starts anew after a reset", () => {
    const plain = new Backoff({ baseMs: 800, capMs: 30_000, random: () => 0 });
    expect(Array.from({ length: 7 }, () => plain.nextMs())).toEqual([
      800, 1600, 3200, 6400, 12_800, 25_600, 30_000,
    ]);
    plain.reset();
    expect(plain.nextMs()).toBe(800);
    expect(new Backoff({ baseMs: 800, capMs: 30_000, random: () => 0.5 }).nextMs()).toBe(1200);
  });

  it("never waits longer than its cap, after however many failures", () => {
    const backoff = new Backoff({ baseMs: 800, capMs: 30_000 });
    for (let i = 0; i < 2000; i++) expect(backoff.nextMs()).toBeLessThanOrEqual(30_000);
  });
});

describe("a token bucket", () => {
  it("lets a burst through and then one at a time", () => {
    const bucket = new TokenBucket(10, 2);
    expect([0, 0, 0, 0].map((at) => bucket.reserve(at))).toEqual([0, 0, 100, 200]);
    expect(bucket.reserve(300)).toBe(0);
  });

  it("refuses when it is empty, is never fuller than its burst, and knows when it is full", () => {
    const bucket = new TokenBucket(1, 2);
    expect([0, 0, 0].map((at) => bucket.tryTake(at))).toEqual([true, true, false]);
    expect(bucket.isFull(1999)).toBe(false);
    expect(bucket.isFull(3_600_000)).toBe(true);
    expect([0, 0, 0].map(() => bucket.tryTake(3_600_000))).toEqual([true, true, false]);
  });
});

describe("the path of a resource", () => {
  it.each([
    [nodes, {}, "/api/v1/nodes"],
    [nodes, { name: "worker-1" }, "/api/v1/nodes/worker-1"],
    [gpuInfos, {}, "/apis/topology.corinternal.com/v1/gpuinfoes"],
    [
      gpuInfos,
      { namespace: "ml", name: "gpu1", subresource: "status" },
      "/apis/topology.corinternal.com/v1/namespaces/ml/gpuinfoes/gpu1/status",
    ],
    [
      leases,
      { namespace: "a/../b", name: "c?d" },
      "/apis/coordination.k8s.io/v1/namespaces/a%2F..%2Fb/leases/c%3Fd",
    ],
  ])("%j %j is spelled as the API server wants it", (resource, place, path) => {
    expect(pathOf(resource, place)).toBe(path);
  });
});

describe("a micro time", () => {
  it("has six decimals, without which the API server refuses it", () => {
    expect(microTime(new Date("2026-11-22T10:00:00Z"))).toBe("2026-11-22T10:00:00.000000Z");
  });
});

describe("lines", () => {
  it("come out whole, however the bytes are cut, also within a character", async () => {
    const line = fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\n", ""));
    const sizes = fc.array(fc.nat(20));
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1 }), sizes, async (lines, cuts) => {
        const bytes = new TextEncoder().encode(lines.map((text) => `${text}\n`).join(""));
        expect(await readAll(cutInto(bytes, cuts))).toEqual(lines);
      }),
    );
  });

  it("include the last one where the stream ends without a line end", async () => {
    const bytes = new TextEncoder().encode("a\nb");
    expect(await readAll(cutInto(bytes, []))).toEqual(["a", "b"]);
  });
});

async function* cutInto(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const size of sizes) {
    yield bytes.subarray(from, from + size);
    from += size;
  }
  yield bytes.subarray(from);
}

async function readAll(pieces: AsyncIterable<Uint8Array>): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(pieces)) lines.push(line);
  return lines;
}
