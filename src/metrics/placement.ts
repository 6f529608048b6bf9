/** The metrics of the parts that place pods: extender, webhook, node labels and certificates. */

import { Counter, Histogram, type Registry } from "prom-client";
import type { ExtenderObserver } from "../extender/observer.ts";
import type { TlsObserver } from "../tls/observer.ts";
import type { WebhookObserver } from "../webhook/observer.ts";
import { scraped } from "./metrics.ts";
import { type PromiseMetrics, promiseMetrics } from "./promises.ts";

export interface PlacementMetrics {
  readonly extender: ExtenderObserver;
  readonly webhook: WebhookObserver;
  readonly tls: TlsObserver;
  readonly promises: PromiseMetrics;
  /** Called once the certificates are followed. */
  readonly watchExpiry: (expiresAt: () => Date | undefined) => void;
}

/** An answer takes half a millisecond where few nodes are asked about, and 15 where 15,000 are. */
const callBuckets = [0.0005, 0.001, 0.002, 0.004, 0.008, 0.015, 0.03, 0.06, 0.12, 0.25, 0.5, 1, 2];

export function createPlacementMetrics(registry: Registry): PlacementMetrics {
  return {
    extender: extenderMetrics(registry),
    webhook: webhookMetrics(registry),
    tls: tlsMetrics(registry),
    promises: promiseMetrics(registry),
    watchExpiry(expiresAt) {
      scraped(registry, {
        name: "gpuinfo_certificate_expiry_timestamp_seconds",
        help: "When the certificate in use expires, Unix time; absent while there is none.",
        read() {
          const at = expiresAt();
          return at && at.getTime() / 1_000;
        },
      });
    },
  };
}

function extenderMetrics(registry: Registry): ExtenderObserver {
  const registers = [registry];
  const seconds = new Histogram({
    name: "gpuinfo_extender_request_duration_seconds",
    help: "Time that the extender took for a call, by verb and HTTP status.",
    labelNames: ["verb", "code"],
    registers,
    buckets: callBuckets,
  });
  const calls = new Counter({
    name: "gpuinfo_extender_calls_total",
    help: "Calls of the extender, by verb and what became of them.",
    labelNames: ["verb", "outcome"],
    registers,
  });
  const nodesIn = new Counter({
    name: "gpuinfo_extender_nodes_in_total",
    help: "Nodes that the extender was asked about.",
    labelNames: ["verb"],
    registers,
  });
  const nodesOut = new Counter({
    name: "gpuinfo_extender_nodes_out_total",
    help: "Nodes that the extender let through (filter) or scored (prioritize).",
    labelNames: ["verb"],
    registers,
  });
  const rejections = new Counter({
    name: "gpuinfo_extender_rejections_total",
    help: "Nodes that the extender rejected, by Reason.",
    labelNames: ["reason"],
    registers,
  });
  const stale = new Counter({
    name: "gpuinfo_extender_stale_answers_total",
    help: "Answers from an inventory older than SOFT_MAX_AGE.",
    registers,
  });
  return {
    called(call) {
      const { verb } = call;
      seconds.observe({ verb, code: String(call.code) }, call.seconds);
      calls.inc({ verb, outcome: call.outcome });
      nodesIn.inc({ verb }, call.namesIn);
      nodesOut.inc({ verb }, call.namesOut);
      for (const [reason, nodes] of call.rejected) rejections.inc({ reason }, nodes);
      if (call.stale) stale.inc();
    },
  };
}

function webhookMetrics(registry: Registry): WebhookObserver {
  const registers = [registry];
  const reviews = new Counter({
    name: "gpuinfo_webhook_reviews_total",
    help: "Admission reviews of pods, by what became of them.",
    labelNames: ["result", "mode"],
    registers,
  });
  const seconds = new Histogram({
    name: "gpuinfo_webhook_review_duration_seconds",
    help: "Time that the webhook took for an admission review.",
    labelNames: ["result"],
    registers,
    buckets: callBuckets,
  });
  return {
    reviewed(review) {
      reviews.inc({ result: review.result, mode: review.mode });
      seconds.observe({ result: review.result }, review.seconds);
    },
  };
}

function tlsMetrics(registry: Registry): TlsObserver {
  const registers = [registry];
  const reads = new Counter({
    name: "gpuinfo_certificate_reads_total",
    help: "Changed certificate files that were taken (ok) or left alone (error).",
    labelNames: ["outcome"],
    registers,
  });
  const handshakes = new Counter({
    name: "gpuinfo_tls_handshake_failures_total",
    help: "Handshakes that failed, by listener and cause.",
    labelNames: ["listener", "failure"],
    registers,
  });
  const clients = new Counter({
    name: "gpuinfo_tls_clients_refused_total",
    help: "Requests of clients with a good certificate whose name may not ask.",
    labelNames: ["listener"],
    registers,
  });
  const connections = new Counter({
    name: "gpuinfo_tls_connections_dropped_total",
    help: "Connections turned away because there were too many.",
    labelNames: ["listener"],
    registers,
  });
  return {
    certificatesRead: (outcome) => reads.inc({ outcome }),
    handshakeFailed: (listener, failure) => handshakes.inc({ listener, failure }),
    clientRefused: (listener) => clients.inc({ listener }),
    connectionDropped: (listener) => connections.inc({ listener }),
  };
}
