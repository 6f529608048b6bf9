import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Latch } from "../../../src/vsphere/latch.ts";
import { RescanPacer } from "../../../src/vsphere/rescan-pacer.ts";
import { runTogether } from "../../../src/vsphere/together.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("RescanPacer", () => {
  it.each([
    [299_999, "nothing", 1],
    [300_000, "all", 0],
    [400_000, "all", 0],
  ])("after %d ms: %s, next in %d ms", (ms, due, nextInMs) => {
    const pacer = aPacer();
    vi.advanceTimersByTime(ms);
    expect([pacer.due(), pacer.nextInMs()]).toEqual([due, nextInMs]);
  });

  it("looks for the machine of a new node at once, when the last look is long ago", () => {
    const pacer = aPacer();
    vi.advanceTimersByTime(40_000);
    expect(pacer.noteUnmatched(1)).toBe(true);
    expect(pacer.due()).toBe("virtualMachines");
  });

  it("waits for 30 s between two looks", () => {
    const pacer = aPacer();
    vi.advanceTimersByTime(10_000);
    pacer.noteUnmatched(1);
    expect([pacer.due(), pacer.nextInMs()]).toEqual(["nothing", 20_000]);
  });

  it("loses patience with a node that is no virtual machine", () => {
    const pacer = aPacer();
    pacer.noteUnmatched(1);
    const looks: number[] = [];
    while (Date.now() < 299_000) {
      vi.advanceTimersByTime(1_000);
      if (pacer.due() !== "virtualMachines") continue;
      looks.push(Date.now() / 1000);
      pacer.scannedMachines();
      pacer.noteUnmatched(1);
    }
    expect(looks).toEqual([30, 90, 210]);
  });

  it("takes new heart from another new node", () => {
    const pacer = aPacer();
    pacer.noteUnmatched(1);
    vi.advanceTimersByTime(30_000);
    pacer.scannedMachines();
    expect(pacer.noteUnmatched(2)).toBe(true);
    expect(pacer.nextInMs()).toBe(30_000);
  });

  it("does not look when every node has its machine", () => {
    const pacer = aPacer();
    pacer.noteUnmatched(1);
    pacer.noteUnmatched(0);
    vi.advanceTimersByTime(200_000);
    expect(pacer.due()).toBe("nothing");
  });

  it("asks for a full read once", () => {
    const pacer = aPacer();
    expect(pacer.takeFullRead()).toBe(false);
    pacer.wantFullRead();
    expect([pacer.takeFullRead(), pacer.takeFullRead()]).toEqual([true, false]);
  });
});

describe("Latch", () => {
  const { signal } = new AbortController();

  it("remembers that it was raised before anyone waited, once", async () => {
    const latch = new Latch();
    latch.raise();
    latch.raise();
    await latch.take(signal);
    const second = vi.fn<() => void>();
    void latch.take(signal, 1_000).then(second);
    await vi.advanceTimersByTimeAsync(999);
    expect(second).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(second).toHaveBeenCalled();
  });

  it("wakes who waits", async () => {
    const latch = new Latch();
    const taken = latch.take(signal);
    latch.raise();
    await expect(taken).resolves.toBeUndefined();
  });

  it("does not lose a raise while its taker is busy", async () => {
    const latch = new Latch();
    const first = latch.take(signal);
    latch.raise();
    await first;
    latch.raise();
    await expect(latch.take(signal)).resolves.toBeUndefined();
  });

  it("throws the signal's reason, waiting or not", async () => {
    const stopping = new AbortController();
    const latch = new Latch();
    const waiting = latch.take(stopping.signal, 60_000);
    stopping.abort(new Error("stop"));
    await expect(waiting).rejects.toThrow("stop");
    await expect(latch.take(stopping.signal)).rejects.toThrow("stop");
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("runTogether", () => {
  it("stops the others when one fails, waits for them, and throws what the first one threw", async () => {
    const { signal } = new AbortController();
    const cleanedUp = vi.fn<() => void>();
    const slowToEnd = async (stop: AbortSignal) => {
      await forever(stop).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 10));
      cleanedUp();
    };
    const running = runTogether(signal, [
      slowToEnd,
      async () => {
        throw new Error("first");
      },
    ]);
    const outcome = running.catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(10);
    expect(await outcome).toEqual(new Error("first"));
    expect(cleanedUp).toHaveBeenCalled();
  });

  it("ends with the outer signal's reason", async () => {
    const stopping = new AbortController();
    const running = runTogether(stopping.signal, [forever, forever]);
    stopping.abort(new Error("stop"));
    await expect(running).rejects.toThrow("stop");
  });
});

function aPacer(): RescanPacer {
  const pacer = new RescanPacer({ fullReadMs: 300_000, rescanMs: 30_000 }, Date.now);
  pacer.scannedAll();
  pacer.scannedMachines();
  return pacer;
}

function forever(signal: AbortSignal): Promise<void> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}
