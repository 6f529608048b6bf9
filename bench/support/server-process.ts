/** Runs a server of a benchmark in a process of its own, so that it has its event loop and its heap to itself. */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

export class ServerProcess {
  readonly #child: ChildProcess;
  readonly port: number;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** The process gets `options` as its first message, and answers with the port that it listens on. */
  static async start(file: URL, options: unknown): Promise<ServerProcess> {
    const child = fork(file, { execArgv: [] });
    child.send({ start: options });
    const port = await new Promise<number>((resolve, reject) => {
      child.once("message", (message) => resolve(Number(message)));
      child.once("exit", () => reject(new Error(`${file.pathname} ended before it listened`)));
    });
    return new ServerProcess(child, port);
  }

  /** Resolves when the process has taken the message. */
  async tell(message: object): Promise<void> {
    const taken = once(this.#child, "message");
    this.#child.send(message);
    await taken;
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.disconnect();
    await ended;
  }
}
