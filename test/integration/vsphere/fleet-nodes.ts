/** The Kubernetes nodes of a fleet, as their kubelets and their CSI drivers would have made them. */
import { csiNodeFor, nodeFor } from "../../../hack/stack/cluster/nodes.ts";
import type { FleetMachine } from "../../../hack/stack/fleet.ts";
import { readNode } from "../../../src/kube/nodes.ts";
import type { NodeIdentity } from "../../../src/selection/model.ts";

export function nodesOf(machines: readonly FleetMachine[]): NodeIdentity[] {
  return machines.flatMap((machine) => {
    const node = nodeFor(machine, new Date());
    const csiNodeId = csiNodeFor(machine)?.spec.drivers[0]?.nodeID ?? "";
    return node === undefined ? [] : [{ ...readNode(node), csiNodeId }];
  });
}
