/** Sums what CPU a pod requests, as kube-scheduler does. */

import type { Container, Pod, Resources } from "./pod.ts";

/** What kube-scheduler counts for a container that requests no CPU, when it ranks nodes. */
const unspecifiedMilliCpu = 100;

/** A thousand cores: no node has as many, and sums of them stay exact. */
const mostMilliCpu = 1_000_000;

/**
 * Thousandths of a core. Containers and sidecars run together; an init container runs beside the sidecars that were
 * started before it; what is requested for the pod as a whole replaces the sum.
 */
export function cpuRequestMilli({ spec }: Pod): number {
  const overhead = parseMilli(spec.overhead?.["cpu"]) ?? 0;
  const whole = requestedCpu(spec.resources);
  const sum = whole ?? sumOfContainers(spec.containers ?? [], spec.initContainers ?? []);
  return Math.min(Math.ceil(sum + overhead), mostMilliCpu);
}

function sumOfContainers(
  containers: readonly Container[],
  initContainers: readonly Container[],
): number {
  let sidecars = 0;
  let highest = 0;
  for (const container of initContainers) {
    const milli = milliOf(container);
    highest = Math.max(highest, sidecars + milli);
    if (container.restartPolicy === "Always") sidecars += milli;
  }
  const together = containers.reduce((sum, container) => sum + milliOf(container), sidecars);
  return Math.max(together, highest);
}

function milliOf({ resources }: Container): number {
  return requestedCpu(resources) ?? unspecifiedMilliCpu;
}

/** A limit alone is a request too. */
function requestedCpu(resources: Resources): number | undefined {
  return parseMilli(resources?.requests?.["cpu"] ?? resources?.limits?.["cpu"]);
}

const perUnit: Readonly<Record<string, number>> = {
  n: 1e-6,
  u: 1e-3,
  m: 1,
  "": 1e3,
  k: 1e6,
  M: 1e9,
};

/** A quantity of cores such as "500m", "2" or "1.5"; undefined where it is no such quantity. */
function parseMilli(quantity: string | number | undefined): number | undefined {
  if (quantity === undefined) return undefined;
  const [, number, unit = ""] = /^([0-9.]+(?:[eE][0-9]+)?)([numkM]?)$/.exec(String(quantity)) ?? [];
  const milli = Number(number) * (perUnit[unit] ?? Number.NaN);
  return Number.isFinite(milli) ? milli : undefined;
}
