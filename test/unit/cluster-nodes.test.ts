import { expect, it } from "vitest";
import { listed } from "../../src/cluster-nodes.ts";

const minuteMs = 60_000;

function check(synced: boolean, silentMs: number | undefined, problem: string | undefined) {
  const state = { synced, objects: 0, silentMs, problem };
  const { problem: found, isTolerated } = listed("things", { synced, state }, 10 * minuteMs);
  return [found(), isTolerated?.()];
}

it.each([
  ["that was never listed is a problem", false, undefined, undefined, ["not listed yet", false]],
  ["that may not be listed says so", false, undefined, "forbidden", ["forbidden", false]],
  ["that is followed is none", true, 1_000, undefined, [undefined, true]],
  ["that fails for a moment is none", true, 10 * minuteMs, "forbidden", [undefined, true]],
  [
    "that has been silent for long is shown, and what is known goes on to count",
    true,
    10 * minuteMs + 1,
    "forbidden",
    ["not heard of for 10 minutes: forbidden", true],
  ],
])("a resource %s", (_, synced, silentMs, problem, expected) => {
  expect(check(synced, silentMs, problem)).toEqual(expected);
});
