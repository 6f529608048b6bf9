import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareGpus, mismatchKinds } from "../../../src/reconciler/gpu-comparison.ts";
import type { Gpu } from "../../../src/selection/model.ts";

const vgpu: Gpu = {
  kind: "vgpu",
  profile: "grid_a100d-40c",
  vendor: "NVIDIA",
  model: "NVIDIA A100 80GB PCIe",
  memoryMib: 40_960,
  movesLive: true,
};
const card: Gpu = {
  kind: "passthrough",
  pciId: "0000:3b:00.0",
  vendor: "NVIDIA",
  model: "NVIDIA A100 80GB PCIe",
  memoryMib: 81_920,
  movesLive: false,
};
const amd: Gpu = { ...card, vendor: "AMD", model: "AMD Instinct MI210" };
const intel: Gpu = { ...card, vendor: "Intel", model: "Intel Flex 170" };
const { vendor: _, model: __, memoryMib: ___, ...bare } = card;

/** What GPU Feature Discovery writes, without its prefix. */
function gfd(labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([key, value]) => [`nvidia.com/${key}`, value]),
  );
}

type Labels = Record<string, string>;
type Resources = Record<string, number>;

const a100 = gfd({
  "gpu.count": "2",
  "gpu.product": "NVIDIA-A100-80GB-PCIe",
  "gpu.memory": "81920",
  "gpu.replicas": "1",
  "gpu.sharing-strategy": "none",
  "mig.strategy": "single",
});
const shared = {
  ...a100,
  ...gfd({
    "gpu.product": "NVIDIA-A100-80GB-PCIe-SHARED",
    "gpu.replicas": "4",
    "gpu.sharing-strategy": "time-slicing",
  }),
};
const oneMig = {
  ...a100,
  ...gfd({
    "gpu.count": "14",
    "gpu.product": "NVIDIA-A100-80GB-PCIe-MIG-1g.10gb",
    "gpu.memory": "9728",
  }),
};

function kinds(gpus: readonly Gpu[], labels: Labels, allocatable: Resources) {
  return compareGpus({ labels, allocatable }, { name: "worker-1", gpus }).map(({ kind }) => kind);
}

