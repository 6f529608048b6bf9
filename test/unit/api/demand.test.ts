import { describe, expect, it } from "vitest";
import { readDemand, resolveDemand } from "../../../src/api/demand.ts";
import { annotationKeys } from "../../../src/api/names.ts";
import { Pod } from "../../../src/api/pod.ts";
import cases from "../../support/annotation-cases.json" with { type: "json" };

const { desAccTime, gpuRequired, gpuModel, gpuMemoryGib, gpuCount, gpuInfo, injected } =
  annotationKeys;

function aPod(annotations: unknown, spec: object = {}): Pod {
  return Pod.parse({ metadata: { annotations }, spec });
}

function asking(resources: object): object {
  return { containers: [{}, { resources }] };
}

const nvidia = asking({ limits: { "nvidia.com/gpu": "1" } });
const claim = { resourceClaims: [{ name: "device", resourceClaimTemplateName: "some-device" }] };

describe("annotations", () => {
  it.each(cases)("are judged by their text: $why", ({ annotations, ok }) => {
    const demand = readDemand(aPod(annotations));
    expect(demand.kind === "refused" ? demand.message : "accepted").toMatch(
      ok ? /^accepted$/ : /found|known are|either/,
    );
  });

  it.each([null, undefined, {}])("that are %j ask for nothing", (annotations) => {
    expect(readDemand(aPod(annotations))).toEqual({ kind: "none" });
  });

  it.each([
    ["1", 1],
    ["8760", 8760],
    ["1h", 1],
    ["60m", 1],
    ["60m0.000000001s", 2],
    ["61m", 2],
    ["0.000000001s", 1],
    ["1.5h", 2],
    ["72h", 72],
    ["8759h0.5s", 8760],
    ["8760h0m0s", 8760],
  ])("ask for the hours in %s, rounded up", (text, hours) => {
    expect(readDemand(aPod({ [desAccTime]: text }))).toEqual({
      kind: "needs",
      requirement: { gpu: false, hours },
      warnings: [],
    });
  });

  it("are told by name, with what was found and what is accepted, all at once", () => {
    expect(readDemand(aPod({ [desAccTime]: "100 hours", [gpuRequired]: "maybe" }))).toEqual({
      kind: "refused",
      message:
        'topology.corinternal.com/des-acc-time: found "100 hours"; accepted are whole hours from 1 to 8760 such as "100", ' +
        'or a duration above zero of up to 8760h such as "72h", "90m" or "1h30m"; ' +
        'topology.corinternal.com/gpu-required: found "maybe"; accepted are "true" and "false"',
    });
  });

  it("that are unknown are named, and the known ones too", () => {
    expect(readDemand(aPod({ "topology.corinternal.com/gpu-requierd": "true" }))).toEqual({
      kind: "refused",
      message:
        'unknown annotation "topology.corinternal.com/gpu-requierd"; known are ' +
        "des-acc-time, gpu-required, gpu-model, gpu-memory-gib, gpu-count and gpuinfo",
    });
  });

  it.each([
    desAccTime,
    gpuRequired,
    gpuModel,
    gpuCount,
    gpuInfo,
    "topology.corinternal.com/x".padEnd(5000, "x"),
  ])("that are endless are not repeated at full length: %.60s", (key) => {
    const demand = readDemand(aPod({ [key]: `${"x".repeat(100_000)}\n` }));
    expect(demand.kind).toBe("refused");
    expect(JSON.stringify(demand).length).toBeLessThan(500);
  });
});

describe("hours that are not given", () => {
  it.each([
    [undefined, 1],
    [null, 1],
    [1, 1],
    [3600, 1],
    [3601, 2],
    [31_536_000, 8760],
  ])("come from activeDeadlineSeconds %s: %i", (activeDeadlineSeconds, hours) => {
    const demand = readDemand(aPod({ [gpuRequired]: "false" }, { activeDeadlineSeconds }));
    expect(demand).toEqual({ kind: "needs", requirement: { gpu: false, hours }, warnings: [] });
  });

  it("are a year at most, with a warning", () => {
    const demand = readDemand(
      aPod({ [gpuRequired]: "false" }, { activeDeadlineSeconds: 31_536_001 }),
    );
    expect(demand).toEqual({
      kind: "needs",
      requirement: { gpu: false, hours: 8760 },
      warnings: ["activeDeadlineSeconds is more than a year: 8760 hours are asked for"],
    });
  });
});

