import request from "supertest";
import { describe, expect, it } from "vitest";
import { healthApp } from "../../../src/health.ts";
import { vcenterChecks } from "../../../src/vcenters/readiness.ts";
import type { VcenterReading } from "../../../src/vcenters/reading.ts";

const minute = 60_000;
const now = Date.parse("2026-11-22T12:00:00Z");

function reading(name: string, ageMs?: number, problem?: string): VcenterReading {
  return {
    name,
    isRefused: false,
    ...(ageMs !== undefined && { takenAt: new Date(now - ageMs) }),
    ...(problem !== undefined && { problem }),
  };
}

async function readyz(
  readings: readonly VcenterReading[],
  { canAnswer = true, isTolerated = false } = {},
): Promise<string> {
  const checks = vcenterChecks({
    readings: () => readings,
    hardMaxAgeMs: 15 * minute,
    canAnswer: () => canAnswer,
    isTolerated: () => isTolerated,
    now: () => now,
  });
  return (await request(healthApp(checks)).get("/readyz")).text;
}

describe("/readyz", () => {
  it.each<[string, readonly VcenterReading[], object, string]>([
    [
      "has a line per vCenter",
      [reading("east", 10_000), reading("west", 20_000)],
      {},
      "[+]vcenter/east ok\n[+]vcenter/west ok\nready\n",
    ],
    [
      "calls the only vCenter just that",
      [reading("vcenter", 10_000)],
      {},
      "[+]vcenter ok\nready\n",
    ],
    [
      "shows trouble before it counts",
      [reading("vcenter", 2 * minute, "ECONNREFUSED")],
      {},
      "[!]vcenter last read 120 s ago; ECONNREFUSED\nready\n",
    ],
    [
      "is ready at the hard age exactly",
      [reading("vcenter", 15 * minute)],
      {},
      "[+]vcenter ok\nready\n",
    ],
    [
      "is not ready past it, whatever the health says",
      [reading("vcenter", 15 * minute + 1)],
      {},
      "[-]vcenter last read 900 s ago; no answer since\nnot ready\n",
    ],
    [
      "is ready while one vCenter is fresh, and shows that the other is not",
      [reading("east", 10_000), reading("west", 20 * minute, "ECONNREFUSED")],
      {},
      "[+]vcenter/east ok\n[!]vcenter/west last read 1200 s ago; ECONNREFUSED\nready\n",
    ],
    [
      "is not ready when all are silent",
      [reading("east", 16 * minute), reading("west", 20 * minute, "ECONNREFUSED")],
      {},
      "[-]vcenter/east last read 960 s ago; no answer since\n[-]vcenter/west last read 1200 s ago; ECONNREFUSED\nnot ready\n",
    ],
    [
      "waits at a start until there is an answer",
      [reading("east", 10_000), reading("west")],
      { canAnswer: false },
      "[+]vcenter/east ok\n[-]vcenter/west not read yet\nnot ready\n",
    ],
    [
      "says why a vCenter was never read",
      [reading("east", 10_000), reading("west", undefined, "wrong password")],
      {},
      "[+]vcenter/east ok\n[!]vcenter/west wrong password\nready\n",
    ],
    [
      "tolerates all of it where there is an answer without vCenter",
      [reading("east", 16 * minute), reading("west")],
      { isTolerated: true },
      "[!]vcenter/east last read 960 s ago; no answer since\n[!]vcenter/west not read yet\nready\n",
    ],
  ])("%s", async (_, readings, options, text) => {
    expect(await readyz(readings, options)).toBe(text);
  });
});
