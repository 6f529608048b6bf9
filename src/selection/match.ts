/** Says which virtual machines one node may be. An override decides alone; else the first key that hits does. */

import { canonicalPath, isPath, isRunning, type MachineIndex } from "./machine-index.ts";
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
    if (hit !== undefined && hit.named.length > 0) return matched(node, hit, "id");
    if (hit !== undefined) keys.push(hit.key);
  }
  return byName(node, index, keys);
}

function matched(node: NodeIdentity, { key, named, machines }: Hit, confidence: Confidence): Match {
  return { node, machines, named, confidence, keys: [key], namesakes: [] };
}

/** A path is exact: where two vCenters have the same one, it says too little. */
function byOverride({ name, vmOverride }: NodeIdentity, index: MachineIndex): Hit {
  const uuid = uuidIn(vmOverride);
  if (uuid !== undefined) {
    const named = [...index.byInstanceUuid(uuid), ...index.byBiosUuid(uuid)];
    return hitBy(`uuid ${uuid}`, distinct(named), name);
  }
  const named = isPath(vmOverride) ? index.byPath(canonicalPath(vmOverride)) : [];
  return { key: `inventory path ${vmOverride}`, named, machines: named };
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
  const called = calledLike(named, nodeName);
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

/** Of machines that share a uuid: those that run, as a node does that is of any use; of these, those with its name. */
function withoutCopies(
  machines: readonly VirtualMachine[],
  nodeName: string,
): readonly VirtualMachine[] {
  if (machines.length < 2) return machines;
  const running = machines.filter(isRunning);
  const likely = running.length > 0 ? running : machines;
  if (likely.length < 2) return likely;
  const called = calledLike(likely, nodeName);
  return called.length > 0 ? called : likely;
}

function distinct(machines: readonly VirtualMachine[]): readonly VirtualMachine[] {
  return [...new Set(machines)];
}
