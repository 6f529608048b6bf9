/** The HTTP pages that kubelet and Prometheus ask for: /livez, /readyz and /metrics. */

import express, { type Express } from "express";
import type { Registry } from "prom-client";

/** One thing that must be right before we say that we are ready. */
export interface ReadinessCheck {
  readonly name: string;
  /** What is wrong, in words for the person who reads /readyz; undefined when nothing is. */
  readonly problem: () => string | undefined;
  /** True when we are of use in spite of the problem: it is shown, and nothing more. */
  readonly isTolerated?: () => boolean;
}

/**
 * - `GET /livez`: 200 as long as the event loop turns; a restart would not mend what is broken elsewhere.
 * - `GET /readyz`: 200, or 503 with a line per check: `[+]name ok`, `[-]name problem`, or `[!]name problem` where it is tolerated.
 */
export function healthApp(checks: readonly ReadinessCheck[]): Express {
  const app = bareApp();
  app.get("/livez", (_request, response) => {
    response.type("text/plain").send("ok\n");
  });
  app.get("/readyz", (_request, response) => {
    const results = checks.map(result);
    const ready = results.every(({ sign }) => sign !== "-");
    const lines = results.map(({ sign, name, text }) => `[${sign}]${name} ${text}`);
    response
      .status(ready ? 200 : 503)
      .type("text/plain")
      .send(`${lines.join("\n")}\n${ready ? "ready" : "not ready"}\n`);
  });
  return app;
}

function result({ name, problem, isTolerated = () => false }: ReadinessCheck) {
  const text = problem();
  if (text === undefined) return { name, sign: "+", text: "ok" };
  return { name, sign: isTolerated() ? "!" : "-", text };
}

/** `GET /metrics` in Prometheus' text format. */
export function metricsApp(registry: Registry): Express {
  const app = bareApp();
  app.get("/metrics", async (_request, response) => {
    const text = await registry.metrics();
    response.type(registry.contentType).send(text);
  });
  return app;
}

function bareApp(): Express {
  return express().disable("x-powered-by").disable("etag");
}
