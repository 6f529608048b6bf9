/** Says which GPUs a virtual machine has: joins the devices that it holds with the cards of its host. */
import type { Gpu } from "../selection/model.ts";
import type { LentDevice } from "./gpu-devices.ts";
import type { Card, GpuCard, HostCards } from "./host-cards.ts";
import { fitsBoard, readVgpuProfile } from "./vgpu-profile.ts";

type VgpuDevice = Extract<LentDevice, { readonly kind: "vgpu" }>;
type DynamicDevice = Extract<LentDevice, { readonly kind: "dynamic" }>;

/**
 * The GPUs among the devices, in their order; `cards` is `undefined` while those of the host were not asked for. What
 * cannot be known for sure of a GPU is left out.
 */
export function findGpus(devices: readonly LentDevice[], cards: HostCards | undefined): Gpu[] {
  const all = cards?.gpus ?? [];
  const addresses = new Set(devices.map(addressOf));
  const open = all.filter(({ pciId }) => !addresses.has(pciId));
  const given = new Set<GpuCard>();
  return devices.flatMap((device): Gpu[] => {
    if (device.kind === "vgpu") return [toVgpu(device, cards)];
    const possible = cardsFor(device, all, open);
    const card = possible.find((candidate) => !given.has(candidate));
    if (card === undefined) return [];
    given.add(card);
    return [{ kind: "passthrough", pciId: card.pciId, ...inCommon(possible), movesLive: false }];
  });
}

/** True when a device, GPU or not, keeps the machine on its host while it runs. */
export function isPinned(devices: readonly LentDevice[], gpus: readonly Gpu[]): boolean {
  return devices.some(({ kind }) => kind !== "vgpu") || gpus.some(({ movesLive }) => !movesLive);
}

function toVgpu(device: VgpuDevice, cards: HostCards | undefined): Gpu {
  const { profile } = device;
  const model = modelBehind(profile, cards);
  const memoryMib = readVgpuProfile(profile)?.memoryMib;
  return {
    kind: "vgpu",
    profile,
    ...(/^(grid|nvidia)_/i.test(profile) && { vendor: "NVIDIA" as const }),
    ...(model !== undefined && { model }),
    ...(memoryMib !== undefined && { memoryMib }),
    movesLive: canMove(device, cards),
  };
}

/**
 * Neither the machine nor its host says no. A vSphere that knows no such flag moves vGPUs, but where the host may not be
 * read, nobody knows. Until it was asked, the machine's word counts, so that vMotion does not make it look pinned.
 */
function canMove(device: VgpuDevice, cards: HostCards | undefined): boolean {
  if (cards === undefined) return device.migrateSupported === true;
  const { profiles } = cards;
  const isRuledOut = device.migrateSupported === false || profiles?.get(device.profile) === false;
  return profiles !== undefined && !isRuledOut;
}

/** The model of the card that it is a share of. vSphere does not say which card: it must follow from the profile. */
function modelBehind(profile: string, cards: HostCards | undefined): string | undefined {
  const shared = cards?.shared ?? [];
  const type = readVgpuProfile(profile);
  const fitting = type === undefined ? [] : shared.filter((card) => fitsBoard(type, card));
  const isOffered = cards?.profiles?.has(profile) === true;
  const models = shared.map(({ model }) => model);
  const one = only(models);
  if (one !== undefined && (isOffered || fitting.length > 0)) return one;
  // A card without a name may be the one as well.
  return models.includes(undefined) ? undefined : only(fitting.map(({ model }) => model));
}

/** The one where vSphere says which; before the machine runs, any that is allowed and not held by another device of it. */
function cardsFor(
  device: LentDevice,
  all: readonly GpuCard[],
  open: readonly GpuCard[],
): readonly GpuCard[] {
  const address = addressOf(device);
  if (address !== undefined) return all.filter(({ pciId }) => pciId === address);
  return device.kind === "dynamic" ? open.filter((card) => isAllowed(device, card)) : [];
}

function addressOf(device: LentDevice): string | undefined {
  if (device.kind === "fixed") return device.pciId;
  return device.kind === "dynamic" ? device.assignedId : undefined;
}

function isAllowed(device: DynamicDevice, card: GpuCard): boolean {
  return device.allowed.some(
    ({ vendorId, deviceId }) => vendorId === card.vendorId && deviceId === card.deviceId,
  );
}

/** What is true of all the cards. */
function inCommon(cards: readonly GpuCard[]): Partial<Pick<GpuCard, "vendor" | keyof Card>> {
  const vendor = only(cards.map((card) => card.vendor));
  const model = only(cards.map((card) => card.model));
  const memoryMib = only(cards.map((card) => card.memoryMib));
  return {
    ...(vendor !== undefined && { vendor }),
    ...(model !== undefined && { model }),
    ...(memoryMib !== undefined && { memoryMib }),
  };
}

/** The value, where all are the same. */
function only<Value>(values: readonly Value[]): Value | undefined {
  const [value, ...others] = new Set(values);
  return others.length === 0 ? value : undefined;
}
