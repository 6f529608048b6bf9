/** Says which virtual machines one node may be. An override decides alone; else the first key that hits does. */

import { hidesName, isRunning, mayRun } from "./machine-doubts.ts";
import { canonicalPath, isPath, type MachineIndex } from "./machine-index.ts";
import { calledLike, firstLabel, guestNameOf, isSameHost, isShortFor } from "./machine-names.ts";
import type { Confidence, NodeIdentity, VirtualMachine } from "./model.ts";
import { swapByteOrder, uuidIn, uuidOfProviderId } from "./uuids.ts";

export interface Match {
  readonly node: NodeIdentity;
  /** One, or several that nothing tells apart, or none. */
  readonly machines: readonly VirtualMachine[];
  /** All that the key names, also those that were passed over: any of them may turn out to be the node. */
  readonly named: readonly VirtualMachine[];
  readonly confidence: Confidence;
  /** The key that hit, or all that did not, for messages: `systemUUID 422e4956-…`. */
  readonly keys: readonly string[];
  /** They have the node's name, and another uuid than it has. */
  readonly namesakes: readonly VirtualMachine[];
}

/** What one key of the node says; undefined where the node has no such key. */
interface Hit {
  readonly key: string;
  readonly named: readonly VirtualMachine[];
  readonly machines: readonly VirtualMachine[];
}

type Key = (node: NodeIdentity, index: MachineIndex) => Hit | undefined;

const ids: readonly Key[] = [byProviderId, bySystemUuid, byCsiNodeId];

export function matchNode(node: NodeIdentity, index: MachineIndex): Match {
  if (node.vmOverride !== "") return matched(node, byOverride(node, index), "override");
  const keys: string[] = [];
  for (const find of ids) {
    const hit = find(node, index);
    if (hit !== undefined && hit.named.length > 0)
      return matched(node, withHidden(hit, node, index), "id");
    if (hit !== undefined) keys.push(hit.key);
  }
  return byName(node, index, keys);
}

function matched(node: NodeIdentity, { key, named, machines }: Hit, confidence: Confidence): Match {
  return { node, machines, named, confidence, keys: [key], namesakes: [] };
}

/**
 * Whether a machine of a vCenter that was not read yet could hardly be the node instead. A name alone says too little.
 * A uuid that one machine has is enough; where copies share it, so that more of them may be elsewhere, the node's name
 * has to agree. An annotation is somebody's word.
 */
export function isSettled({ node, machines, named, confidence }: Match): boolean {
  if (confidence !== "id") return confidence === "override";
  return named.length < 2 || machines.length > 1 || calledLike(machines, node.name).length > 0;
}

/** A path is exact: where two vCenters have the same one, it says too little. */
function byOverride(node: NodeIdentity, index: MachineIndex): Hit {
  const { vmOverride } = node;
  const uuid = uuidIn(vmOverride);
  if (uuid !== undefined) return byEitherUuid(uuid, node, index);
  const named = isPath(vmOverride) ? index.byPath(canonicalPath(vmOverride)) : [];
  return { key: `inventory path ${vmOverride}`, named, machines: named };
}

function byEitherUuid(uuid: string, node: NodeIdentity, index: MachineIndex): Hit {
  const exact = index.byInstanceUuid(uuid);
  const named = distinct([...exact, ...index.byBiosUuid(uuid)]);
  const hit = hitBy(`uuid ${uuid}`, named, node.name);
  return exact.length > 0 || named.length === 0 ? hit : withHidden(hit, node, index);
}

function byProviderId({ name, providerId }: NodeIdentity, index: MachineIndex): Hit | undefined {
  const uuid = uuidOfProviderId(providerId);
  return uuid === undefined
    ? undefined
    : hitBy(`providerID ${providerId}`, index.byBiosUuid(uuid), name);
}

