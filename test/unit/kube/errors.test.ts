import { describe, expect, it } from "vitest";
import { KubeError, refusal } from "../../../src/kube/errors.ts";

describe("a refusal", () => {
  it.each([
    [400, {}, "invalid"],
    [401, {}, "unauthorized"],
    [403, {}, "forbidden"],
    [404, {}, "notFound"],
    [409, { reason: "AlreadyExists" }, "alreadyExists"],
    [409, { reason: "Conflict" }, "conflict"],
    [409, {}, "conflict"],
    [410, {}, "gone"],
    [413, {}, "invalid"],
    [422, {}, "invalid"],
    [429, {}, "busy"],
    [500, {}, "server"],
    [
      500,
      { message: "failed to create typed patch object (a/b; …): .status.x: expected numeric" },
      "invalid",
    ],
    [502, {}, "server"],
    [503, {}, "busy"],
    [504, {}, "timeout"],
  ])("of status %i with %j is called %3$s", (status, body, kind) => {
    expect(refusal("GET /api/v1/nodes", status, body)).toMatchObject({ kind, status });
  });

  it("names the call, the reason, the message and the fields", () => {
    const body = {
      reason: "Invalid",
      message: "status.candidates: Invalid value: -1",
      details: { causes: [{ field: "status.candidates", message: "Invalid value: -1" }, {}] },
    };
    const error = refusal("PATCH /apis/x", 422, body);
    expect(error.message).toBe("PATCH /apis/x: 422 Invalid: status.candidates: Invalid value: -1");
    expect(error.fields).toEqual([
      { field: "status.candidates", message: "Invalid value: -1" },
      { field: "", message: "" },
    ]);
  });

  it.each([
    ["the header", {}, "3", 3_000],
    ["the header before the body", { details: { retryAfterSeconds: 9 } }, "3", 3_000],
    ["the body", { details: { retryAfterSeconds: 9 } }, undefined, 9_000],
    ["nothing", {}, undefined, undefined],
    ["a date, which is not understood", {}, "Wed, 21 Oct 2026 07:28:00 GMT", undefined],
    ["zero", {}, "0", undefined],
    ["a negative number", {}, "-1", undefined],
  ])("takes the time to wait from %s", (_where, body, header, retryAfterMs) => {
    expect(refusal("GET /", 429, body, header).retryAfterMs).toBe(retryAfterMs);
  });

  it.each([["not a status"], [null], [undefined], [[]]])(
    "with the body %j is still readable",
    (body) => {
      expect(refusal("GET /", 502, body).message).toBe("GET /: 502");
    },
  );
});

describe("a KubeError", () => {
  it.each([
    ["invalid", true],
    ["notFound", true],
    ["conflict", false],
    ["forbidden", false],
    ["busy", false],
    ["unreachable", false],
  ] as const)("of kind %s is terminal: %s", (kind, terminal) => {
    expect(new KubeError(kind, "").terminal).toBe(terminal);
  });
});
