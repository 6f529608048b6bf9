/** Talks to the local API server as its administrator, over few connections that are kept open. */
import { Agent, request } from "undici";

/** How to reach an API server and who one is. */
export interface ApiAccess {
  readonly url: string;
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

/** An answer of the API server that is not a success. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, method: string, path: string, body: string) {
    super(`${method} ${path} answered ${status}: ${body.slice(0, 500)}`);
    this.name = "ApiError";
    this.status = status;
  }
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

const probeTimeoutMs = 5_000;

export class ApiClient {
  readonly #url: string;
  readonly #agent: Agent;

  constructor({ url, caPem, certPem, keyPem }: ApiAccess) {
    this.#url = url;
    const connect = { ca: caPem, cert: certPem, key: keyPem };
    this.#agent = new Agent({ connect, connections: 8, headersTimeout: 30_000 });
  }

  /** The parsed answer; throws `ApiError` when it is not a success. PATCH sends a merge patch. */
  async call<T = unknown>(method: Method, path: string, body?: unknown): Promise<T> {
    const contentType = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const answer = await request(this.#url + path, {
      dispatcher: this.#agent,
      method,
      headers: { accept: "application/json", "content-type": contentType },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) {
      throw new ApiError(answer.statusCode, method, path, text);
    }
    const parsed: T = JSON.parse(text);
    return parsed;
  }

  /** The answer as it is, for pages that are not JSON; throws `ApiError` when it is not a success. */
  async text(path: string): Promise<string> {
    const answer = await request(this.#url + path, { dispatcher: this.#agent });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) {
      throw new ApiError(answer.statusCode, "GET", path, text);
    }
    return text;
  }

  /** True when the path answers 200, whatever it says; false also when nobody answers in 5 s. */
  async isOk(path: string): Promise<boolean> {
    try {
      const answer = await request(this.#url + path, {
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(probeTimeoutMs),
      });
      await answer.body.dump();
      return answer.statusCode === 200;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}
