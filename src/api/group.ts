/** The names under which Kubernetes knows us: API group, resource and label prefix. */

export const group = "topology.corinternal.com";
export const version = "v1";
export const kind = "GPUInfo";
export const plural = "gpuinfoes";
export const apiVersion = `${group}/${version}`;
