import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { takeTurns } from "../../../src/reconciler/turns.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("taking turns", () => {
  it("does not stop work that is done in a moment", async () => {
    const turn = takeTurns();
    vi.advanceTimersByTime(9);
    await turn();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("rests three times as long as was worked, each time", async () => {
    const turn = takeTurns();
    for (const workedMs of [10, 40]) {
      vi.advanceTimersByTime(workedMs);
      const rested = vi.fn<() => void>();
      const resting = turn().then(rested);
      await vi.advanceTimersByTimeAsync(3 * workedMs - 1);
      expect(rested).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1);
      await resting;
      await turn();
    }
  });
});
