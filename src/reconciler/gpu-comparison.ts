/**
 * Compares the GPUs that vCenter says a virtual machine holds with those that its guest shows to Kubernetes. Pure.
 *
 * The guest speaks through its device plugins (allocatable resources) and GPU Feature Discovery (labels). Where it
 * offers parts of cards (time-slicing, MPS, MIG), the number of parts is not comparable, and the label with the number
 * of cards is taken; where a fact is missing on either side, nothing is said.
 */

import { modelKey } from "../selection/gpu-totals.ts";
import type { Gpu, VirtualMachine } from "../selection/model.ts";
import { plainText } from "./plain-text.ts";

/** What a node says of its GPUs: written by whoever may label nodes, so anything may stand in it. */
export interface GuestView {
  readonly labels: Readonly<Record<string, string>>;
  /** Whole numbers by resource name. */
  readonly allocatable: Readonly<Record<string, number>>;
}

/**
 * - `missing`: the machine holds GPUs, and the guest shows none
 * - `unexpected`: the guest shows GPUs that vCenter does not know of
 * - `count`, `model`, `memory`: both have some, but not the same
 */
export const mismatchKinds = ["missing", "unexpected", "count", "model", "memory"] as const;
export type MismatchKind = (typeof mismatchKinds)[number];

export interface Mismatch {
  readonly kind: MismatchKind;
  /** Names both sides, and what to do. */
  readonly message: string;
}

type Vendor = NonNullable<Gpu["vendor"]>;

/** Drivers keep some of a card's memory, and error correction takes a sixteenth of it. */
const memoryTolerance = 0.1;
const longestText = 60;

/** What is wrong, at most one of each kind; the machine's devices must be readable. */
export function compareGpus(
  guest: GuestView,
  machine: Pick<VirtualMachine, "name" | "gpus">,
): readonly Mismatch[] {
  const { gpus } = machine;
  const shown = resourcesShown(guest);
  const cards = nvidiaCards(guest);
  const isShown = shown.length > 0 || (cards ?? 0) > 0;
  if (gpus.length === 0) return isShown ? [unexpected(machine.name, guest, shown)] : [];
  if (!isShown) return [missing(machine)];
  return [count(guest, machine), model(guest, machine), memory(guest, machine)].filter(
    (mismatch) => mismatch !== undefined,
  );
}

function missing({ name, gpus }: Pick<VirtualMachine, "name" | "gpus">): Mismatch {
  return {
    kind: "missing",
    message: `vCenter: virtual machine ${name} holds ${describe(gpus)}; the guest offers Kubernetes none: look at the driver and the device plugin in the guest`,
  };
}

function unexpected(name: string, guest: GuestView, shown: readonly string[]): Mismatch {
  const resources = shown.map((resource) => `${resource}: ${guest.allocatable[resource]}`);
  const found = resources.length > 0 ? resources.join(", ") : `the label ${labels.count}`;
  return {
    kind: "unexpected",
    message: `vCenter: virtual machine ${name} holds no GPU that gpuinfo knows; the guest shows ${cut(found)}: pods that need no GPU are sent here; check the machine's devices, or report them with what vCenter says`,
  };
}

/** Where the numbers of one vendor are known on both sides. */
function count(
  guest: GuestView,
  { name, gpus }: Pick<VirtualMachine, "name" | "gpus">,
): Mismatch | undefined {
  for (const vendor of ["NVIDIA", "AMD"] as const) {
    const held = gpus.filter((gpu) => vendorOf(gpu) === vendor).length;
    const offered = cardsOffered(guest, vendor);
    const isComparable = offered !== undefined && held > 0 && gpus.every(vendorOf);
    if (!isComparable || offered === held) continue;
    return {
      kind: "count",
      message: `vCenter: virtual machine ${name} holds ${describe(gpus)}; the guest shows ${offered}: look at the driver and the device plugin in the guest`,
    };
  }
  return undefined;
}

/** Of a share of a card, the guest shows the profile's name as the product; labels are NVIDIA's alone. */
function model(
  { labels: found }: GuestView,
  { name, gpus }: Pick<VirtualMachine, "name" | "gpus">,
): Mismatch | undefined {
  const product = found[labels.product];
  const known = gpus.filter((gpu) => vendorOf(gpu) === "NVIDIA").map(modelOf);
  if (product === undefined || known.length === 0) return undefined;
  const isKnown = known.every((text) => text !== undefined);
  if (!isKnown || known.some((text) => isSameModel(text, product))) return undefined;
  return {
    kind: "model",
    message: `vCenter: virtual machine ${name} holds ${[...new Set(known)].map(cut).join(" and ")}; the guest shows ${cut(product)} (${labels.product}): check which device the machine has been given`,
  };
}

