/** Reads NVIDIA's names of vGPU profiles, such as `grid_a100d-40c`: the board that it is a share of, and how much of it. */
import type { Card } from "./host-cards.ts";

export interface VgpuProfile {
  /** NVIDIA's word for the board, lower case letters and digits, such as `a100d` or `rtx6000ada`. */
  readonly board: string;
  readonly memoryMib: number;
}

interface Board {
  /** The word for it in cards' names. */
  readonly names: readonly string[];
  readonly forms: readonly Form[];
  readonly memoryGib: number;
}

type Form = "pcie" | "nvl" | "sxm";

const pcie: readonly Form[] = ["pcie"];
const sxm: readonly Form[] = ["sxm"];
const board = (names: string, forms: readonly Form[], memoryGib: number): Board => ({
  names: names.split(" "),
  forms,
  memoryGib,
});

/**
 * Boards that are sold in several forms and sizes, by the word in NVIDIA's tables "Virtual GPU Types for Supported GPUs"
 * (https://docs.nvidia.com/vgpu/latest/grid-vgpu-user-guide/). The words mislead: a card named A100X offers A100D.
 */
const boards: ReadonlyMap<string, Board> = new Map([
  ["p100", board("p100", pcie, 16)],
  ["p100c", board("p100", pcie, 12)],
  ["p100x", board("p100", sxm, 16)],
  ["v100", board("v100", pcie, 16)],
  ["v100d", board("v100", pcie, 32)],
  ["v100x", board("v100", sxm, 16)],
  ["v100dx", board("v100", sxm, 32)],
  ["a100", board("a100", pcie, 40)],
  ["a100x", board("a100", sxm, 40)],
  ["a100d", board("a100 a100x", pcie, 80)],
  ["a100dx", board("a100", sxm, 80)],
  ["a800", board("a800", pcie, 40)],
  ["a800d", board("a800 ax800", pcie, 80)],
  ["a800dx", board("a800", sxm, 80)],
  ["h100", board("h100", pcie, 80)],
  ["h100l", board("h100", ["pcie", "nvl"], 94)],
  ["h100xm", board("h100", sxm, 80)],
  ["h100xl", board("h100", sxm, 94)],
  ["h100xs", board("h100", sxm, 64)],
  ["h800", board("h800", pcie, 80)],
  ["h800l", board("h800", ["pcie", "nvl"], 94)],
  ["h800xm", board("h800", sxm, 80)],
  ["h200", board("h200", ["pcie", "nvl"], 141)],
  ["h200x", board("h200", sxm, 141)],
  ["h20", board("h20", sxm, 96)],
  ["h20x", board("h20", sxm, 141)],
  ["rtx6000p", board("rtx6000", pcie, 24)],
  ["rtx8000p", board("rtx8000", pcie, 48)],
  ["rtxpro6000blackwelldc", board("rtxpro6000blackwell", pcie, 96)],
]);

/**
 * Reads a profile: `grid_` or `nvidia_`, the board, for a MIG share the number of its slices, GB of memory, and letters
 * for what it is made for. 0 GB stands for 512 MB.
 * @returns `undefined` for a name of another form, such as `grid_k120q`.
 */
export function readVgpuProfile(profile: string): VgpuProfile | undefined {
  const parts = /^(?:grid|nvidia)_(.+?)(?:-\d)?-(\d{1,3})[abcq][a-z0-9]*$/i.exec(profile);
  const [, word, gib] = parts ?? [];
  if (word === undefined || gib === undefined) return undefined;
  return {
    board: word.toLowerCase().replaceAll(/[^a-z0-9]/g, ""),
    memoryMib: Number(gib) * 1024 || 512,
  };
}

/** True when the card's name names the profile's board, and neither its form nor its memory speaks against it. */
export function fitsBoard({ board: word, memoryMib }: VgpuProfile, card: Card): boolean {
  const words = (card.model ?? "").toLowerCase().match(/[a-z0-9]+/g) ?? [];
  if (card.memoryMib !== undefined && memoryMib > card.memoryMib * 1.1) return false;
  const known = boards.get(word);
  if (known === undefined) return hasName(words, word);
  const form = formOf(words);
  return (
    known.names.some((name) => hasName(words, name)) &&
    (form === undefined || known.forms.includes(form)) &&
    (card.memoryMib === undefined || isAbout(card.memoryMib / 1024, known.memoryGib))
  );
}

/** `RTX A6000` is one name in two words; `RTX 6000 Ada` is another card than `RTX 6000`. */
function hasName(words: readonly string[], name: string): boolean {
  return words.some((_, start) => {
    const end = words.findIndex((__, at) => words.slice(start, at + 1).join("") === name);
    return end >= start && !isGeneration(words[end + 1]);
  });
}

function isGeneration(word: string | undefined): boolean {
  return word === "ada" || word === "blackwell";
}

/** NVIDIA's driver names an H100 in SXM form `H100 80GB HBM3`. */
function formOf(words: readonly string[]): Form | undefined {
  if (words.some((word) => /^(sxm\d?|hgx|hbm3)$/.test(word))) return "sxm";
  if (words.includes("nvl")) return "nvl";
  return words.includes("pcie") ? "pcie" : undefined;
}

/** Cards report a little less, or a little more, than they are sold with. */
function isAbout(found: number, wanted: number): boolean {
  return Math.abs(found - wanted) <= wanted * 0.1;
}
