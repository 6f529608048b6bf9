/** The route that the API server calls when an annotated pod is created. */

import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import { type AdmitOptions, admit } from "./admit.ts";
import { boundBytesInFlight } from "./bytes-in-flight.ts";
import { failureFrom, UnreadableRequest } from "./failure.ts";
import type { WebhookObserver } from "./observer.ts";
import { AdmissionReview, reviewWith } from "./review.ts";

export interface WebhookOptions extends AdmitOptions {
  readonly observer: WebhookObserver;
}

/** The API server takes objects of up to 3 MiB; a review has words of its own around one. */
const bodyLimitBytes = 3 * 1024 * 1024 + 64 * 1024;

/**
 * `POST /mutate-pods`: an AdmissionReview (admission.k8s.io/v1) of a pod, answered by one with a JSON Patch.
 * 400 where the body is no such review, 411 where its length is not said, 413 where it is too long, 415 where it is
 * not JSON, 503 where too many come at once.
 */
export function webhookApp(options: WebhookOptions): Express {
  const app = express().disable("x-powered-by").disable("etag");
  app.post(
    "/mutate-pods",
    startClock,
    demandJson,
    boundBytesInFlight(),
    express.json({ limit: bodyLimitBytes }),
    mutatePods(options),
    reportFailure(options),
  );
  return app;
}

const startClock: RequestHandler = (_request, response, next) => {
  response.locals["startedAt"] = performance.now();
  next();
};

const demandJson: RequestHandler = (request, _response, next) => {
  if (request.is("application/json")) return next();
  const found = (request.get("content-type") ?? "none").slice(0, 64);
  throw new UnreadableRequest(415, `content type ${found}; accepted is application/json`);
};

function mutatePods(options: WebhookOptions): RequestHandler {
  const { observer, mode, log } = options;
  async function answerReview(...[request, response]: Parameters<RequestHandler>): Promise<void> {
    const { request: asked } = AdmissionReview.parse(request.body);
    const { answer, result } = await admit(asked, options);
    response.json(reviewWith(asked.uid, answer));
    observer.reviewed({ result, seconds: secondsSince(response.locals), mode });
    if (answer.allowed) return;
    const { namespace } = asked;
    log.info({ namespace, result, message: answer.message }, "pod refused");
  }
  return (request, response, next) => {
    answerReview(request, response, next).catch(next);
  };
}

/** Four arguments make it an error handler. */
function reportFailure({ observer, mode, log }: WebhookOptions): ErrorRequestHandler {
  return (error: unknown, _request, response, _next) => {
    observer.reviewed({ result: "error", seconds: secondsSince(response.locals), mode });
    const failure = failureFrom(error);
    if (failure === undefined) log.error({ err: error }, "review failed");
    else log.warn({ status: failure.status, message: failure.message }, "request unreadable");
    const { status, message } = failure ?? ourFault;
    response.status(status).type("text/plain").send(`${message}\n`);
  };
}

const ourFault = { status: 500, message: "gpuinfo failed; its log says how" };

function secondsSince(locals: Readonly<Record<string, unknown>>): number {
  return (performance.now() - Number(locals["startedAt"])) / 1000;
}
