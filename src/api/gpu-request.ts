/** Says whether a pod itself asks Kubernetes for a GPU. */

import type { Pod, Resources } from "./pod.ts";

/**
 * - `resource`: it asks for a resource that is known to be a GPU; `name` is the first.
 * - `claim`: it has resource claims. What device they are for stands in the claim and in its class, not in the pod.
 * - `none`: neither.
 */
export type GpuRequest =
  | { readonly kind: "resource"; readonly name: string }
  | { readonly kind: "claim"; readonly name: string }
  | { readonly kind: "none" };

/** Names under which device plugins offer GPUs, whole or in parts. */
const gpuResources: readonly RegExp[] = [
  // nvidia.com/gpu, and shares of it: gpu.shared, gpumem, gpucores.
  /^nvidia\.com\/gpu/,
  /^nvidia\.com\/mig-/,
  // amd.com/gpu, and partitions such as amd.com/cpx_nps4.
  /^amd\.com\/gpu/,
  /^amd\.com\/[sdqc]px_nps[0-9]/,
  // gpu.intel.com/i915, gpu.intel.com/xe, and their memory, tiles and millicores.
  /^gpu\.intel\.com\//,
];

export function gpuRequestOf({ spec }: Pod): GpuRequest {
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  for (const { resources } of [spec, ...containers]) {
    const name = gpuAmong(resources);
    if (name !== undefined) return { kind: "resource", name };
  }
  const claim = spec.resourceClaims?.[0];
  return claim === undefined ? { kind: "none" } : { kind: "claim", name: claim.name };
}

function gpuAmong(resources: Resources): string | undefined {
  const asked = [
    ...Object.entries(resources?.limits ?? {}),
    ...Object.entries(resources?.requests ?? {}),
  ];
  return asked.find(([name, quantity]) => isGpu(name) && !isZero(quantity))?.[0];
}

function isGpu(resource: string): boolean {
  return gpuResources.some((pattern) => pattern.test(resource));
}

/** "0" is how people say that they want none. */
function isZero(quantity: string | number): boolean {
  return Number.parseFloat(String(quantity)) === 0;
}
