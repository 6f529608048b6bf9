/** Says when something may have changed in a directory that may come, go and be replaced. */

import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";

export interface DirectoryWatchOptions {
  readonly dir: string;
  /** Called once for a burst of changes, and every `pollMs` for what the file system does not tell. */
  readonly onChange: () => void;
  readonly pollMs: number;
}

/** A swap of the kubelet's is a handful of events; a person who copies files takes longer. */
const gatherMs = 200;

export class DirectoryWatch {
  readonly #options: DirectoryWatchOptions;
  #watcher: FSWatcher | undefined;
  #watchedInode: number | undefined;
  #poll: NodeJS.Timeout | undefined;
  #gathering: NodeJS.Timeout | undefined;

  constructor(options: DirectoryWatchOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#poll = setInterval(() => {
      void this.#watchAnew();
      this.#options.onChange();
    }, this.#options.pollMs);
    await this.#watchAnew();
  }

  stop(): void {
    clearInterval(this.#poll);
    clearTimeout(this.#gathering);
    this.#poll = undefined;
    this.#unwatch();
  }

  /** A watch holds on to the directory that it was given, even when another has taken its name. */
  async #watchAnew(): Promise<void> {
    const { dir } = this.#options;
    const inode = (await stat(dir).catch(() => undefined))?.ino;
    const isStopped = this.#poll === undefined;
    if (isStopped || inode === this.#watchedInode) return;
    this.#unwatch();
    if (inode === undefined) return;
    try {
      // The directory and not the files: the kubelet swaps a link in it, and the files' own inodes never change.
      this.#watcher = watch(dir, () => this.#gather());
      this.#watcher.on("error", () => this.#unwatch());
      this.#watchedInode = inode;
    } catch {
      // Polling goes on, and tries again; the machine may be out of watches.
    }
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#watchedInode = undefined;
  }

  #gather(): void {
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      this.#options.onChange();
    }, gatherMs);
  }
}
