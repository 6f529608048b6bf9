/** Serves kube-scheduler's extender calls: POST /filter and POST /prioritize. */

import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import type { Logger } from "pino";
import { type DecideOptions, decide } from "./decide.ts";
import { MalformedRequest } from "./malformed-request.ts";
import type { Call, ExtenderObserver, Outcome, Verb } from "./observer.ts";
import { PreparedRankings } from "./prepared.ts";
import { type Answer, answerFilter, answerPrioritize } from "./reply.ts";
import { ArgsReader } from "./wire.ts";

export interface ExtenderOptions extends DecideOptions {
  readonly log: Logger;
  readonly observer: ExtenderObserver;
}

const verbs = ["filter", "prioritize"] as const;

/** 5,000 whole nodes would not fit: but 500 do, and get an answer that says what to set. */
const maxBodyBytes = 32 * 1024 * 1024;

/**
 * - `POST /filter`: 200 with an ExtenderFilterResult; what prevents an answer stands in its `Error`.
 * - `POST /prioritize`: 200 with a HostPriorityList; it has no place for an error, so that is a status of 400 or 503.
 *
 * A request that cannot be read gets 400, 413 or 415, with what is wrong in the body.
 */
export function extenderApp(options: ExtenderOptions): Express {
  const prepared = new PreparedRankings();
  const reader = new ArgsReader();
  const app = express().disable("x-powered-by").disable("etag");
  // Every body is taken for JSON, whatever its type is said to be; compressed ones are not taken at all.
  const readBody = express.raw({ type: () => true, limit: maxBodyBytes, inflate: false });
  const answers: Readonly<Record<Verb, Answer>> = {
    filter: (decision, names) => answerFilter(prepared, decision, names),
    prioritize: (decision, names) => answerPrioritize(prepared, decision, names),
  };
  for (const verb of verbs) {
    app
      .route(`/${verb}`)
      .post(
        noteStart,
        readBody,
        handle(verb, answers[verb], reader, options),
        refuseBadCall(verb, options),
      )
      .all((_request, response) => {
        response.set("Allow", "POST").status(405).type("text/plain").send("use POST\n");
      });
  }
  app.use((_request, response) => {
    response.status(404).type("text/plain").send("there are POST /filter and POST /prioritize\n");
  });
  return app;
}

const noteStart: RequestHandler = (_request, response, next) => {
  response.locals["startedAt"] = performance.now();
  next();
};

function handle(
  verb: Verb,
  answer: Answer,
  reader: ArgsReader,
  options: ExtenderOptions,
): RequestHandler {
  return (request, response) => {
    const body: unknown = request.body;
    if (!Buffer.isBuffer(body) || body.length === 0)
      throw new MalformedRequest("the body is empty");
    const args = reader.read(body);
    const decision = decide(args, verb, options);
    const { code, body: text, namesOut, rejected } = answer(decision, args.names);
    // Lists are in ASCII; what goes with another status need not be.
    const bytes = Buffer.from(text, code === 200 ? "latin1" : "utf8");
    // In one piece and with its length: after a chunked answer the scheduler would open a new connection.
    response
      .writeHead(code, {
        "Content-Type": code === 200 ? "application/json" : "text/plain; charset=utf-8",
        "Content-Length": bytes.length,
      })
      .end(bytes);
    options.observer.called({
      verb,
      outcome: decision.kind,
      code,
      seconds: secondsSince(response.locals),
      namesIn: args.names.count,
      namesOut,
      rejected,
      stale: decision.kind === "answered" && decision.stale,
    });
  };
}

/** The last in a route's chain: what was thrown before becomes a status and a line of text. */
function refuseBadCall(verb: Verb, { log, observer }: ExtenderOptions): ErrorRequestHandler {
  return (error: unknown, _request, response, _next) => {
    const { code, message } = readable(error);
    const outcome: Outcome = code < 500 ? "malformed" : "failed";
    if (outcome === "failed") log.error({ err: error, verb }, "extender call failed");
    else log.warn({ verb, code, message }, "extender call refused");
    response.status(code).type("text/plain").send(`${message}\n`);
    const counts = { namesIn: 0, namesOut: 0, rejected: new Map(), stale: false };
    const call: Call = { verb, outcome, code, seconds: secondsSince(response.locals), ...counts };
    observer.called(call);
  };
}

/** Errors of ours and of express' reader carry a `status` when the caller is to blame. */
function readable(error: unknown): { readonly code: number; readonly message: string } {
  if (error instanceof Error && "status" in error && typeof error.status === "number") {
    return { code: error.status, message: error.message };
  }
  return { code: 500, message: "gpuinfo failed; its log says why" };
}

function secondsSince(locals: Record<string, unknown>): number {
  return (performance.now() - Number(locals["startedAt"])) / 1_000;
}
