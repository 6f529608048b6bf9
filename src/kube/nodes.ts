/** Takes from a Kubernetes node what selection needs to know. */

import type { NodeIdentity, Taint } from "../selection/model.ts";
import { at, listAt, textAt } from "./json.ts";

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
