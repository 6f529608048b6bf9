import { describe, expect, it } from "vitest";
import { LogLimit } from "../../../src/tls/log-limit.ts";

describe("LogLimit", () => {
  it("lets one line per key and time through, and tells how many it held back", () => {
    const limit = new LogLimit(1_000);
    expect(limit.pass("a", 0)).toBe(0);
    expect(limit.pass("a", 1)).toBeUndefined();
    expect(limit.pass("b", 2)).toBe(0);
    expect(limit.pass("a", 999)).toBeUndefined();
    expect(limit.pass("a", 1_000)).toBe(2);
    expect(limit.pass("a", 2_000)).toBe(0);
  });
});
