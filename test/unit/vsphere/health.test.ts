import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { VsphereError, type VsphereErrorKind } from "../../../src/vsphere/errors.ts";
import { HealthMonitor } from "../../../src/vsphere/health.ts";

const error = (kind: VsphereErrorKind, type: string) =>
  new VsphereError("it failed", { kind, type });
const wrongPassword = error("auth", "InvalidLogin");
const expired = error("auth", "NotAuthenticated");

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly advice?: string;
  readonly clockSkewSeconds?: number;
}

function aMonitor(secret?: string) {
  const lines: Line[] = [];
  const clock = { now: 1_000 };
  const phases: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const monitor = new HealthMonitor(
    log,
    () => clock.now,
    () => phases.push(monitor.current().phase),
    secret,
  );
  return { monitor, lines, clock, phases };
}

describe("health", () => {
  it("warns again when the clock skew moved by as much as matters, and tells when it is over", () => {
    const { monitor, lines } = aMonitor();
    for (const seconds of [70, 80, 50, 65, 130, 100, -130, 20, 0, 70])
      monitor.setClockSkew(seconds);
    expect(lines.map(({ level, clockSkewSeconds }) => [level, clockSkewSeconds])).toEqual([
      [40, 70],
      [40, 130],
      [40, -130],
      [30, 20],
      [40, 70],
    ]);
  });

  it("names the privilege that is missing", () => {
    const { monitor } = aMonitor();
    const details = { kind: "fault", type: "NoPermission", privilege: "System.View" } as const;
    monitor.failed(new VsphereError("CreateContainerView: no", details));
    expect(monitor.current().error?.message).toContain(
      "give the account the privilege System.View:",
    );
  });

  it("names the Secret of its own vCenter in the advice", () => {
    const { monitor } = aMonitor("the Secret of vCenter east");
    monitor.failed(wrongPassword);
    expect(monitor.current().error?.message).toContain("in the Secret of vCenter east;");
  });

  it("goes from connecting through syncing to live", () => {
    const { monitor, phases } = aMonitor();
    expect(monitor.current()).toEqual({ phase: "connecting" });
    monitor.connected();
    monitor.live();
    monitor.live();
    expect(phases).toEqual(["syncing", "live"]);
  });

  it("stays broken while attempts go on, until everything is read", () => {
    const { monitor, phases } = aMonitor();
    monitor.failed(error("network", "ECONNREFUSED"));
    monitor.connected();
    expect(monitor.current().phase).toBe("broken");
    monitor.live();
    expect(phases).toEqual(["broken", "live"]);
    expect(monitor.current()).toEqual({ phase: "live" });
  });

  it("says since when it is broken, however often it is tried", () => {
    const { monitor, clock } = aMonitor();
    monitor.failed(wrongPassword);
    clock.now = 61_000;
    monitor.failed(wrongPassword);
    expect(monitor.current().error).toMatchObject({ kind: "auth", since: 1_000 });
  });

  it("logs a failure once, in whatever way vCenter cannot be reached", () => {
    const { monitor, lines } = aMonitor();
    monitor.failed(error("network", "ECONNRESET"));
    monitor.failed(error("network", "ECONNREFUSED"));
    monitor.failed(error("timeout", "call"));
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
      [50, "vCenter connection failed"],
    ]);
  });

  it("logs another failure, and the same one again after it was live", () => {
    const { monitor, lines } = aMonitor();
    monitor.failed(wrongPassword);
    monitor.failed(error("tls", "CERT_HAS_EXPIRED"));
    monitor.live();
    monitor.failed(wrongPassword);
    expect(lines.map(({ level }) => level)).toEqual([50, 50, 30, 50]);
  });

  it("takes an expired session for nothing special while live, and for a failure before", () => {
    const { monitor, lines } = aMonitor();
    monitor.live();
    monitor.failed(expired);
    expect(monitor.current()).toEqual({ phase: "connecting" });
    monitor.failed(expired);
    expect(monitor.current().phase).toBe("broken");
    expect(lines.map(({ level }) => level)).toEqual([30, 30, 50]);
  });

  it.each<[VsphereErrorKind, string, RegExp]>([
    ["auth", "InvalidLogin", /check GOVMOMI_USERNAME and GOVMOMI_PASSWORD in Secret vc-creds/],
    ["auth", "NoPermission", /may log in/],
    ["tls", "UNABLE_TO_VERIFY_LEAF_SIGNATURE", /GOVMOMI_CA_FILE/],
    ["tls", "THUMBPRINT_MISMATCH", /new thumbprint/],
    ["tls", "EPROTO", /HTTPS port/],
    ["network", "ENOTFOUND", /check GOVMOMI_URL/],
    ["timeout", "call", /can be reached/],
    ["fault", "NoPermission", /Read-only role/],
    ["protocol", "HTTP404", /leads to vCenter itself/],
    ["settings", "Unreadable", /check the settings/],
    ["settings", "SameVcenter", /out of VCENTERS_FILE/],
  ])("advises on %s %s", (kind, type, advice) => {
    const { monitor, lines } = aMonitor();
    monitor.failed(error(kind, type));
    expect(lines[0]?.advice).toMatch(advice);
    expect(monitor.current().error?.message).toMatch(advice);
  });

  it.each([
    [0, 0],
    [59, 0],
    [-60, 1],
    [3600, 1],
  ])("keeps a clock skew of %d s and warns %d times", (seconds, warnings) => {
    const { monitor, lines } = aMonitor();
    monitor.setClockSkew(seconds);
    monitor.setClockSkew(seconds);
    monitor.live();
    expect(monitor.current().clockSkewSeconds).toBe(seconds);
    expect(lines.filter(({ level }) => level === 40)).toHaveLength(warnings);
  });
});
