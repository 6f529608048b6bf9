import { describe, expect, it } from "vitest";
import { freshness, type VcenterState } from "../../../src/reconciler/freshness.ts";
import { now } from "../../support/builders.ts";

const settings = { softMaxAgeMs: 120_000, usageSoftMaxAgeMs: 180_000 };
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1_000);

function aVcenter(name: string, seconds = 0, overrides: Partial<VcenterState> = {}): VcenterState {
  return { name, takenAt: ago(seconds), usageTakenAt: ago(seconds), ...overrides };
}

/** "InventoryFresh=True InventoryFresh: vCenter answers", and the same of UsageFresh. */
function tell(...vcenters: VcenterState[]): string[] {
  return freshness(vcenters, now, settings).map(
    ({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`,
  );
}

const inventoryFresh = "InventoryFresh=True InventoryFresh: vCenter answers";
const usageFresh = "UsageFresh=True UsageFresh: CPU and memory numbers are recent";

describe("freshness", () => {
  it.each<[string, readonly VcenterState[], readonly string[]]>([
    [
      "is there at the soft ages exactly",
      [aVcenter("east", 0, { takenAt: ago(120), usageTakenAt: ago(180) })],
      [inventoryFresh, usageFresh],
    ],
    [
      "is not there of state a moment later",
      [aVcenter("east", 121)],
      [
        "InventoryFresh=False InventoryStale: vCenter east was last read at 2026-11-22T11:57:59Z; no answer since",
        usageFresh,
      ],
    ],
    [
      "of usage numbers is judged apart",
      [aVcenter("east", 0, { usageTakenAt: ago(181) })],
      [
        inventoryFresh,
        "UsageFresh=False UsageStale: CPU and memory numbers of vCenter east were last read at 2026-11-22T11:56:59Z",
      ],
    ],
    [
      "names every vCenter that is too old, and no other",
      [aVcenter("east", 200, { problem: "gone" }), aVcenter("mid"), aVcenter("west", 300)],
      [
        "InventoryFresh=False InventoryStale: vCenter east was last read at 2026-11-22T11:56:40Z; gone; vCenter west was last read at 2026-11-22T11:55:00Z; no answer since",
        "UsageFresh=False UsageStale: CPU and memory numbers of vCenter east were last read at 2026-11-22T11:56:40Z; CPU and memory numbers of vCenter west were last read at 2026-11-22T11:55:00Z",
      ],
    ],
    [
      "is not there while a vCenter has not been read",
      [aVcenter("east"), { name: "west", problem: "wrong password" }],
      [
        "InventoryFresh=False InventoryNotReady: vCenter west has not been read yet; wrong password",
        usageFresh,
      ],
    ],
    [
      "is called stale rather than not ready where both are true",
      [aVcenter("east", 121), { name: "west" }],
      [
        "InventoryFresh=False InventoryStale: vCenter east was last read at 2026-11-22T11:57:59Z; no answer since; vCenter west has not been read yet; no answer so far",
        usageFresh,
      ],
    ],
    [
      "does not suffer from trouble that is not old yet",
      [aVcenter("east", 60, { problem: "gone" })],
      [inventoryFresh, usageFresh],
    ],
  ])("%s", (_, vcenters, expected) => {
    expect(tell(...vcenters)).toEqual(expected);
  });
});
