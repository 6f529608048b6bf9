import { describe, expect, it } from "vitest";
import { identify, parseWatchLine } from "../../../src/kube/watch-event.ts";

describe("the key of an object", () => {
  it.each([
    [{ name: "worker-1", resourceVersion: "7" }, "worker-1"],
    [{ name: "gpu1", namespace: "ml", resourceVersion: "7" }, "ml/gpu1"],
  ])("with %j is %s", (metadata, key) => {
    expect(identify({ metadata })).toEqual({ key, resourceVersion: "7" });
  });

  it.each([
    [null],
    [7],
    [{}],
    [{ metadata: { name: "a" } }],
    [{ metadata: { resourceVersion: "1" } }],
  ])("is not to be had from %j", (object) => {
    expect(() => identify(object)).toThrow("without metadata.name or metadata.resourceVersion");
  });
});

describe("a line of a watch", () => {
  const object = { metadata: { name: "a", resourceVersion: "7" } };

  it.each([
    ["ADDED", { type: "changed", object }],
    ["MODIFIED", { type: "changed", object }],
    ["DELETED", { type: "deleted", object }],
    ["BOOKMARK", { type: "bookmark", resourceVersion: "7", endsList: false }],
  ])("of type %s is understood", (type, event) => {
    expect(parseWatchLine(JSON.stringify({ type, object }))).toEqual(event);
  });

  it("tells that the list is complete", () => {
    const annotations = { "k8s.io/initial-events-end": "true" };
    const bookmark = { metadata: { resourceVersion: "7", annotations } };
    const line = JSON.stringify({ type: "BOOKMARK", object: bookmark });
    expect(parseWatchLine(line)).toMatchObject({ endsList: true, resourceVersion: "7" });
  });

  it.each([
    [{ code: 410, reason: "Expired", message: "too old" }, "gone", "WATCH: 410 Expired: too old"],
    [{ code: 429, details: { retryAfterSeconds: 1 } }, "busy", "WATCH: 429"],
    [{}, "server", "WATCH: 500"],
    [null, "server", "WATCH: 500"],
  ])("with the error %j ends the watch as %s", (status, kind, message) => {
    const line = JSON.stringify({ type: "ERROR", object: status });
    expect(() => parseWatchLine(line)).toThrow(expect.objectContaining({ kind, message }));
  });

  it.each([
    [""],
    ["{"],
    ["null"],
    ["7"],
    ["{}"],
    ['{"type":"BOOKMARK"}'],
    ['{"type":"BOOKMARK","object":{}}'],
  ])("%j is malformed", (line) => {
    expect(() => parseWatchLine(line)).toThrow(expect.objectContaining({ kind: "malformed" }));
  });
});
