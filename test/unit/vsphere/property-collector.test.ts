import { describe, expect, it } from "vitest";
import { VsphereError } from "../../../src/vsphere/errors.ts";
import { hostsIn } from "../../../src/vsphere/filter-specs.ts";
import { retrieve, retrieveAll } from "../../../src/vsphere/property-collector.ts";
import type { VimCaller, VimMethod } from "../../../src/vsphere/session.ts";

const spec = hostsIn({ type: "ContainerView", id: "view-1" });
const { signal } = new AbortController();

describe("a read in pages", () => {
  it.each([
    [0, ["RetrievePropertiesEx"]],
    [1, ["RetrievePropertiesEx"]],
    [100, ["RetrievePropertiesEx"]],
    [101, ["RetrievePropertiesEx", "ContinueRetrievePropertiesEx"]],
    [200, ["RetrievePropertiesEx", "ContinueRetrievePropertiesEx"]],
    [201, ["RetrievePropertiesEx", "ContinueRetrievePropertiesEx", "ContinueRetrievePropertiesEx"]],
  ])("of %d objects gives each once", async (count, expected) => {
    const { caller, methods } = aServerOf(count);
    const bags = await retrieveAll(caller, spec, 100, signal);
    expect(new Set(bags.map(({ object }) => object.id)).size).toBe(count);
    expect(bags).toHaveLength(count);
    expect(methods).toEqual(expected);
  });

  it("takes an empty last page", async () => {
    const { caller } = aServerOf(100, { emptyLastPage: true });
    expect(await retrieveAll(caller, spec, 100, signal)).toHaveLength(100);
  });

  it("is cancelled on the server when it is given up half-way", async () => {
    const { caller, methods } = aServerOf(300);
    for await (const _ of retrieve(caller, spec, 100, signal)) break;
    expect(methods).toEqual(["RetrievePropertiesEx", "CancelRetrievePropertiesEx"]);
  });

  it("fails when a page cannot be had, and cancels the rest", async () => {
    const { caller, methods } = aServerOf(300, { failingPage: 1 });
    await expect(retrieveAll(caller, spec, 100, signal)).rejects.toThrow("no page 1");
    expect(methods.at(-1)).toBe("CancelRetrievePropertiesEx");
  });

  it("sends no cancel once we are stopping ourselves", async () => {
    const stopping = new AbortController();
    const { caller, methods } = aServerOf(300);
    for await (const _ of retrieve(caller, spec, 100, stopping.signal)) {
      stopping.abort();
      break;
    }
    expect(methods).toEqual(["RetrievePropertiesEx"]);
  });
});

/** A server with `count` hosts that answers in pages. */
function aServerOf(count: number, { emptyLastPage = false, failingPage = -1 } = {}) {
  const methods: VimMethod[] = [];
  const page = (from: number, size: number) => {
    const end = Math.min(count, from + size);
    const objects = Array.from({ length: end - from }, (_, i) => ({
      obj: { attributes: { type: "HostSystem" }, $value: `host-${from + i}` },
    }));
    const more = end < count || (emptyLastPage && objects.length > 0);
    return { objects, ...(more ? { token: `${end}` } : {}) };
  };
  const call = async (method: VimMethod, args: Record<string, unknown>): Promise<unknown> => {
    methods.push(method);
    if (method === "CancelRetrievePropertiesEx") return undefined;
    const from = Number(args["token"] ?? 0);
    if (from === failingPage * 100) {
      throw new VsphereError("no page 1", { kind: "network", type: "ECONNRESET" });
    }
    return page(from, 100);
  };
  const object = { type: "PropertyCollector", id: "propertyCollector" };
  const content = {
    instanceUuid: "",
    apiVersion: "8.0",
    fullName: "",
    rootFolder: object,
    propertyCollector: object,
    viewManager: object,
    sessionManager: object,
    scheduledTaskManager: object,
    customFieldsManager: object,
  };
  const caller: VimCaller = { content, call };
  return { caller, methods };
}
