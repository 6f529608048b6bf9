import { describe, expect, it } from "vitest";
import { labelKeys } from "../../../src/api/names.ts";
import { nodeAnnotationKeys } from "../../../src/api/node-marks.ts";
import type { Call } from "../../../src/kube/client.ts";
import { KubeError } from "../../../src/kube/errors.ts";
import { patchNodeMarks } from "../../../src/kube/node-marks.ts";
import { readMarkedNode, readNode } from "../../../src/kube/nodes.ts";

describe("what of ours a node carries", () => {
  const metadata = {
    name: "worker-1",
    labels: {
      [labelKeys.gpu]: "true",
      [labelKeys.availableUntil]: "500",
      "topology.corinternal.com/somebody-elses": "x",
      "kubernetes.io/hostname": "worker-1",
    },
    annotations: {
      [nodeAnnotationKeys.esxiHost]: "rack 7",
      [nodeAnnotationKeys.changed]: "2026-11-22T12:00:00Z",
      other: "y",
    },
  };

  it("is read without what others wrote, and without the time of the last touch", () => {
    expect(readMarkedNode({ metadata }).marks).toEqual({
      labels: { [labelKeys.gpu]: "true", [labelKeys.availableUntil]: "500" },
      annotations: { [nodeAnnotationKeys.esxiHost]: "rack 7" },
    });
  });

  it("is no part of what selection judges: our own writing sets nothing to work", () => {
    const { identity } = readMarkedNode({ metadata });
    expect(identity).toEqual(readNode({ metadata: { name: "worker-1" } }));
  });

  it.each([
    ["absent", {}],
    ["null", { labels: null, annotations: null }],
    ["of another shape", { labels: [], annotations: "a" }],
    ["no text", { labels: { [labelKeys.gpu]: true }, annotations: {} }],
  ])("is nothing where labels and annotations are %s", (_what, rest) => {
    const { marks } = readMarkedNode({ metadata: { name: "worker-1", ...rest } });
    expect(marks).toEqual({ labels: {}, annotations: {} });
  });
});

function recorder(answer: () => Promise<unknown>) {
  const calls: Call[] = [];
  return {
    calls,
    client: {
      request: async (call: Call) => {
        calls.push(call);
        return answer();
      },
    },
  };
}

describe("a patch of a node", () => {
  it("names the keys that change, and nothing else", async () => {
    const { calls, client } = recorder(async () => ({}));
    await patchNodeMarks(client, "worker-1", { labels: { a: "b", c: null } });
    expect(calls).toEqual([
      {
        method: "PATCH",
        path: "/api/v1/nodes/worker-1",
        query: { fieldManager: "gpuinfo-node-labels" },
        contentType: "application/merge-patch+json",
        body: { metadata: { labels: { a: "b", c: null } } },
      },
    ]);
  });

  it("is no error when the node is gone", async () => {
    const { client } = recorder(async () => Promise.reject(new KubeError("notFound", "gone")));
    await expect(patchNodeMarks(client, "worker-1", { labels: {} })).resolves.toBeUndefined();
  });

  it("is one when it is refused", async () => {
    const { client } = recorder(async () => Promise.reject(new KubeError("forbidden", "no")));
    await expect(patchNodeMarks(client, "worker-1", { labels: {} })).rejects.toThrow("no");
  });
});
