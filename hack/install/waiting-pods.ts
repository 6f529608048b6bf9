/** Finds the pods that wait to be placed by gpuinfo, and would wait for ever once it is gone. */
import { z } from "zod";
import { read } from "./kubectl.ts";

const PodList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ namespace: z.string(), name: z.string() }),
      spec: z.object({ nodeName: z.string().default("") }),
    }),
  ),
});

/** Our scheduler alone looks at the first; the second want nodes with our labels, in every mode. */
const selections = [
  "--field-selector=status.phase=Pending,spec.schedulerName=gpuinfo-scheduler",
  "--field-selector=status.phase=Pending --selector=topology.corinternal.com/managed=true",
];

/** `namespace/name` of each. */
export function waitingPods(): readonly string[] {
  const found = selections.flatMap((selection) => {
    const list = read(["get", "pods", "--all-namespaces", "-o", "json", ...selection.split(" ")]);
    return PodList.parse(JSON.parse(list)).items.filter(({ spec }) => spec.nodeName === "");
  });
  const names = found.map(({ metadata: { namespace, name } }) => `${namespace}/${name}`);
  return [...new Set(names)].toSorted();
}

/** Tells the user which pods wait, and what to do about them. */
export function describeWaiting(pods: readonly string[]): string {
  if (pods.length === 0) return "No pod waits to be placed by gpuinfo.";
  return [
    `${pods.length} pods wait to be placed by gpuinfo, and will wait for ever without it.`,
    "Delete them once this is through; their controllers create them anew, for the cluster's own scheduler:",
    ...pods.map((pod) => `  kubectl delete pod --namespace ${pod.replace("/", " ")}`),
  ].join("\n");
}