describe("a GPU that is not asked for by annotation", () => {
  it.each([
    ["nothing", {}, false],
    ["no containers", { containers: null }, false],
    ["CPU alone", asking({ requests: { cpu: "4" }, limits: null }), false],
    ["no GPU, in words", asking({ limits: { "nvidia.com/gpu": "0" } }), false],
    ["no GPU, as a number", asking({ limits: { "nvidia.com/gpu": 0 } }), false],
    ["another device of the vendor's", asking({ limits: { "nvidia.com/hostdev": "1" } }), false],
    [
      "a name that only ends alike",
      asking({ limits: { "example.com/nvidia.com.gpu": "1" } }),
      false,
    ],
    ["nvidia.com/gpu", nvidia, true],
    ["requests alone", asking({ requests: { "nvidia.com/gpu": "1" } }), true],
    ["a shared GPU", asking({ limits: { "nvidia.com/gpu.shared": "1" } }), true],
    ["a slice of a GPU", asking({ limits: { "nvidia.com/mig-1g.5gb": "1" } }), true],
    ["amd.com/gpu", asking({ limits: { "amd.com/gpu": "1" } }), true],
    ["a partition of AMD's", asking({ limits: { "amd.com/cpx_nps4": "1" } }), true],
    ["gpu.intel.com/i915", asking({ limits: { "gpu.intel.com/i915": "1" } }), true],
    ["gpu.intel.com/xe", asking({ limits: { "gpu.intel.com/xe": "1" } }), true],
    [
      "an init container's GPU",
      { initContainers: [{ resources: { limits: { "amd.com/gpu": 1 } } }] },
      true,
    ],
    ["a GPU for the pod as a whole", { resources: { limits: { "nvidia.com/gpu": "1" } } }, true],
  ])("follows from the resources: %s", (_what, spec, gpu) => {
    expect(readDemand(aPod({ [desAccTime]: "5" }, spec))).toEqual({
      kind: "needs",
      requirement: { gpu, hours: 5 },
      warnings: [],
    });
  });

  it("is assumed where there is a resource claim, with a warning, as the pod does not tell the device", () => {
    expect(readDemand(aPod({ [desAccTime]: "5" }, claim))).toEqual({
      kind: "needs",
      requirement: { gpu: true, hours: 5 },
      warnings: [
        "a GPU is assumed, as the pod has resource claims; gpu-required: true or false settles it",
      ],
    });
  });
});

describe("gpu-required", () => {
  it("false is refused beside a request for a GPU", () => {
    expect(readDemand(aPod({ [gpuRequired]: "false" }, nvidia))).toEqual({
      kind: "refused",
      message:
        'topology.corinternal.com/gpu-required: found "false", but the pod asks for "nvidia.com/gpu"; ' +
        'accepted is "true", or no such request',
    });
  });

  it("true is warned about where nothing asks for a GPU", () => {
    expect(readDemand(aPod({ [gpuRequired]: "true" }))).toEqual({
      kind: "needs",
      requirement: { gpu: true, hours: 1 },
      warnings: ["a GPU node is asked for, but no container asks for a GPU such as nvidia.com/gpu"],
    });
  });

  it.each([
    ["true", nvidia],
    ["true", claim],
    ["false", claim],
    ["false", {}],
  ])("%s goes without a warning beside %j", (text, spec) => {
    const demand = readDemand(aPod({ [gpuRequired]: text }, spec));
    expect(demand).toMatchObject({
      kind: "needs",
      requirement: { gpu: text === "true" },
      warnings: [],
    });
  });
});

