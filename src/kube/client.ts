/** Calls the Kubernetes API: one pooled connection, a deadline on every call, typed errors. */

import type { Dispatcher } from "undici";
import { Connection } from "./connection.ts";
import { KubeError, refusal } from "./errors.ts";
import { loadKubeConfig } from "./kubeconfig.ts";
import { type KubeObserver, silentObserver } from "./observer.ts";

/** One request. */
export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** From {@link pathOf}. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** `application/json` when absent; a PATCH needs its own. */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  /** Until the whole answer is there; 10 s when absent. For a stream: until its headers are there. */
  readonly timeoutMs?: number;
}

export interface KubeClientOptions {
  /** A kubeconfig file; when absent, the ServiceAccount of this pod. */
  readonly kubeconfig?: string;
  readonly observer?: KubeObserver;
}

const defaultTimeoutMs = 10_000;

export class KubeClient {
  /** The namespace of the current context or of this pod, if it names one. */
  readonly namespace: string | undefined;
  readonly #connection: Connection;
  readonly #observer: KubeObserver;

  /** @throws Error when the kubeconfig or the pod's surroundings cannot be used; the message says why. */
  constructor(options: KubeClientOptions = {}) {
    const config = loadKubeConfig(options.kubeconfig);
    this.namespace = config.getContextObject(config.getCurrentContext())?.namespace;
    this.#connection = new Connection(config);
    this.#observer = options.observer ?? silentObserver;
  }

  /**
   * @returns the answer's JSON, for the caller to parse
   * @throws KubeError
   */
  async request(call: Call): Promise<unknown> {
    const { signal, done } = deadline(call);
    try {
      const response = await this.#send(call, signal);
      return parseJson(await readBody(response.body, call, signal), call);
    } finally {
      done();
    }
  }

  /**
   * Opens an answer that goes on, such as a watch or a log; it ends when `call.signal` is aborted.
   * @throws KubeError, also out of the stream
   */
  async stream(call: Call): Promise<AsyncIterable<Uint8Array>> {
    const { signal, done } = deadline(call);
    try {
      return withErrors((await this.#send(call, signal)).body, call);
    } finally {
      done();
    }
  }

  /** Ends everything that is under way. */
  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** Sends the call, counts it, and turns everything but a success into a KubeError. */
  async #send(call: Call, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    try {
      const response = await this.#dispatch(call, signal);
      this.#observer.requestDone(call.method, String(response.statusCode));
      if (response.statusCode < 300) return response;
      throw await this.#refused(response, call);
    } catch (error) {
      if (error instanceof KubeError) throw error;
      this.#observer.requestDone(call.method, "<error>");
      throw unanswered(error, call, signal);
    }
  }

  async #dispatch(call: Call, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const { agent, headers } = await this.#connection.route();
    return agent.request({
      origin: this.#connection.origin,
      path: this.#connection.basePath + call.path + queryString(call.query),
      method: call.method,
      signal,
      headers: {
        ...headers,
        accept: "application/json",
        "user-agent": "gpuinfo",
        ...(call.body !== undefined && { "content-type": call.contentType ?? "application/json" }),
      },
      body: call.body === undefined ? null : JSON.stringify(call.body),
    });
  }

  async #refused(response: Dispatcher.ResponseData, call: Call): Promise<KubeError> {
    if (response.statusCode === 401) this.#connection.forget();
    const text = await response.body.text().catch(() => "");
    const retryAfter = response.headers["retry-after"];
    return refusal(
      nameOf(call),
      response.statusCode,
      parseStatus(text),
      typeof retryAfter === "string" ? retryAfter : undefined,
    );
  }
}

/** A signal that also fires when the call takes too long; `done` takes that part back. */
function deadline(call: Call): { signal: AbortSignal; done: () => void } {
  const timeoutMs = call.timeoutMs ?? defaultTimeoutMs;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new TimedOut(timeoutMs)), timeoutMs);
  const signal = call.signal ? AbortSignal.any([late.signal, call.signal]) : late.signal;
  return { signal, done: () => clearTimeout(timer) };
}

class TimedOut extends Error {
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`);
  }
}

async function readBody(
  body: Dispatcher.ResponseData["body"],
  call: Call,
  signal: AbortSignal,
): Promise<string> {
  try {
    return await body.text();
  } catch (error) {
    throw unanswered(error, call, signal);
  }
}

async function* withErrors(
  body: Dispatcher.ResponseData["body"],
  call: Call,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw unanswered(error, call, call.signal);
  }
}

function unanswered(error: unknown, call: Call, signal: AbortSignal | undefined): KubeError {
  const cause: unknown = signal?.aborted ? signal.reason : error;
  const kind = call.signal?.aborted
    ? "aborted"
    : cause instanceof TimedOut
      ? "timeout"
      : "unreachable";
  const why = cause instanceof Error ? cause.message : String(cause);
  return new KubeError(kind, `${nameOf(call)}: ${why}`, { cause });
}

function parseJson(text: string, call: Call): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new KubeError("malformed", `${nameOf(call)}: the answer is not JSON`, { cause });
  }
}

/** A refusal that does not come from Kubernetes (a proxy's page, say) still makes a readable error. */
function parseStatus(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { message: text.slice(0, 200) };
  }
}

function queryString(query: Call["query"] = {}): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) pairs.append(name, String(value));
  }
  return pairs.size === 0 ? "" : `?${pairs.toString()}`;
}

function nameOf(call: Call): string {
  return `${call.method} ${call.path}`;
}
