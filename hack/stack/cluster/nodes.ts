/** Makes the Kubernetes nodes that a fleet's virtual machines are, as their kubelets would have. */
import { type FleetMachine, type KubernetesNode, machineUuid, type Taint } from "../fleet.ts";
import { kubernetesVersion } from "../tools/families.ts";
import type { ApiClient } from "./api-client.ts";

/** The fields of a core/v1 Node that the local stack sets. */
export interface NodeObject {
  readonly apiVersion: "v1";
  readonly kind: "Node";
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly providerID?: string;
    readonly unschedulable?: boolean;
    readonly taints: readonly Taint[];
  };
  readonly status: {
    readonly conditions: readonly Readonly<Record<string, string>>[];
    readonly nodeInfo: Readonly<Record<string, string>>;
    readonly addresses: readonly Readonly<Record<string, string>>[];
    readonly capacity: Readonly<Record<string, string>>;
    readonly allocatable: Readonly<Record<string, string>>;
  };
}

/** The fields of a storage.k8s.io/v1 CSINode that the local stack sets. */
export interface CsiNodeObject {
  readonly apiVersion: "storage.k8s.io/v1";
  readonly kind: "CSINode";
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly drivers: readonly { readonly name: string; readonly nodeID: string }[];
  };
}

const atATime = 16;
const nodesPath = "/api/v1/nodes";
const csiNodesPath = "/apis/storage.k8s.io/v1/csinodes";

/** Makes a node for every machine that is one. */
export async function createNodes(
  api: ApiClient,
  machines: readonly FleetMachine[],
): Promise<readonly string[]> {
  const nodes = machines.flatMap((machine) => nodeFor(machine, new Date()) ?? []);
  await manyAtATime(nodes, async (node) => createNode(api, node));
  const csiNodes = machines.flatMap((machine) => csiNodeFor(machine) ?? []);
  await manyAtATime(csiNodes, async (csiNode) => api.call("POST", csiNodesPath, csiNode));
  return nodes.map(({ metadata }) => metadata.name);
}

async function manyAtATime<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const queue = items.values();
  const workers = Array.from({ length: atATime }, async () => {
    for (const item of queue) {
      await work(item);
    }
  });
  await Promise.all(workers);
}

/** What the vSphere CSI driver on the node registers; undefined for a machine without it. */
export function csiNodeFor(machine: FleetMachine): CsiNodeObject | undefined {
  const node = machine.kubernetesNode;
  if (node === undefined || node === false || typeof node.csiNodeId !== "string") {
    return undefined;
  }
  const name = node.name ?? machine.name;
  return {
    apiVersion: "storage.k8s.io/v1",
    kind: "CSINode",
    metadata: { name },
    spec: { drivers: [{ name: "csi.vsphere.vmware.com", nodeID: node.csiNodeId }] },
  };
}

/** The node that a machine is; undefined when it is none. */
export function nodeFor(machine: FleetMachine, now: Date): NodeObject | undefined {
  const node = machine.kubernetesNode;
  if (node === undefined || node === false) {
    return undefined;
  }
  const name = node.name ?? machine.name;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", ...node.labels },
      ...(node.annotations !== undefined && { annotations: node.annotations }),
    },
    spec: specOf(node, machineUuid(machine)),
    status: statusOf(machine, node, name, now),
  };
}

function specOf(node: KubernetesNode, uuid: string): NodeObject["spec"] {
  const providerID = node.providerId === undefined ? `vsphere://${uuid}` : node.providerId;
  return {
    ...(providerID !== null && { providerID }),
    ...(node.unschedulable === true && { unschedulable: true }),
    taints: node.taints ?? [],
  };
}

function statusOf(
  machine: FleetMachine,
  node: KubernetesNode,
  name: string,
  now: Date,
): NodeObject["status"] {
  const { numCpu = 8, memoryMib = 32_768 } = machine;
  const { ready = true, systemUuid = machineUuid(machine), allocatable = {} } = node;
  const resources = {
    cpu: String(numCpu),
    memory: `${memoryMib}Mi`,
    pods: "110",
    ...Object.fromEntries(Object.entries(allocatable).map(([key, value]) => [key, String(value)])),
  };
  return {
    conditions: [readyCondition(ready, now)],
    nodeInfo: nodeInfoOf(systemUuid ?? ""),
    addresses: [{ type: "Hostname", address: name }],
    capacity: resources,
    allocatable: resources,
  };
}

function readyCondition(ready: boolean, now: Date): Readonly<Record<string, string>> {
  const time = now.toISOString();
  return {
    type: "Ready",
    status: ready ? "True" : "False",
    reason: ready ? "KubeletReady" : "KubeletNotReady",
    message: "set by the local stack",
    lastHeartbeatTime: time,
    lastTransitionTime: time,
  };
}

/** The API server wants every one of these fields. */
function nodeInfoOf(systemUUID: string): Readonly<Record<string, string>> {
  return {
    systemUUID,
    machineID: systemUUID.replaceAll("-", ""),
    bootID: "",
    kernelVersion: "",
    osImage: "",
    containerRuntimeVersion: "",
    kubeletVersion: kubernetesVersion,
    kubeProxyVersion: "",
    operatingSystem: "linux",
    architecture: "amd64",
  };
}

/** Admission taints every new node as not ready; the node lifecycle controller, left out here, would undo it. */
async function createNode(api: ApiClient, node: NodeObject): Promise<void> {
  await api.call("POST", nodesPath, node);
  const isReady = node.status.conditions.some(({ status }) => status === "True");
  if (isReady) {
    await api.call("PATCH", `${nodesPath}/${node.metadata.name}`, {
      spec: { taints: node.spec.taints },
    });
  }
}
