import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { soon } from "../../src/soon.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("soon", () => {
  it("makes one piece of work of a burst of calls, and does not put it off for them", async () => {
    const work = vi.fn<() => Promise<void>>(async () => {});
    const later = soon(50, work, () => {});
    later.call();
    await vi.advanceTimersByTimeAsync(40);
    later.call();
    await vi.advanceTimersByTimeAsync(10);
    expect(work).toHaveBeenCalledTimes(1);
    later.call();
    await vi.advanceTimersByTimeAsync(50);
    expect(work).toHaveBeenCalledTimes(2);
  });

  it("tells what went wrong, and works again at the next call", async () => {
    const errors: unknown[] = [];
    const later = soon(
      1,
      () => Promise.reject(new Error("broken")),
      (error) => errors.push(error),
    );
    for (const _ of [1, 2]) {
      later.call();
      await vi.advanceTimersByTimeAsync(1);
    }
    expect(errors).toEqual([new Error("broken"), new Error("broken")]);
  });

  it("does nothing any more once it was stopped", async () => {
    const work = vi.fn<() => Promise<void>>(async () => {});
    const later = soon(1, work, () => {});
    later.call();
    later.stop();
    await vi.advanceTimersByTimeAsync(10);
    expect(work).not.toHaveBeenCalled();
  });
});
