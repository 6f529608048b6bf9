/** Takes from a Kubernetes node what selection needs to know, and what of ours it carries. */

import { nodeOverride } from "../api/names.ts";
import { type NodeMarks, nodeLabelKeys, rawValueKeys, type Texts } from "../api/node-marks.ts";
import type { NodeIdentity, Taint } from "../selection/model.ts";
import { at, listAt, textAt } from "./json.ts";

/** A node for those who label it: what selection judges, apart from what we write, which must not set selection to work. */
export interface MarkedNode {
  /** Without `csiNodeId`, which stands in the node's CSINode. */
  readonly identity: NodeIdentity;
  readonly marks: NodeMarks;
  readonly uid: string;
  /** All of them, ours among them. */
  readonly labels: Texts;
  readonly gpuGuest: GuestGpus;
}

/** What the guest says of its GPUs. */
interface GuestGpus {
  /** `status.allocatable`, resources of GPU vendors alone (`nvidia.com/gpu`, `gpu.intel.com/xe` …); whole numbers. */
  readonly allocatable: Readonly<Record<string, number>>;
}

/**
 * @param node a v1 Node as the API server sends it
 * @throws Error when it has no name
 */
export function readMarkedNode(node: unknown): MarkedNode {
  return {
    identity: readNode(node),
    marks: readNodeMarks(node),
    uid: textAt(node, "metadata", "uid") ?? "",
    labels: textsOf(at(node, "metadata", "labels")),
    gpuGuest: { allocatable: gpusAmong(at(node, "status", "allocatable")) },
  };
}

/**
 * @param node a v1 Node as the API server sends it
 * @throws Error when it has no name
 */
export function readNode(node: unknown): NodeIdentity {
  const name = textAt(node, "metadata", "name");
  if (name === undefined) throw new Error("a Node without metadata.name");
  return {
    name,
    providerId: textAt(node, "spec", "providerID") ?? "",
    systemUuid: textAt(node, "status", "nodeInfo", "systemUUID") ?? "",
    ready: listAt(node, "status", "conditions").some(isReady),
    unschedulable: at(node, "spec", "unschedulable") === true,
    taints: listAt(node, "spec", "taints").map(readTaint),
    vmOverride: textAt(node, "metadata", "annotations", nodeOverride)?.trim() ?? "",
    csiNodeId: "",
  };
}

/** Labels and annotations of others are left out, also those that begin like ours. */
function readNodeMarks(node: unknown): NodeMarks {
  return {
    labels: pick(at(node, "metadata", "labels"), nodeLabelKeys),
    annotations: pick(at(node, "metadata", "annotations"), rawValueKeys),
  };
}

function pick(map: unknown, keys: readonly string[]): Texts {
  const picked: Record<string, string> = {};
  for (const key of keys) {
    const value = textAt(map, key);
    if (value !== undefined) picked[key] = value;
  }
  return picked;
}

function textsOf(map: unknown): Texts {
  return Object.fromEntries(
    entriesOf(map).flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : [])),
  );
}

const gpuVendors = ["nvidia.com/", "amd.com/", "gpu.intel.com/"];

/** The API server writes whole numbers as text without a suffix; what is no such number counts no devices. */
function gpusAmong(resources: unknown): GuestGpus["allocatable"] {
  return Object.fromEntries(
    entriesOf(resources).flatMap(([name, quantity]) =>
      gpuVendors.some((vendor) => name.startsWith(vendor)) && /^[0-9]{1,15}$/.test(String(quantity))
        ? [[name, Number(quantity)]]
        : [],
    ),
  );
}

function entriesOf(map: unknown): readonly (readonly [string, unknown])[] {
  return typeof map === "object" && map !== null && !Array.isArray(map) ? Object.entries(map) : [];
}

function isReady(condition: unknown): boolean {
  return textAt(condition, "type") === "Ready" && textAt(condition, "status") === "True";
}

function readTaint(taint: unknown): Taint {
  const value = textAt(taint, "value");
  return {
    key: textAt(taint, "key") ?? "",
    effect: textAt(taint, "effect") ?? "",
    ...(value !== undefined && { value }),
  };
}
