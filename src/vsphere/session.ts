/** One login to vCenter: node-vsphere-soap's client, made safe, with typed errors, timeouts and cancellation. */
// oxlint-disable no-underscore-dangle -- the base class's names
import { EventEmitter } from "node:events";
import { fileURLToPath } from "node:url";
import { Client, type SoapMethod } from "node-vsphere-soap";
import soap from "soap";
import { childOf, decodeServiceContent, type ServiceContent, toSoapReference } from "./decode.ts";
import { protocolError, toVsphereError, VsphereError } from "./errors.ts";
import type { VsphereObserver } from "./observer.ts";
import type { VcenterSettings } from "./settings.ts";
import { toCallError } from "./soap-fault.ts";
import { SoapHttp } from "./soap-http.ts";
import type { Timings } from "./timings.ts";
import { VcenterAgent } from "./tls-agent.ts";

const wsdlPath = fileURLToPath(new URL("./wsdl/vim.wsdl", import.meta.url));

/** The operations of the local WSDL. */
export const vimMethods = [
  "RetrieveServiceContent",
  "CurrentTime",
  "Login",
  "Logout",
  "CreateContainerView",
  "CreateListView",
  "ModifyListView",
  "DestroyView",
  "CreatePropertyCollector",
  "DestroyPropertyCollector",
  "CreateFilter",
  "RetrievePropertiesEx",
  "ContinueRetrievePropertiesEx",
  "CancelRetrievePropertiesEx",
  "WaitForUpdatesEx",
  "CancelWaitForUpdates",
] as const;
export type VimMethod = (typeof vimMethods)[number];

export interface CallOptions {
  /** Ends the call; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** For the whole call; the session's own limit when absent. */
  readonly timeoutMs?: number | undefined;
}

export interface SessionOptions {
  readonly settings: VcenterSettings;
  readonly timings: Pick<Timings, "connectMs" | "callMs" | "logoutMs">;
  readonly observe: Pick<VsphereObserver, "call">;
  /** Gives up the login. */
  readonly signal?: AbortSignal;
  /** Looks at the vCenter before it gets the password, and throws where it is not to be used. */
  readonly accept?: (content: ServiceContent) => void;
}

/** What the readers of this folder need of a session. */
export interface VimCaller {
  readonly content: ServiceContent;
  /**
   * Calls one method and gives its `returnval` as node-soap parsed it, `undefined` when there is none.
   * @throws VsphereError, or the signal's reason.
   */
  call(method: VimMethod, args: Record<string, unknown>, options?: CallOptions): Promise<unknown>;
}

/**
 * A logged-in session. The base class keeps the login sequence and the cookie; calls, errors, TLS and the end are ours,
 * because the base class switches certificate checks off for the whole process and throws from inside callbacks.
 * A session is never logged in twice: after it is lost, open another.
 */
export class VsphereSession extends Client implements VimCaller {
  readonly #options: SessionOptions;
  readonly #agent: VcenterAgent;
  #content: ServiceContent | undefined;

  /**
   * Connects and logs in.
   * @throws VsphereError; `auth` with `InvalidLogin` when vCenter refused the credentials.
   */
  static async open(options: SessionOptions): Promise<VsphereSession> {
    // The base class turns a WSDL that cannot be read into an uncaught exception; here it rejects, and is cached.
    await soap.createClientAsync(wsdlPath);
    const session = new VsphereSession(options);
    try {
      await session.#logIn();
      return session;
    } catch (cause) {
      session.#agent.destroy();
      throw cause;
    }
  }

  private constructor(options: SessionOptions) {
    const { settings, timings } = options;
    super(new URL(settings.url).host, settings.username, settings.password, true);
    this.#options = options;
    this.#agent = new VcenterAgent(settings, timings.connectMs);
    this.on("error", () => {
      // Keeps a late 'error' event of the base class from ending the process; callers learn through promises.
    });
  }

