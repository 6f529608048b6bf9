/** The parts of node-vsphere-soap (which ships no types) that session.ts builds on. */
declare module "node-vsphere-soap" {
  import type { EventEmitter } from "node:events";

  /** Calls one operation of the WSDL. */
  export type SoapMethod = (
    args: unknown,
    done: (error: unknown, result: unknown) => void,
    options: { readonly signal: AbortSignal },
  ) => void;

  export class Client extends EventEmitter {
    constructor(host: string, user: string, password: string, sslVerify: true);
    client: {
      VimService: { VimPort: Record<string, SoapMethod | undefined> };
      setSOAPAction(action: string): void;
    };
    clientopts: unknown;
    connectionInfo: { password: string };
    authCookie: { cookies: string } | undefined;
    _loginArgs: { password: string };
    _vcUrl: string;
    _connect(): void;
    _close(): void;
    runCommand(command: string, args?: Record<string, unknown>): EventEmitter;
  }
}
