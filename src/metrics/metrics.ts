/** Every metric that we expose: names as controller-runtime's where one exists, ours begin with gpuinfo_. */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { KubeObserver } from "../kube/observer.ts";
import { createVsphereMetrics, type VsphereMetrics } from "./vsphere.ts";

export interface Metrics {
  readonly registry: Registry;
  readonly kube: KubeObserver;
  readonly vsphere: VsphereMetrics;
}

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    kube: kubeMetrics(registry),
    vsphere: createVsphereMetrics(registry),
  };
}

function kubeMetrics(registry: Registry): KubeObserver {
  const registers = [registry];
  const counter = (name: string, help: string, ...labelNames: string[]) =>
    new Counter({ name, help, labelNames, registers });
  const histogram = (name: string, help: string, ...labelNames: string[]) =>
    new Histogram({ name, help, labelNames, registers, buckets: secondsBuckets });
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name, help, labelNames, registers });

  const requests = counter(
    "rest_client_requests_total",
    "Requests to the API server, by method and status code; <error> when there was no answer.",
    "method",
    "code",
  );
  const relists = counter(
    "gpuinfo_informer_relists_total",
    "Times that a whole resource was listed.",
    "resource",
  );
  const missed = counter(
    "gpuinfo_informer_missed_events_total",
    "Objects that a list showed to have changed without an event.",
    "resource",
  );
  const watchFailures = counter(
    "gpuinfo_informer_failures_total",
    "Lists and watches that ended with an error.",
    "resource",
    "kind",
  );
  const malformed = counter(
    "gpuinfo_informer_malformed_total",
    "Objects and events that could not be parsed and were left out.",
    "resource",
  );
  const leading = gauge(
    "leader_election_master_status",
    "1 while this process holds the lease.",
    "name",
  );
  const depth = gauge("workqueue_depth", "Keys that wait for a worker.", "name");
  const adds = counter("workqueue_adds_total", "Keys added.", "name");
  const waited = histogram(
    "workqueue_queue_duration_seconds",
    "Time that a key waited for a worker.",
    "name",
  );
  const worked = histogram(
    "workqueue_work_duration_seconds",
    "Time that a worker took for a key.",
    "name",
  );
  const retries = counter("workqueue_retries_total", "Keys put back after a failure.", "name");
  const reconciles = counter(
    "controller_runtime_reconcile_total",
    "Reconciliations, by result.",
    "controller",
    "result",
  );
  const reconcileErrors = counter(
    "controller_runtime_reconcile_errors_total",
    "Reconciliations that failed and are tried again.",
    "controller",
  );
  const reconcileTime = histogram(
    "controller_runtime_reconcile_time_seconds",
    "Time that a reconciliation took.",
    "controller",
  );
  const events = counter(
    "gpuinfo_events_total",
    "Kubernetes Events, by what became of them.",
    "outcome",
  );

  return {
    requestDone: (method, code) => requests.inc({ method, code }),
    relisted(resource, count) {
      relists.inc({ resource });
      missed.inc({ resource }, count);
    },
    watchFailed: (resource, kind) => watchFailures.inc({ resource, kind }),
    malformed: (resource) => malformed.inc({ resource }),
    leading: (name, isLeading) => leading.set({ name }, isLeading ? 1 : 0),
    queueDepth: (name, keys) => depth.set({ name }, keys),
    queueAdded: (name) => adds.inc({ name }),
    queueWaited: (name, seconds) => waited.observe({ name }, seconds),
    queueWorked(name, seconds, failed) {
      worked.observe({ name }, seconds);
      reconcileTime.observe({ controller: name }, seconds);
      reconciles.inc({ controller: name, result: failed ? "error" : "success" });
      if (failed) reconcileErrors.inc({ controller: name });
    },
    queueRetried: (name) => retries.inc({ name }),
    eventDone: (outcome) => events.inc({ outcome }),
  };
}

/** A gauge that is read at each scrape, and absent while there is nothing to read. */
export function scraped(
  registry: Registry,
  gauge: {
    readonly name: string;
    readonly help: string;
    readonly read: () => number | undefined;
  },
): Gauge {
  const { name, help, read } = gauge;
  return new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      const value = read();
      if (value === undefined) this.remove();
      else this.set(value);
    },
  });
}
