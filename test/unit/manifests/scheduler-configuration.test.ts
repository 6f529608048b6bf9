import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { markerResource } from "../../../src/api/names.ts";
import { SchedulerConfiguration, tlsProblems } from "../../support/scheduler-configuration.ts";

function read(path: string): SchedulerConfiguration {
  return SchedulerConfiguration.parse(parse(readFileSync(path, "utf8")));
}

const own = read("deploy/scheduler/config.yaml");
const shared = read("deploy/modes/extender/kube-scheduler-snippet.yaml");

/** The in-tree score plugins' weights sum to 14, and each gives up to 100. */
const inTreeScores = 1_400;

describe.each([
  ["gpuinfo-scheduler", own],
  ["the cluster's own scheduler", shared],
])("the extender of %s", (_, { extenders }) => {
  const [extender] = extenders;

  it("is the only one", () => {
    expect(extenders).toHaveLength(1);
  });

  it("filters and scores by names of nodes, and binds and evicts nothing", () => {
    expect(extender).toMatchObject({
      filterVerb: "filter",
      prioritizeVerb: "prioritize",
      nodeCacheCapable: true,
    });
    expect(extender).not.toHaveProperty("bindVerb");
    expect(extender).not.toHaveProperty("preemptVerb");
  });

  it("has a weight with which a lead of one point outweighs all other scores together", () => {
    expect((extender?.weight ?? 0) * 10).toBeGreaterThan(inTreeScores);
  });

  it("is not skipped when it does not answer", () => {
    expect(extender?.ignorable).toBe(false);
  });

  it("verifies the server, by authority and by name, and shows a certificate", () => {
    expect(extenders.flatMap(tlsProblems)).toEqual([]);
    expect(extender?.tlsConfig?.["serverName"]).toBe("gpuinfo-extender.gpuinfo-system.svc");
  });
});

describe("gpuinfo-scheduler", () => {
  it("schedules the pods that name it, and holds a lease of its own", () => {
    expect(own.profiles).toEqual([{ schedulerName: "gpuinfo-scheduler" }]);
    expect(own.leaderElection).toEqual({
      leaderElect: true,
      resourceName: "gpuinfo-scheduler",
      resourceNamespace: "gpuinfo-system",
    });
  });

  it("asks about all nodes, with 2 s for an answer, and tries again within 5 s", () => {
    expect(own).toMatchObject({ percentageOfNodesToScore: 100, podMaxBackoffSeconds: 5 });
    expect(own.extenders[0]?.httpTimeout).toBe("2s");
  });

  it("needs no marker: only our pods name it", () => {
    expect(own.extenders[0]).not.toHaveProperty("managedResources");
  });
});

describe("the cluster's own scheduler", () => {
  it("asks about marked pods alone, and does not look for the marker on nodes", () => {
    expect(shared.extenders[0]?.managedResources).toEqual([
      { name: markerResource, ignoredByScheduler: true },
    ]);
  });

  it("is held up for half a second at most, and samples nodes as before", () => {
    expect(shared.extenders[0]?.httpTimeout).toBe("500ms");
    expect(shared).not.toHaveProperty("percentageOfNodesToScore");
  });
});

describe("tlsProblems", () => {
  const good = own.extenders[0];
  if (good === undefined) throw new Error("deploy/scheduler/config.yaml has no extender");
  const tls = good.tlsConfig ?? {};

  it.each([
    ["plain HTTP", { ...good, urlPrefix: "http://x:9444" }, "is no https:// URL"],
    ["TLS turned off", { ...good, enableHTTPS: false }, "enableHTTPS is not true"],
    ["no TLS settings", { ...good, tlsConfig: undefined }, "has no caFile"],
    ["no authority", { ...good, tlsConfig: { ...tls, caFile: undefined } }, "has no caFile"],
    ["an empty authority", { ...good, tlsConfig: { ...tls, caFile: "" } }, "has no caFile"],
    [
      "an authority that cannot change",
      { ...good, tlsConfig: { ...tls, caData: "eA==" } },
      "has caData",
    ],
    ["insecure", { ...good, tlsConfig: { ...tls, insecure: true } }, "has insecure"],
    [
      "no client certificate",
      { ...good, tlsConfig: { ...tls, certFile: undefined } },
      "has no certFile",
    ],
    ["no name", { ...good, tlsConfig: { ...tls, serverName: undefined } }, "has no serverName"],
  ])("finds %s", (_, extender, problem) => {
    expect(tlsProblems(extender).join()).toContain(problem);
  });
});
