/** Reads what a running gpuinfo counts. */

import type { Replica } from "../../hack/stack/pod/workload.ts";

/** The sum over all series of the metric whose labels match; 0 when there is none. */
export async function metric(
  { metricsUrl }: Pick<Replica, "metricsUrl">,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const text = await (await fetch(metricsUrl)).text();
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  return text
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}
