/** What /metrics says of what an administrator should look into on nodes. */

import { Gauge, type Registry } from "prom-client";
import type { FindingCounts } from "../reconciler/node-findings.ts";
import { scraped } from "./metrics.ts";

/** @param counts asked at every scrape; undefined while another replica leads, or nothing is known */
export function watchFindings(registry: Registry, counts: () => FindingCounts | undefined): void {
  scraped(registry, {
    name: "gpuinfo_hosts_maintenance_unknown",
    help: "Hosts under nodes of which not all maintenance can be read; only the leader says.",
    read: () => counts()?.hostsWithUnknownMaintenance,
  });
  void new Gauge({
    name: "gpuinfo_nodes_gpu_mismatch",
    help: "Nodes whose guest shows other GPUs than vCenter, by what differs; only the leader says.",
    labelNames: ["kind"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [kind, nodes] of Object.entries(counts()?.mismatches ?? {}))
        this.set({ kind }, nodes);
    },
  });
}
