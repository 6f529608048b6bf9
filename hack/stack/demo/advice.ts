/** Reads what gpuinfo advises, and waits for it to become what the story says. */
import { setTimeout as sleep } from "node:timers/promises";
import { GpuInfo, noneAvailable } from "../../../src/api/gpuinfo.ts";
import { apiVersion, plural } from "../../../src/api/group.ts";
import type { ApiClient } from "../cluster/api-client.ts";

/** One GPUInfo's question and answer. */
export interface Advice {
  readonly name: string;
  /** Hours that are asked for. */
  readonly hours: number;
  /** False while there is no answer to the question as it stands, or nothing fits. */
  readonly isReady: boolean;
  readonly node: string;
  readonly host: string;
  readonly hoursAvailable: number;
  readonly cpuMhz: number;
  readonly memoryMib: number;
}

/** The GPUInfos of the default namespace, by name. */
export async function readAdvice(api: ApiClient): Promise<readonly Advice[]> {
  const path = `/apis/${apiVersion}/namespaces/default/${plural}`;
  const { items } = await api.call<{ readonly items: readonly unknown[] }>("GET", path);
  return items
    .map((item) => toAdvice(GpuInfo.parse(item)))
    .toSorted((a, b) => a.name.localeCompare(b.name));
}

/** The advice as soon as it satisfies `wanted`, and how long that took; throws when it does not in `timeoutMs`. */
export async function untilAdvice(
  api: ApiClient,
  what: string,
  wanted: (advice: readonly Advice[]) => boolean,
  timeoutMs = 30_000,
): Promise<{ readonly advice: readonly Advice[]; readonly elapsedMs: number }> {
  const startedAt = performance.now();
  for (;;) {
    const advice = await readAdvice(api);
    const elapsedMs = performance.now() - startedAt;
    if (wanted(advice)) {
      return { advice, elapsedMs };
    }
    if (elapsedMs > timeoutMs) {
      throw new Error(
        `waited ${timeoutMs / 1_000} s in vain for ${what}. Found:\n${advice.map(describe).join("\n")}`,
      );
    }
    await sleep(25);
  }
}

/** Such as `worker-7 on esxi-dell-h.example.com, up for 399 h more; 87 MHz and 327 MiB in use`. */
export function describe(advice: Advice): string {
  const { name, node, host, hoursAvailable, cpuMhz, memoryMib } = advice;
  const usage = `${cpuMhz} MHz and ${memoryMib} MiB in use`;
  return `   ${name}  ${node} on ${host}, up for ${hoursAvailable} h more; ${usage}`;
}

function toAdvice({ metadata, spec, status }: GpuInfo): Advice {
  const ready = status.conditions?.find(({ type }) => type === "Ready")?.status === "True";
  const isCurrent = status.observedGeneration === metadata.generation;
  return {
    name: metadata.name,
    hours: spec.desAccTime,
    isReady: ready && isCurrent,
    node: status.suitableNodeName ?? noneAvailable,
    host: status.suitableHostName ?? noneAvailable,
    hoursAvailable: status.availableAcceleratorTime ?? 0,
    cpuMhz: status.nodeCPUUsage ?? 0,
    memoryMib: status.nodeMemoryUsage ?? 0,
  };
}