describe("guest and vCenter agree", () => {
  it.each<[string, readonly Gpu[], Labels, Resources]>([
    ["on nothing at all", [], {}, {}],
    [
      "on nothing, with a device plugin that found nothing",
      [],
      gfd({ "gpu.count": "0" }),
      { "nvidia.com/gpu": 0 },
    ],
    ["on two cards, by the device plugin alone", [card, card], {}, { "nvidia.com/gpu": 2 }],
    ["on two cards, by the labels alone, as with DRA", [card, card], a100, {}],
    ["on two cards, by both", [card, card], a100, { "nvidia.com/gpu": 2 }],
    ["on cards that are offered four times each", [card, card], shared, { "nvidia.com/gpu": 8 }],
    [
      "on cards that are offered under another name",
      [card, card],
      a100,
      { "nvidia.com/gpu.shared": 8 },
    ],
    [
      "on cards that are offered often, which only the number of replicas tells",
      [card, card],
      { ...a100, ...gfd({ "gpu.replicas": "4", "gpu.sharing-strategy": "none" }) },
      { "nvidia.com/gpu": 8 },
    ],
    ["on cards in equal parts", [card, card], oneMig, { "nvidia.com/gpu": 14 }],
    [
      "on cards in different parts",
      [card, card],
      a100,
      { "nvidia.com/gpu": 0, "nvidia.com/mig-3g.40gb": 2, "nvidia.com/mig-1g.10gb": 2 },
    ],
    [
      "on a share of a card",
      [vgpu],
      gfd({ "gpu.count": "1", "gpu.product": "GRID-A100D-40C", "gpu.memory": "40960" }),
      { "nvidia.com/gpu": 1 },
    ],
    [
      "on a share of a card, with a newer driver",
      [vgpu],
      gfd({ "gpu.product": "NVIDIA-A100D-40C" }),
      { "nvidia.com/gpu": 1 },
    ],
    [
      "on memory less a sixteenth for error correction",
      [{ ...card, memoryMib: 16_384 }],
      gfd({ "gpu.memory": "15360" }),
      { "nvidia.com/gpu": 1 },
    ],
    [
      "on memory that nobody knows",
      [bare],
      gfd({ "gpu.memory": "15360" }),
      { "nvidia.com/gpu": 1 },
    ],
    [
      "on a model that vCenter does not know",
      [bare],
      gfd({ "gpu.product": "NVIDIA-A10" }),
      { "nvidia.com/gpu": 1 },
    ],
    ["on an AMD card", [amd], {}, { "amd.com/gpu": 1 }],
    ["on an AMD card in parts", [amd], {}, { "amd.com/cpx_nps4": 8, "amd.com/gpu": 0 }],
    [
      "on an Intel card that is offered ten times",
      [intel],
      {},
      { "gpu.intel.com/xe": 10, "gpu.intel.com/xe_monitoring": 1 },
    ],
    ["on cards of two vendors", [card, amd], {}, { "nvidia.com/gpu": 1, "amd.com/gpu": 1 }],
    [
      "on two models, of which the label names one",
      [card, { ...card, model: "NVIDIA L40S" }],
      gfd({ "gpu.product": "NVIDIA-L40S" }),
      { "nvidia.com/gpu": 2 },
    ],
  ])("%s", (____, gpus, labels, allocatable) => {
    expect(kinds(gpus, labels, allocatable)).toEqual([]);
  });

  it.each([
    ["NVIDIA A100 80GB PCIe", "NVIDIA-A100-80GB-PCIe"],
    ["NVIDIA A100 80GB PCIe", "NVIDIA-A100-PCIE-80GB"],
    ["GA100 [A100 PCIe 80GB]", "NVIDIA-A100-80GB-PCIe"],
    ["TU104GL [Tesla T4]", "Tesla-T4"],
    ["NVIDIA A100", "NVIDIA-A100-SXM4-40GB"],
    ["NVIDIATesla T4", "NVIDIATesla-T4"],
    ["NVIDIA RTX A6000", "NVIDIA-RTXA6000"],
    ["", "NVIDIA-A10"],
    ["NVIDIA", "NVIDIA-A10"],
  ])("on the model %s, which the guest calls %s", (model, product) => {
    const labels = gfd({ "gpu.product": product });
    expect(kinds([{ ...card, model }], labels, { "nvidia.com/gpu": 1 })).toEqual([]);
  });
});

