/** Carries one SOAP envelope to vCenter and the answer back; what it throws holds nothing of the request. */
import type { Agent } from "node:https";
import axios, { type AxiosInstance } from "axios";
import { fromTransportError, protocolError, type VsphereError } from "./errors.ts";

/** More than any page that we ask for; a server that sends more is not vCenter. */
const largestAnswerBytes = 64 * 1024 * 1024;

type Callback = (error: unknown, response?: unknown, body?: unknown) => void;

/**
 * Takes the place of node-soap's HTTP client, which logs envelopes under DEBUG, throws from inside its promise when an
 * answer is odd, and hands out errors that carry the request.
 */
export class SoapHttp {
  readonly #axios: AxiosInstance;

  constructor(agent: Agent) {
    this.#axios = axios.create({
      httpsAgent: agent,
      proxy: false,
      maxRedirects: 0,
      maxContentLength: largestAnswerBytes,
      validateStatus: null,
      responseType: "text",
      transformResponse: (data: unknown) => data,
    });
  }

  request(
    url: string,
    envelope: string,
    callback: Callback,
    headers: Record<string, string>,
    options: { signal?: AbortSignal } = {},
  ): Promise<void> {
    const done = this.#post(url, envelope, headers, options.signal).then(
      (response) => callback(null, response, response.data),
      (cause: unknown) => callback(fromTransportError(cause)),
    );
    // node-soap parses inside the callback; an answer that it cannot parse must not become an unhandled rejection.
    return done.catch((cause: unknown) => callback(cause));
  }

  async #post(
    url: string,
    envelope: string,
    headers: Record<string, string>,
    signal?: AbortSignal,
  ) {
    const response = await this.#axios.post<string>(url, envelope, {
      headers: { ...headers, "Accept-Encoding": "identity" },
      ...(signal ? { signal } : {}),
    });
    const { status, data } = response;
    if (!isSoap(status, data)) throw notSoap(status);
    return { status, headers: response.headers, data };
  }
}

/** vCenter answers with 200, or with 500 for a fault; both hold an envelope. */
function isSoap(status: number, body: string): boolean {
  return (status === 200 || status === 500) && body.slice(0, 1024).includes("Envelope");
}

function notSoap(status: number): VsphereError {
  const message = `the server answered with HTTP status ${status} and no SOAP envelope: is this vCenter's /sdk?`;
  return protocolError(`HTTP${status}`, message);
}