describe("the kind of GPU", () => {
  it.each([
    [{ [gpuModel]: "NVIDIA L40S" }, { model: "NVIDIA L40S" }],
    [{ [gpuModel]: "  NVIDIA L40S " }, { model: "NVIDIA L40S" }],
    [{ [gpuMemoryGib]: "40" }, { memoryGib: 40 }],
    [{ [gpuCount]: "2", [gpuRequired]: "true" }, { count: 2 }],
    [
      { [gpuCount]: "64", [gpuMemoryGib]: "4096", [gpuModel]: "l4" },
      { model: "l4", memoryGib: 4096, count: 64 },
    ],
  ])("is asked for by any of its annotations, and so is a GPU: %j", (annotations, gpuNeeds) => {
    expect(readDemand(aPod(annotations, nvidia))).toEqual({
      kind: "needs",
      requirement: { gpu: true, hours: 1, gpuNeeds },
      warnings: [],
    });
  });

  it("stands beside hours", () => {
    const demand = readDemand(aPod({ [gpuModel]: "L4", [desAccTime]: "72h" }, nvidia));
    expect(demand).toMatchObject({
      requirement: { gpu: true, hours: 72, gpuNeeds: { model: "L4" } },
    });
  });

  it("is warned about where nothing asks for a GPU, and settles what a claim is for", () => {
    expect(readDemand(aPod({ [gpuCount]: "1" }))).toMatchObject({
      kind: "needs",
      warnings: ["a GPU node is asked for, but no container asks for a GPU such as nvidia.com/gpu"],
    });
    expect(readDemand(aPod({ [gpuCount]: "1" }, claim))).toMatchObject({ warnings: [] });
  });

  it.each([
    [
      { [gpuModel]: "-" },
      'topology.corinternal.com/gpu-model: found "-"; accepted is the name of a GPU model such as ' +
        '"NVIDIA A100 80GB PCIe": up to 63 characters, a letter or digit among them',
    ],
    [
      { [gpuMemoryGib]: "40Gi" },
      'topology.corinternal.com/gpu-memory-gib: found "40Gi"; accepted are whole GiB from 1 to 4096 such as "40"',
    ],
    [
      { [gpuCount]: "65" },
      'topology.corinternal.com/gpu-count: found "65"; accepted are whole numbers from 1 to 64 such as "2"',
    ],
    [
      { [gpuModel]: "L4", [gpuCount]: "2", [gpuRequired]: "false" },
      'topology.corinternal.com/gpu-required: found "false" beside topology.corinternal.com/gpu-model, ' +
        'topology.corinternal.com/gpu-count; accepted is "true", or gpu-required left out',
    ],
    [
      { [gpuMemoryGib]: "24", [gpuInfo]: "gpu1" },
      "topology.corinternal.com/gpuinfo stands beside topology.corinternal.com/gpu-memory-gib; " +
        "give either the reference or the needs themselves",
    ],
  ])("is refused in words that help: %j", (annotations, message) => {
    expect(readDemand(aPod(annotations))).toEqual({ kind: "refused", message });
  });
});

describe("a reference", () => {
  const pod = aPod({ [gpuInfo]: "gpu1", [injected]: "{}" }, nvidia);

  it("is left to whoever knows the GPUInfos", () => {
    expect(readDemand(pod)).toEqual({ kind: "reference", name: "gpu1", warnings: [] });
  });

  it("takes hours and GPU from the GPUInfo of that name in the pod's namespace", () => {
    const asked: string[] = [];
    const demand = resolveDemand(pod, "ml", (...names) => {
      asked.push(...names);
      return { desAccTime: 30, gpuRequired: true };
    });
    expect(asked).toEqual(["ml", "gpu1"]);
    expect(demand).toEqual({ kind: "needs", requirement: { gpu: true, hours: 30 }, warnings: [] });
  });

  it("takes the kind of GPU from there too", () => {
    const demand = resolveDemand(pod, "ml", () => ({
      desAccTime: 30,
      gpuRequired: true,
      gpuModel: " NVIDIA L40S",
      gpuCount: 2,
    }));
    expect(demand).toMatchObject({
      requirement: { gpu: true, hours: 30, gpuNeeds: { model: "NVIDIA L40S", count: 2 } },
    });
  });

  it("to a GPUInfo that is absent is refused, and says where to look", () => {
    expect(resolveDemand(pod, "ml", () => undefined)).toEqual({
      kind: "refused",
      message:
        'topology.corinternal.com/gpuinfo: there is no GPUInfo "gpu1" in namespace "ml"; ' +
        "kubectl get gpuinfoes -n ml lists those that there are",
    });
  });

  it("to a GPUInfo without a GPU is refused beside a request for one", () => {
    const demand = resolveDemand(pod, "ml", () => ({ desAccTime: 1, gpuRequired: false }));
    expect(demand).toMatchObject({
      kind: "refused",
      message: expect.stringContaining(
        '"gpu1" has gpuRequired: false, but the pod asks for "nvidia.com/gpu"',
      ),
    });
  });

  it("to a GPUInfo with a GPU is warned about where nothing asks for one", () => {
    const demand = resolveDemand(aPod({ [gpuInfo]: "gpu1" }), "ml", () => ({
      desAccTime: 1,
      gpuRequired: true,
    }));
    expect(demand).toMatchObject({
      kind: "needs",
      warnings: [expect.stringContaining("no container asks")],
    });
  });

  it("is not looked for where there is none", () => {
    const needs = resolveDemand(aPod({ [desAccTime]: "5" }), "ml", () => {
      throw new Error("asked");
    });
    expect(needs).toMatchObject({ kind: "needs", requirement: { hours: 5 } });
  });
});