describe("guest and vCenter disagree", () => {
  it.each<[string, readonly Gpu[], Labels, Resources, string[]]>([
    ["where the guest has no driver", [card], {}, {}, ["missing"]],
    [
      "where the device plugin found nothing",
      [card],
      gfd({ "gpu.count": "0" }),
      { "nvidia.com/gpu": 0 },
      ["missing"],
    ],
    ["where vCenter knows of none", [], {}, { "nvidia.com/gpu": 1 }, ["unexpected"]],
    ["where vCenter knows of none, and only labels tell", [], a100, {}, ["unexpected"]],
    ["where one of two has failed", [card, card], a100, { "nvidia.com/gpu": 1 }, ["count"]],
    ["on how many are offered several times", [card], shared, { "nvidia.com/gpu": 8 }, ["count"]],
    ["on how many AMD cards there are", [amd, amd], {}, { "amd.com/gpu": 1 }, ["count"]],
    [
      "where one vendor's are all missing",
      [card, amd],
      {},
      { "nvidia.com/gpu": 1, "amd.com/gpu": 0 },
      ["count"],
    ],
    [
      "on the model",
      [card],
      gfd({ "gpu.product": "NVIDIA-A10" }),
      { "nvidia.com/gpu": 1 },
      ["model"],
    ],
    [
      "on the model of cards that are shared",
      [card, card],
      { ...shared, ...gfd({ "gpu.product": "NVIDIA-A10-SHARED" }) },
      { "nvidia.com/gpu": 8 },
      ["model"],
    ],
    [
      "on the profile",
      [vgpu],
      gfd({ "gpu.product": "GRID-A100D-80C" }),
      { "nvidia.com/gpu": 1 },
      ["model"],
    ],
    ["on memory", [card], gfd({ "gpu.memory": "40960" }), { "nvidia.com/gpu": 1 }, ["memory"]],
    [
      "on everything",
      [card, card],
      gfd({ "gpu.product": "NVIDIA-A10", "gpu.memory": "23028" }),
      { "nvidia.com/gpu": 1 },
      ["count", "model", "memory"],
    ],
  ])("%s", (____, gpus, labels, allocatable, wanted) => {
    expect(kinds(gpus, labels, allocatable)).toEqual(wanted);
  });

  it("in words that name both sides, and what to do", () => {
    const labels = gfd({ "gpu.product": "NVIDIA-A10", "gpu.memory": "23028" });
    const guest = { labels, allocatable: { "nvidia.com/gpu": 1 } };
    expect(
      compareGpus(guest, { name: "worker-1", gpus: [card, card] }).map((m) => m.message),
    ).toEqual([
      "vCenter: virtual machine worker-1 holds 2 GPUs (NVIDIA A100 80GB PCIe); the guest shows 1: look at the driver and the device plugin in the guest",
      "vCenter: virtual machine worker-1 holds NVIDIA A100 80GB PCIe; the guest shows NVIDIA-A10 (nvidia.com/gpu.product): check which device the machine has been given",
      "vCenter: virtual machine worker-1 holds GPUs with 81920 MiB; the guest shows 23028 MiB (nvidia.com/gpu.memory): check the vGPU profile, or MIG",
    ]);
  });
});

const anyGpu = fc.oneof(
  fc.constantFrom(vgpu, card, amd, intel, bare as Gpu),
  fc.record({
    kind: fc.constant("passthrough" as const),
    pciId: fc.string(),
    model: fc.string({ unit: "binary" }),
    movesLive: fc.boolean(),
  }),
);
const keys = ["gpu.count", "gpu.product", "gpu.memory", "gpu.replicas", "gpu.sharing-strategy"];
const anyLabels = fc
  .dictionary(
    fc.constantFrom(...keys),
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.integer().map(String),
      fc.constantFrom("1e9", "-1", "nan", " 2", "999999999999"),
    ),
  )
  .map(gfd);
const anyResources = fc.dictionary(
  fc.constantFrom(
    "nvidia.com/gpu",
    "nvidia.com/gpu.shared",
    "nvidia.com/mig-1g.5gb",
    "amd.com/gpu",
    "amd.com/cpx_nps4",
    "gpu.intel.com/xe",
    "nvidia.com/",
    "amd.com/x",
  ),
  fc.oneof(fc.nat(), fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER)),
);

describe("any labels and resources", () => {
  it("are judged, in short and readable words, each kind once", () => {
    fc.assert(
      fc.property(
        fc.array(anyGpu, { maxLength: 4 }),
        anyLabels,
        anyResources,
        (gpus, labels, allocatable) => {
          const found = compareGpus({ labels, allocatable }, { name: "worker-1", gpus });
          expect(new Set(found.map(({ kind }) => kind)).size).toBe(found.length);
          for (const { kind, message } of found) {
            expect(mismatchKinds).toContain(kind);
            expect(message.length).toBeLessThan(600);
            expect(message.isWellFormed()).toBe(true);
            expect(message).not.toMatch(/\p{Cc}|undefined|NaN/u);
          }
        },
      ),
    );
  });

  it("that are empty can only mean that GPUs are missing", () => {
    fc.assert(
      fc.property(fc.array(anyGpu, { maxLength: 4 }), (gpus) => {
        expect(kinds(gpus, {}, {})).toEqual(gpus.length === 0 ? [] : ["missing"]);
      }),
    );
  });
});