function memory(
  guest: GuestView,
  { name, gpus }: Pick<VirtualMachine, "name" | "gpus">,
): Mismatch | undefined {
  const shown = wholeNumber(guest.labels[labels.memory]);
  const known = gpus.filter((gpu) => vendorOf(gpu) === "NVIDIA").map((gpu) => gpu.memoryMib);
  if (shown === undefined || shown === 0 || known.length === 0 || isShared(guest)) return undefined;
  const isSame = known.some((mib) => mib === undefined || isAbout(mib, shown));
  if (isSame) return undefined;
  return {
    kind: "memory",
    message: `vCenter: virtual machine ${name} holds GPUs with ${[...new Set(known)].join(" and ")} MiB; the guest shows ${shown} MiB (${labels.memory}): check the vGPU profile, or MIG`,
  };
}

function isAbout(mib: number, shown: number): boolean {
  return Math.abs(shown - mib) <= mib * memoryTolerance;
}

/** Of GPU Feature Discovery. */
const labels = {
  count: "nvidia.com/gpu.count",
  product: "nvidia.com/gpu.product",
  memory: "nvidia.com/gpu.memory",
  replicas: "nvidia.com/gpu.replicas",
  sharing: "nvidia.com/gpu.sharing-strategy",
} as const;

/** Resources that stand for whole GPUs or parts of them; not those for their memory, cores or monitoring. */
const gpuResources: readonly RegExp[] = [
  /^nvidia\.com\/(gpu|gpu\.shared|mig-[^/]*)$/,
  /^amd\.com\/(gpu|[sdqc]px_nps[0-9])$/,
  /^gpu\.intel\.com\/(i915|xe)$/,
];

function resourcesShown({ allocatable }: GuestView): readonly string[] {
  return Object.keys(allocatable).filter(
    (name) => (allocatable[name] ?? 0) > 0 && gpuResources.some((known) => known.test(name)),
  );
}

/** Intel's plugin may offer each card several times and nothing tells how often, and AMD's partitions are no cards. */
function cardsOffered(guest: GuestView, vendor: Vendor): number | undefined {
  const { allocatable } = guest;
  if (vendor === "Intel") return undefined;
  if (vendor === "NVIDIA") {
    if (isShared(guest)) return nvidiaCards(guest);
    return allocatable["nvidia.com/gpu"] ?? nvidiaCards(guest);
  }
  const isPartitioned = Object.keys(allocatable).some((name) => /^amd\.com\/[sdqc]px/.test(name));
  return isPartitioned ? undefined : allocatable["amd.com/gpu"];
}

/** What the label says; undefined where it counts the parts that MIG has cut cards into. */
function nvidiaCards({ labels: found }: GuestView): number | undefined {
  return isMigProduct(found[labels.product]) ? undefined : wholeNumber(found[labels.count]);
}

/** One card may be offered several times, or in parts. */
function isShared({ labels: found, allocatable }: GuestView): boolean {
  const strategy = found[labels.sharing] ?? "none";
  const product = found[labels.product] ?? "";
  return (
    strategy !== "none" ||
    (wholeNumber(found[labels.replicas]) ?? 1) > 1 ||
    product.endsWith("-SHARED") ||
    isMigProduct(product) ||
    Object.keys(allocatable).some((name) => /^nvidia\.com\/(mig-|gpu\.shared$)/.test(name))
  );
}

function isMigProduct(product = ""): boolean {
  return product.includes("-MIG-");
}

function vendorOf({ vendor, kind }: Gpu): Vendor | undefined {
  return vendor ?? (kind === "vgpu" ? "NVIDIA" : undefined);
}

/** As the guest would name it. */
function modelOf(gpu: Gpu): string | undefined {
  return gpu.kind === "vgpu" ? gpu.profile : gpu.model;
}

/** vCenter knows cards by longer or shorter names: `GA100 [A100 PCIe 80GB]`, `NVIDIA A100 80GB PCIe`. */
function isSameModel(a: string, b: string): boolean {
  const [words, others] = [wordsOf(a), wordsOf(withoutSharing(b))];
  if (words.length === 0 || others.length === 0) return true;
  if (words.join("") === others.join("")) return true;
  return isWithin(words, others) || isWithin(others, words);
}

function isWithin(few: readonly string[], many: readonly string[]): boolean {
  return few.every((word) => many.includes(word));
}

/** They tell no card from another, and one side leaves them out. */
const noise: ReadonlySet<string> = new Set(["nvidia", "grid", "tesla", "quadro", "corporation"]);

function wordsOf(text: string): readonly string[] {
  return modelKey(text)
    .split("-")
    .filter((word) => word !== "" && !noise.has(word));
}

function withoutSharing(product: string): string {
  return product.replace(/-SHARED$/, "").replace(/-MIG-.*$/, "");
}

/** "2 GPUs (grid_a100d-40c)". */
function describe(gpus: readonly Gpu[]): string {
  const names = new Set(gpus.map((gpu) => cut(modelOf(gpu) ?? "of unknown model")));
  return `${gpus.length} ${gpus.length === 1 ? "GPU" : "GPUs"} (${[...names].slice(0, 4).join(", ")})`;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;
}

function cut(text: string): string {
  return plainText(text, longestText);
}