  get content(): ServiceContent {
    if (this.#content === undefined) throw protocolError("NotConnected", "the session is not open");
    return this.#content;
  }

  async call(
    method: VimMethod,
    args: Record<string, unknown>,
    options: CallOptions = {},
  ): Promise<unknown> {
    const result = await this.#invoke(method, args, options);
    return childOf(result, "returnval");
  }

  /** Ends the session on the server. @throws VsphereError when the server could not be told. */
  async logout(): Promise<void> {
    const { sessionManager } = this.content;
    try {
      await this.call(
        "Logout",
        { _this: toSoapReference(sessionManager) },
        { timeoutMs: this.#options.timings.logoutMs },
      );
    } finally {
      this.#agent.destroy();
    }
  }

  /** The base constructor calls this before our fields exist; the real call comes from `#logIn`. */
  override _connect(): void {
    if (!(#agent in this)) return;
    this._vcUrl = wsdlPath;
    this.clientopts = {
      endpoint: this.#options.settings.url,
      httpClient: new SoapHttp(this.#agent),
    };
    super._connect();
  }

  /** The base class's own calls, RetrieveServiceContent and Login, come through here. */
  override runCommand(command: VimMethod, args: Record<string, unknown> = {}): EventEmitter {
    const emitter = new EventEmitter();
    void this.#invoke(command, forLogin(command, args), { signal: this.#options.signal })
      .then((result) => {
        const returned = demandReturnval(command, result);
        // Decoded before the base class logs in: what is no vCenter never gets the password.
        if (command === "RetrieveServiceContent") this.#content = this.#accept(returned);
        emitter.emit("result", result);
      })
      .catch((cause: unknown) => this.emit("error", cause));
    return emitter;
  }

  /** Never: it would run with the wrong `this`. See `logout`. */
  override _close(): void {}

  #accept(returned: unknown): ServiceContent {
    const content = decodeServiceContent(returned);
    this.#options.accept?.(content);
    return content;
  }

  async #logIn(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.once("ready", resolve);
      this.once("error", reject);
      this.emit("connect");
    });
    // oxlint-disable-next-line typescript/unbound-method -- the very function that the base class registered
    process.off("beforeExit", this._close);
    this.connectionInfo.password = "";
    this._loginArgs.password = "";
    if (!this.authCookie?.cookies) throw noCookie();
    this.client.setSOAPAction(`urn:vim25/${this.content.apiVersion}`);
  }

  async #invoke(
    method: VimMethod,
    args: Record<string, unknown>,
    options: CallOptions,
  ): Promise<unknown> {
    const startedAt = performance.now();
    const count = (outcome: Parameters<VsphereObserver["call"]>[1]) =>
      this.#options.observe.call(method, outcome, (performance.now() - startedAt) / 1000);
    try {
      const result = await this.#send(method, args, options);
      count("ok");
      return result;
    } catch (cause) {
      if (options.signal?.aborted === true) {
        count("cancelled");
        throw options.signal.reason;
      }
      const error = toVsphereError(cause, method);
      count(error.kind);
      throw error;
    }
  }

  async #send(
    method: VimMethod,
    args: Record<string, unknown>,
    options: CallOptions,
  ): Promise<unknown> {
    options.signal?.throwIfAborted();
    const limitMs = options.timeoutMs ?? this.#options.timings.callMs;
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), limitMs);
    const signal = options.signal
      ? AbortSignal.any([options.signal, deadline.signal])
      : deadline.signal;
    try {
      return await callPort(portMethod(this, method), method, args, signal);
    } catch (cause) {
      throw deadline.signal.aborted ? tooLate(method, limitMs) : cause;
    } finally {
      clearTimeout(timer);
    }
  }
}

function callPort(
  port: SoapMethod,
  method: VimMethod,
  args: object,
  signal: AbortSignal,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    port(args, (error, result) => (error ? reject(toCallError(error, method)) : resolve(result)), {
      signal,
    });
  });
}

/** node-soap makes the methods from the WSDL. */
function portMethod(session: VsphereSession, method: VimMethod): SoapMethod {
  const found = session.client.VimService.VimPort[method];
  if (!found) throw protocolError("NoSuchMethod", `${method} is not in the WSDL`);
  return found;
}

/** The base class leaves the type off `ServiceInstance`, and asks for no language: fault texts should be English. */
function forLogin(command: VimMethod, args: Record<string, unknown>): Record<string, unknown> {
  if (command === "Login") return { ...args, locale: "en_US" };
  return { ...args, _this: toSoapReference({ type: "ServiceInstance", id: "ServiceInstance" }) };
}

/** The base class reads `result.returnval` unchecked. */
function demandReturnval(command: VimMethod, result: unknown): unknown {
  const returned = childOf(result, "returnval");
  if (returned !== undefined) return returned;
  throw protocolError("NoReturnValue", `${command}: vCenter sent no answer`);
}

function noCookie(): VsphereError {
  return protocolError("NoCookie", "Login: vCenter set no session cookie");
}

function tooLate(method: VimMethod, limitMs: number): VsphereError {
  const message = `${method}: vCenter did not answer within ${limitMs / 1000} s`;
  return new VsphereError(message, { kind: "timeout", type: "call", method });
}
