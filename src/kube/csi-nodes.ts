/** Takes from a CSINode under which id vSphere's storage driver knows the node. */

import { listAt, textAt } from "./json.ts";

const vsphereDriver = "csi.vsphere.vmware.com";

/**
 * @param csiNode a storage.k8s.io/v1 CSINode as the API server sends it; it has the node's name
 * @returns the uuid of the node's virtual machine, as the driver wrote it; empty where the driver does not run
 */
export function readVsphereNodeId(csiNode: unknown): string {
  const drivers = listAt(csiNode, "spec", "drivers");
  const driver = drivers.find((candidate) => textAt(candidate, "name") === vsphereDriver);
  return textAt(driver, "nodeID") ?? "";
}
