/** Takes from a Kubernetes node what selection needs to know, and what of ours it carries. */

import {
  type NodeMarks,
  nodeAnnotationKeys,
  nodeLabelKeys,
  type Texts,
} from "../api/node-marks.ts";
import type { NodeIdentity, Taint } from "../selection/model.ts";
import { at, listAt, textAt } from "./json.ts";

/** A node for those who label it: what selection judges, apart from what we write, which must not set selection to work. */
export interface MarkedNode {
  readonly identity: NodeIdentity;
  readonly marks: NodeMarks;
}

/**
 * @param node a v1 Node as the API server sends it
 * @throws Error when it has no name
 */
export function readMarkedNode(node: unknown): MarkedNode {
  return { identity: readNode(node), marks: readNodeMarks(node) };
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
  };
}

/** Labels and annotations of others are left out, also those that begin like ours. */
function readNodeMarks(node: unknown): NodeMarks {
  return {
    labels: pick(at(node, "metadata", "labels"), nodeLabelKeys),
    annotations: pick(at(node, "metadata", "annotations"), [nodeAnnotationKeys.esxiHost]),
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
