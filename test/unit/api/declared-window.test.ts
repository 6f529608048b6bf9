import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readDeclaredWindow } from "../../../src/api/declared-window.ts";
import { aDeclaredWindow, windowManifest } from "../../support/declared-windows.ts";

const recurring = { start: undefined, schedule: "0 2 * * 6" };

describe("a MaintenanceWindow", () => {
  it("is understood whatever is said of its reason", () => {
    const window = aDeclaredWindow({ spec: { reason: "🛠".repeat(200) } });
    expect(window.timing).toHaveProperty("kind", "once");
  });

  it("names hosts and clusters in whatever case", () => {
    const { targets } = aDeclaredWindow({
      spec: { hosts: ["ESXi-A.example.com"], clusters: ["GPU Cluster"], nodeSelector: {} },
    });
    expect(targets).toEqual({
      hosts: ["esxi-a.example.com"],
      clusters: ["gpu cluster"],
      nodeSelector: {},
    });
  });

  it.each([
    ["2026-12-01T02:00:00Z", "2026-12-01T02:00:00.000Z"],
    ["2026-12-01T02:00:00+05:30", "2026-11-30T20:30:00.000Z"],
    ["2028-02-29T23:59:59.5-08:00", "2028-03-01T07:59:59.500Z"],
  ])("that begins once, at %s", (start, expected) => {
    const { timing } = aDeclaredWindow({ spec: { start } });
    const startsAt = Date.parse(expected);
    expect(timing).toEqual({ kind: "once", startsAt, durationMs: 4 * 3_600_000 });
  });

  it.each([
    ["0 2 * * 6"],
    ["*/15 0-6/2 1,15 JAN-MAR ?"],
    ["0 2 L * *"],
    ["0 2 * * 6#1"],
    ["0 2 * * FRIL"],
    ["  0   2 * * 7  "],
  ])("that recurs at %j is understood", (schedule) => {
    const { timing } = aDeclaredWindow({ spec: { ...recurring, schedule } });
    expect(timing).toMatchObject({ kind: "recurring", durationMs: 4 * 3_600_000 });
  });
});

describe("what cannot be understood is a flaw that names field, finding and wish", () => {
  it.each([
    ["61 2 * * 6", "(Invalid value for minute: 61)"],
    ["0 24 * * *", "(Invalid value for hour: 24)"],
    ["0 2 * * 6#6", "nth weekday out of range"],
    ["0 2 0 * *", "day"],
    ["H 2 * * *", "illegal characters"],
    ["5/15 2 * * *", "stepping"],
    ["0 2 * * 6,", ""],
    ["\u0000 2 * * *", "\\u0000"],
  ])("schedule %j", (schedule, why) => {
    const { timing } = aDeclaredWindow({ spec: { ...recurring, schedule } });
    expect(timing).toMatchObject({ kind: "flawed", reason: "InvalidSchedule" });
    expect(timing).toHaveProperty(
      "message",
      expect.stringMatching(/^spec\.schedule is ".*" \(.*\), wanted are five fields .* such as/),
    );
    expect(timing).toHaveProperty("message", expect.stringContaining(why));
  });

  it.each(["Europe/Berln", "Local", "Mars", "constructor"])("time zone %j", (timeZone) => {
    const { timing } = aDeclaredWindow({ spec: { ...recurring, timeZone } });
    expect(timing).toEqual({
      kind: "flawed",
      reason: "UnknownTimeZone",
      message: `spec.timeZone is "${timeZone}", wanted is a name of the IANA time zone database such as "Europe/Berlin"`,
    });
  });

  it.each<[string, object, string]>([
    ["both", { schedule: "0 2 * * 6" }, "both of spec.start and spec.schedule"],
    ["neither", { start: undefined }, "neither of spec.start and spec.schedule"],
    [
      "a start without a zone",
      { start: "2026-12-01T02:00:00" },
      'spec.start is "2026-12-01T02:00:00": ',
    ],
    ["a start on no day", { start: "2026-02-29T02:00:00Z" }, "spec.start is "],
    ["no duration", { duration: undefined }, "spec.duration is not set: "],
    ["a duration of days", { duration: "4d" }, 'spec.duration is "4d": a duration is from "1m"'],
    ["a duration too long", { duration: "745h" }, 'spec.duration is "745h": a duration'],
    ["a schedule of six fields", { ...recurring, schedule: "0 0 2 * * 6" }, "spec.schedule is "],
    ["a nickname", { ...recurring, schedule: "@weekly" }, 'spec.schedule is "@weekly"'],
    ["an offset as time zone", { ...recurring, timeZone: "+02:00" }, 'spec.timeZone is "+02:00"'],
    ["a host that is no text", { hosts: [7] }, 'spec.hosts.0 is "7": '],
    ["no target", { hosts: undefined }, "none of spec.hosts, spec.clusters and spec.nodeSelector"],
  ])("%s", (_, spec, message) => {
    const { timing } = aDeclaredWindow({ spec });
    expect(timing).toMatchObject({ kind: "flawed", message: expect.stringContaining(message) });
  });

  it("and what it names is still known", () => {
    const { targets } = aDeclaredWindow({
      spec: { duration: 4, nodeSelector: { matchLabels: 7 } },
    });
    expect(targets).toEqual({ hosts: ["esxi-a.example.com"], clusters: [], nodeSelector: {} });
  });

  it.each<[string, object, object]>([
    ["beside an empty name", { hosts: ["ESX1", ""] }, { hosts: ["esx1"], clusters: [] }],
    [
      "beside what is no name",
      { hosts: undefined, clusters: [7, "A"] },
      { hosts: [], clusters: ["a"] },
    ],
    [
      "with a selector of a later version, which may mean any node",
      { nodeSelector: { matchExpressions: [{ key: "rack", operator: "Gt", values: ["7"] }] } },
      { hosts: ["esxi-a.example.com"], clusters: [], nodeSelector: {} },
    ],
  ])("name by name: %s", (_, spec, targets) => {
    const window = aDeclaredWindow({ spec });
    expect(window.targets).toEqual(targets);
    expect(window.timing).toMatchObject({ kind: "flawed", reason: "InvalidSpec" });
  });

  it("whatever else is wrong with an object that has a name", () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), fc.anything(), (uid, generation, status) => {
        const metadata = { name: "patch", uid, generation, resourceVersion: uid };
        expect(readDeclaredWindow({ metadata, spec: {}, status }).metadata.name).toBe("patch");
      }),
    );
  });

  it("whatever the API server may send", () => {
    fc.assert(
      fc.property(
        fc.anything(),
        fc.dictionary(fc.constantFrom(...fields), fc.anything()),
        (any, spec) => {
          for (const sent of [any, spec]) {
            const window = readDeclaredWindow({ ...windowManifest(), spec: sent });
            expect(window.metadata.name).toBe("patch");
          }
        },
      ),
    );
  });
});

const fields = [
  "hosts",
  "clusters",
  "nodeSelector",
  "start",
  "schedule",
  "timeZone",
  "duration",
  "reason",
];

it("reads over a status that somebody else wrote badly", () => {
  expect(aDeclaredWindow({ status: { nodes: "many" } }).status).toEqual({});
});
