/** The metrics of what we do with each vCenter, and of how old it is what it said. */

import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { VcenterReading } from "../vcenters/reading.ts";
import type { VsphereObserver } from "../vsphere/observer.ts";

export interface VsphereMetrics {
  /** Counts under that vCenter's name. */
  readonly observe: (vcenter: string) => VsphereObserver;
  /** Called once the vCenters can be asked; they are, at each scrape. */
  readonly watch: (vcenters: VcentersAtScrape) => void;
}

interface VcentersAtScrape {
  readonly readings: () => readonly VcenterReading[];
  readonly now: () => number;
}

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createVsphereMetrics(registry: Registry): VsphereMetrics {
  return { observe: countersIn(registry), watch: (vcenters) => watchAges(registry, vcenters) };
}

function countersIn(registry: Registry): VsphereMetrics["observe"] {
  const registers = [registry];
  const calls = new Counter({
    name: "gpuinfo_vcenter_calls_total",
    help: "Calls to vCenter, by method and outcome.",
    labelNames: ["vcenter", "method", "outcome"],
    registers,
  });
  const seconds = new Histogram({
    name: "gpuinfo_vcenter_call_duration_seconds",
    help: "Time that vCenter took to answer; WaitForUpdatesEx waits on purpose.",
    labelNames: ["vcenter", "method"],
    registers,
    buckets: secondsBuckets,
  });
  const errors = new Counter({
    name: "gpuinfo_vcenter_errors_total",
    help: "Failed connection attempts and broken connections.",
    labelNames: ["vcenter", "kind", "type"],
    registers,
  });
  const logins = new Counter({
    name: "gpuinfo_vcenter_logins_total",
    help: "Successful logins.",
    labelNames: ["vcenter"],
    registers,
  });
  const sessions = new Gauge({
    name: "gpuinfo_vcenter_sessions",
    help: "1 while this process has a session with vCenter, until it is logged out.",
    labelNames: ["vcenter"],
    registers,
  });
  const objects = new Gauge({
    name: "gpuinfo_inventory_objects",
    help: "Objects in the inventory; watched are the virtual machines whose changes are followed.",
    labelNames: ["vcenter", "kind"],
    registers,
  });
  const attribute = new Gauge({
    name: "gpuinfo_maintenance_attribute_defined",
    help: "1 where vCenter has the custom attribute that holds maintenance windows, 0 where it has not; absent while that is unknown.",
    labelNames: ["vcenter"],
    registers,
  });
  return (vcenter) => ({
    call(method, outcome, duration) {
      calls.inc({ vcenter, method, outcome });
      seconds.observe({ vcenter, method }, duration);
    },
    error: (kind, type) => errors.inc({ vcenter, kind, type }),
    login() {
      logins.inc({ vcenter });
      sessions.set({ vcenter }, 1);
    },
    logout: () => sessions.set({ vcenter }, 0),
    inventory({ hosts, virtualMachines, watched, isAttributeDefined }) {
      objects.set({ vcenter, kind: "host" }, hosts);
      objects.set({ vcenter, kind: "virtual_machine" }, virtualMachines);
      objects.set({ vcenter, kind: "watched_virtual_machine" }, watched);
      if (isAttributeDefined === undefined) attribute.remove({ vcenter });
      else attribute.set({ vcenter }, isAttributeDefined ? 1 : 0);
    },
  });
}

function watchAges(registry: Registry, { readings, now }: VcentersAtScrape): void {
  const secondsSince = (time: Date | undefined) => time && (now() - time.getTime()) / 1_000;
  const gauge = (
    name: string,
    help: string,
    read: (reading: VcenterReading) => number | undefined,
  ): Gauge =>
    new Gauge({
      name,
      help,
      labelNames: ["vcenter"],
      registers: [registry],
      collect() {
        this.reset();
        for (const reading of readings()) {
          const value = read(reading);
          if (value !== undefined) this.set({ vcenter: reading.name }, value);
        }
      },
    });
  gauge(
    "gpuinfo_inventory_age_seconds",
    "Age of what is known of vCenter; absent until it was read once.",
    ({ takenAt }) => secondsSince(takenAt),
  );
  gauge(
    "gpuinfo_usage_age_seconds",
    "Age of the CPU and memory numbers; absent until vCenter was read once.",
    ({ usageTakenAt }) => secondsSince(usageTakenAt),
  );
  gauge(
    "gpuinfo_vcenter_clock_skew_seconds",
    "How far vCenter's clock is ahead of ours.",
    ({ clockSkewSeconds }) => clockSkewSeconds,
  );
}
