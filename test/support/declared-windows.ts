/** Builders of MaintenanceWindow objects. */

import { type DeclaredWindow, readDeclaredWindow } from "../../src/api/declared-window.ts";
import { maintenanceWindowKind } from "../../src/api/maintenance-window.ts";

export interface WindowManifest {
  readonly metadata: { readonly name: string; readonly generation?: number };
  readonly spec: object;
  readonly status?: object;
}

/** As the API server sends it: one host on the first of December at 2 o'clock, for four hours. */
export function windowManifest({
  metadata = {},
  spec = {},
  status,
}: {
  readonly metadata?: object;
  readonly spec?: object;
  readonly status?: object;
} = {}): WindowManifest {
  const { apiVersion, kind } = maintenanceWindowKind;
  const once = { hosts: ["esxi-a.example.com"], start: "2026-12-01T02:00:00Z", duration: "4h" };
  const manifest = {
    apiVersion,
    kind,
    metadata: { name: "patch", uid: "u1", generation: 1, resourceVersion: "1", ...metadata },
    spec: withoutUndefined({ ...once, ...spec }),
  };
  return status === undefined ? manifest : { ...manifest, status };
}

/** The same, read. */
export function aDeclaredWindow(
  overrides: Parameters<typeof windowManifest>[0] = {},
): DeclaredWindow {
  return readDeclaredWindow(windowManifest(overrides));
}

/** One that recurs. */
export function aRecurringWindow(
  schedule: string,
  { timeZone, duration = "4h" }: { readonly timeZone?: string; readonly duration?: string } = {},
): DeclaredWindow {
  return aDeclaredWindow({ spec: { start: undefined, schedule, timeZone, duration } });
}

function withoutUndefined(spec: object): object {
  return JSON.parse(JSON.stringify(spec));
}
