/** Says in words for the user why a node was given no virtual machine, and what to do. */

import type { Claim } from "./claims.ts";
import { isPath, type MachineIndex } from "./machine-index.ts";
import type { Match } from "./match.ts";
import type { Confidence, VirtualMachine } from "./model.ts";
import { uuidIn } from "./uuids.ts";

/** `nodeOverride` of the API, which selection does not import. */
export const overrideAnnotation = "topology.corinternal.com/vm";

const namesShown = 5;
const charactersShown = 200;

type Gaps = Pick<MachineIndex, "withoutUuid" | "withoutPath">;

export function nothingFound({ node, confidence, keys, namesakes }: Match, gaps: Gaps): string {
  if (confidence === "override") return nothingNamed(node.vmOverride, gaps);
  return [
    `no virtual machine has ${keys.map(cut).join(" or ")}`,
    ...(namesakes.length === 0 ? [] : [onlyNamesakes(namesakes)]),
    ...uuidsMissing(gaps),
  ].join("; ");
}

function nothingNamed(vmOverride: string, gaps: Gaps): string {
  const found = `the annotation ${overrideAnnotation} is ${JSON.stringify(cut(vmOverride))}`;
  const remedy = "correct it, or remove it";
  const nobodyHas = (what: string) =>
    `${found}, and no virtual machine has that ${what}: ${remedy}`;
  if (uuidIn(vmOverride) !== undefined)
    return [nobodyHas("uuid"), ...uuidsMissing(gaps)].join("; ");
  if (isPath(vmOverride)) return [nobodyHas("inventory path"), ...pathsMissing(gaps)].join("; ");
  return `${found}, which is neither a uuid nor an inventory path such as /DC0/vm/worker-7: ${remedy}`;
}

/** Why a machine may be missed that is there. */
function uuidsMissing({ withoutUuid: count }: Gaps): readonly string[] {
  if (count === 0) return [];
  return [
    `the uuid of ${count} virtual machines could not be read (privilege System.Read missing?)`,
  ];
}

function pathsMissing({ withoutPath: count }: Gaps): readonly string[] {
  if (count === 0) return [];
  return [
    `the path of ${count} virtual machines is not known (in a vApp, or a folder may not be read?)`,
  ];
}

export function severalFound({ machines, confidence, keys }: Match): string {
  const key = cut(keys.at(-1) ?? "");
  const found = `${sourceOf(confidence)}${machines.length} virtual machines match ${key}: ${list(machines.map(describe))}`;
  return confidence === "id"
    ? `${found}; give the copy a uuid of its own, or ${writeOverride}`
    : `${found}; ${writeOverride}`;
}

/** Found, but not so that a machine of a vCenter that was not read could not be the node. */
export function perhapsElsewhere({ machines, keys }: Match): string {
  const key = cut(keys.at(-1) ?? "");
  const which = list(machines.map(describe));
  return `virtual machine ${which} matches ${key}, and so may one of a vCenter that has not been read: ${writeOverride}, or wait`;
}

/** @param strongest the claims on the machine that are as strong as any; this node's may be among them */
export function claimedByOthers(
  vm: VirtualMachine,
  confidence: Confidence,
  strongest: readonly Claim[],
): string {
  const nodes = list(strongest.map(({ node }) => node));
  const [first] = strongest;
  if (first?.confidence === confidence)
    return `${strongest.length} nodes match the virtual machine ${describe(vm)}: ${nodes}; ${writeOverride}`;
  return `the virtual machine ${describe(vm)} has ${claimWords[confidence]}, but ${nodes} has a better claim; ${writeOverride}`;
}

const claimWords: Readonly<Record<Confidence, string>> = {
  override: "been named in the annotation",
  id: "this node's uuid",
  name: "this node's name",
};

const writeOverride = `write the right one's inventory path or instance uuid into the node's annotation ${overrideAnnotation}`;

function onlyNamesakes(namesakes: readonly VirtualMachine[]): string {
  const which = list(namesakes.map(describe));
  return `${which} has the name, but another uuid: if it is the node all the same, ${writeOverride}`;
}

function sourceOf(confidence: Confidence): string {
  return confidence === "override" ? `by the annotation ${overrideAnnotation}, ` : "";
}

/** By its path, which is what an override wants; by its name where that is not known. */
function describe({ id, name, inventoryPath }: VirtualMachine): string {
  return cut(`${inventoryPath || name} (${id})`);
}

function list(words: readonly string[]): string {
  const rest = words.length - namesShown;
  const shown = words.slice(0, namesShown).join(", ");
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}

/** An annotation may be as long as a book. Half a character at the end would be no text any more. */
function cut(text: string): string {
  return text.length > charactersShown ? `${text.slice(0, charactersShown).toWellFormed()}…` : text;
}