function bySystemUuid({ name, systemUuid }: NodeIdentity, index: MachineIndex): Hit | undefined {
  if (systemUuid === "") return undefined;
  const key = `systemUUID ${systemUuid}`;
  const uuid = uuidIn(systemUuid);
  if (uuid === undefined) return { key, named: [], machines: [] };
  const asItIs = index.byBiosUuid(uuid);
  const swapped = index.byBiosUuid(swapByteOrder(uuid));
  if (asItIs.length === 0 || asItIs === swapped) return hitBy(key, swapped, name);
  if (swapped.length === 0) return hitBy(key, asItIs, name);
  return inTwoOrders(key, [...asItIs, ...swapped], name);
}

/** These are no copies: only the name can say which byte order is meant. */
function inTwoOrders(key: string, named: readonly VirtualMachine[], nodeName: string): Hit {
  const called = thoseCalled(named, nodeName);
  return {
    key: `${key} in its two byte orders`,
    named,
    machines: called.length === 1 ? called : named,
  };
}

function byCsiNodeId({ name, csiNodeId }: NodeIdentity, index: MachineIndex): Hit | undefined {
  const uuid = uuidIn(csiNodeId);
  return uuid === undefined
    ? undefined
    : hitBy(`CSINode id ${csiNodeId}`, index.byBiosUuid(uuid), name);
}

function hitBy(key: string, named: readonly VirtualMachine[], nodeName: string): Hit {
  return { key, named, machines: withoutCopies(named, nodeName) };
}

/** Where the uuid of a machine with the node's name may not be read, what hit may be that one's copy. */
function withHidden(hit: Hit, { name }: NodeIdentity, index: MachineIndex): Hit {
  const label = firstLabel(name.toLowerCase());
  const hidden = index.withoutUuidByLabel(label).filter((vm) => calledLike([vm], name).length > 0);
  if (hidden.length === 0) return hit;
  return {
    key: hit.key,
    named: [...hit.named, ...hidden],
    machines: [...hit.machines, ...hidden],
  };
}

/** A node that tells its uuid is no machine that has another, whatever the two are called. */
function byName(node: NodeIdentity, index: MachineIndex, keys: readonly string[]): Match {
  const called = findByName(node.name.toLowerCase(), index);
  const hasUuid = [node.systemUuid, node.csiNodeId].some((text) => uuidIn(text) !== undefined);
  const named = hasUuid ? called.filter(({ biosUuid }) => biosUuid === "") : called;
  const namesakes = called.filter((vm) => !named.includes(vm));
  const tried = [...keys, `name ${node.name}`];
  return { node, machines: named, named, confidence: "name", keys: tried, namesakes };
}

/** An exact name beats a short one, unless it is a display name and the machine calls itself otherwise. */
function findByName(name: string, index: MachineIndex): readonly VirtualMachine[] {
  const exact = index.byName(name);
  if (exact.some((vm) => isSameHost(guestNameOf(vm), name))) return exact;
  const label = firstLabel(name);
  const short = isShortFor(label, name)
    ? index.byName(label).filter((vm) => guestNameOf(vm) === label)
    : index.byShortName(name);
  return short.length === 0 ? exact : distinct([...exact, ...short]);
}

/**
 * Of machines that share a uuid: those that run, as a node does that is of any use; of these, those with its name.
 * Where it may not be read whether one runs, those that are left if it does, and those if it does not.
 */
function withoutCopies(
  machines: readonly VirtualMachine[],
  nodeName: string,
): readonly VirtualMachine[] {
  if (machines.length < 2) return machines;
  const awake = machines.filter(mayRun);
  const likely = thoseCalled(awake.length > 0 ? awake : machines, nodeName);
  if (awake.every(isRunning)) return likely;
  return distinct([...thoseCalled(awake.filter(isRunning), nodeName), ...likely]);
}

/** Those with the node's name and those that may have it; all of them where none has it. */
function thoseCalled(
  machines: readonly VirtualMachine[],
  nodeName: string,
): readonly VirtualMachine[] {
  const called = calledLike(machines, nodeName);
  if (called.length === 0) return machines;
  return machines.filter((vm) => called.includes(vm) || hidesName(vm));
}

function distinct(machines: readonly VirtualMachine[]): readonly VirtualMachine[] {
  return [...new Set(machines)];
}
