import { describe, expect, it } from "vitest";
import { isUnheard } from "../../src/maintenance-windows.ts";

const minute = 60_000;
const hardMaxAgeMs = 15 * minute;

describe("MaintenanceWindows", () => {
  it.each([
    ["alone are silent for too long", 16, 1, hardMaxAgeMs, true],
    ["are silent with the nodes: the API server is away", 16, 16, hardMaxAgeMs, false],
    ["are as quiet as they may be", 15, 1, hardMaxAgeMs, false],
    ["are quiet, where little is believed for long", 4, 1, 10_000, false],
    ["alone are silent, where little is believed for long", 6, 1, 10_000, true],
  ])("%s", (_, windows, nodes, hardMax, expected) => {
    const silences = [{ silentMs: windows * minute }, { silentMs: nodes * minute }] as const;
    expect(isUnheard(...silences, hardMax)).toBe(expected);
  });

  it("were never listed: that is for readiness to say", () => {
    expect(isUnheard({ silentMs: undefined }, { silentMs: 1 }, hardMaxAgeMs)).toBe(false);
  });
});
