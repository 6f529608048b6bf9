import { expect, it } from "vitest";
import { descriptionLength } from "../../../src/api/gpuinfo.ts";
import { nextMaintenance, windowKey } from "../../../src/reconciler/next-maintenance.ts";

const window = { startsAt: 0, endsAt: 3_600_000, source: "maintenanceWindow" } as const;

/** As the API server keeps it: what is no character in UTF-8 comes back as U+FFFD. */
function stored<T>(status: T): T {
  return JSON.parse(Buffer.from(JSON.stringify(status)).toString());
}

it.each([
  ["cut within a character", `${"x".repeat(descriptionLength - 1)}🛠`],
  ["with half a character", "half \ud83d of one"],
  ["of several lines", "one\r\ntwo\u0000"],
])("a description %s is read as it was written", (_, description) => {
  const written = nextMaintenance({ ...window, description });
  expect(windowKey(Object(stored(written)))).toBe(windowKey(written));
  const read = Buffer.from(written.description ?? "").toString();
  expect(read).toBe(written.description);
});
