/** Drives a stack as its users do, by kubectl and vCenter, and waits for what gpuinfo answers. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Replica } from "../../hack/stack/pod/workload.ts";
import type { Stack } from "../../hack/stack/stack.ts";
import { GpuInfo, type GpuInfoStatus } from "../../src/api/gpuinfo.ts";
import { apiVersion, kind, plural } from "../../src/api/group.ts";

export const namespace = "default";
export const objects = `/apis/${apiVersion}/namespaces/${namespace}/${plural}`;

export interface Ask {
  readonly hours?: number;
  readonly gpu?: boolean;
}

export async function apply(stack: Stack, name: string, { hours, gpu }: Ask): Promise<void> {
  const spec = {
    ...(hours !== undefined && { desAccTime: hours }),
    ...(gpu !== undefined && { gpuRequired: gpu }),
  };
  const input = JSON.stringify({ apiVersion, kind, metadata: { name, namespace }, spec });
  await stack.controlPlane.kubectl(["apply", "-f", "-"], { input });
}

export async function statusOf(stack: Stack, name: string): Promise<GpuInfoStatus> {
  return GpuInfo.parse(await stack.controlPlane.api.call("GET", `${objects}/${name}`)).status;
}

/** The status as soon as `wanted` holds for it; an error that shows the last one when that takes too long. */
export async function untilStatus(
  stack: Stack,
  name: string,
  wanted: (status: GpuInfoStatus) => boolean,
  timeoutMs = 15_000,
): Promise<GpuInfoStatus> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const status = await statusOf(stack, name);
    if (wanted(status)) return status;
    if (performance.now() > deadline) {
      throw new Error(
        `${name} did not become as wanted in ${timeoutMs} ms: ${JSON.stringify(status)}`,
      );
    }
    await sleep(50);
  }
}

/** "True NodeFound", or undefined while there is no such condition. */
export function condition(status: GpuInfoStatus, type: string): string | undefined {
  const found = status.conditions?.find((candidate) => candidate.type === type);
  return found && `${found.status} ${found.reason}`;
}

export function messageOf(status: GpuInfoStatus, type: string): string {
  return status.conditions?.find((candidate) => candidate.type === type)?.message ?? "";
}

export async function untilNode(
  stack: Stack,
  name: string,
  node: string,
  timeoutMs?: number,
): Promise<GpuInfoStatus> {
  return untilStatus(stack, name, ({ suitableNodeName }) => suitableNodeName === node, timeoutMs);
}

/** A call to the simulator's control endpoint: see hack/vcsim/README.md. */
export async function vcenter(
  stack: Stack,
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: unknown,
): Promise<string> {
  const response = await fetch(stack.simulator.controlUrl + path, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
  return text;
}

/** The one process of gpuinfo in a stack with a single replica. */
export function replicaOf(stack: Stack): Replica {
  const [replica] = stack.replicas;
  if (replica === undefined) throw new Error("the stack runs no gpuinfo");
  return replica;
}

/** Forgets earlier questions and asks `gpu1` for a GPU for 100 hours, which gpu-b of the small fleet has. */
export async function askAnew(stack: Stack): Promise<void> {
  await untilReadiness(replicaOf(stack).healthUrl, ({ ready }) => ready, 90_000);
  await stack.controlPlane.api.call("DELETE", objects);
  await apply(stack, "gpu1", { hours: 100, gpu: true });
  await untilNode(stack, "gpu1", "gpu-b");
}

/** What /readyz says at this moment. */
export async function readiness(url: string): Promise<{ ready: boolean; text: string }> {
  const response = await fetch(`${url}/readyz`);
  return { ready: response.status === 200, text: await response.text() };
}

export async function untilReadiness(
  url: string,
  wanted: (readiness: { ready: boolean; text: string }) => boolean,
  timeoutMs = 20_000,
): Promise<string> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    // A process that kubelet has just started again listens a moment later.
    const current = await readiness(url).catch(() => undefined);
    if (current !== undefined && wanted(current)) return current.text;
    if (performance.now() > deadline) {
      const found = current?.text ?? "nobody listens";
      throw new Error(`/readyz did not become as wanted: ${found}`);
    }
    await sleep(50);
  }
}
