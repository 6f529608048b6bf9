/** The metrics of the watch over what running pods were promised. */

import { Counter, type Registry } from "prom-client";
import { scraped } from "./metrics.ts";

export interface PromiseMetrics {
  readonly changed: (isAtRisk: boolean) => void;
  readonly wrote: (outcome: string) => void;
  /** Called once, with what counts the pods at risk: undefined while another replica leads. */
  readonly watchAtRisk: (count: () => number | undefined) => void;
}

export function promiseMetrics(registry: Registry): PromiseMetrics {
  const registers = [registry];
  const changes = new Counter({
    name: "gpuinfo_placement_risk_changes_total",
    help: "Running pods that came to be at risk, or are safe again.",
    labelNames: ["to"],
    registers,
  });
  const writes = new Counter({
    name: "gpuinfo_pod_condition_writes_total",
    help: "Conditions of pods, by what became of the call to the API server.",
    labelNames: ["outcome"],
    registers,
  });
  return {
    changed: (isAtRisk) => changes.inc({ to: isAtRisk ? "at_risk" : "safe" }),
    wrote: (outcome) => writes.inc({ outcome }),
    watchAtRisk(read) {
      scraped(registry, {
        name: "gpuinfo_placements_at_risk",
        help: "Running pods whose host goes down before the hours they asked for are over; only the leader says.",
        read,
      });
    },
  };
}
