/** Keeps the certificate of our listeners at what the mounted Secret holds. */

import type { Logger } from "pino";
import { DirectoryWatch } from "./directory-watch.ts";
import { type Files, fileNames, readFiles } from "./files.ts";
import { checkFiles, expired, type Material } from "./material.ts";
import { silentObserver, type TlsObserver } from "./observer.ts";

export interface CertificatesOptions {
  /** Has `tls.crt`, `tls.key` and `ca.crt`; now or later. */
  readonly dir: string;
  readonly log: Logger;
  /** How often to look although nothing was told, ms; default 30 s. */
  readonly pollMs?: number;
  readonly observer?: Pick<TlsObserver, "certificatesRead">;
  readonly now?: () => Date;
}

/** Files that are missing or wrong never replace good ones. */
export class Certificates {
  readonly #options: CertificatesOptions;
  readonly #observer: Pick<TlsObserver, "certificatesRead">;
  readonly #watch: DirectoryWatch;
  readonly #listeners = new Set<() => void>();
  #current: Material | undefined;
  /** What was found at the last look: the same again is neither taken, counted nor logged twice. */
  #seen: Files | undefined;
  #failure: string | undefined;
  #loading: Promise<void> = Promise.resolve();

  constructor(options: CertificatesOptions) {
    this.#options = options;
    this.#observer = options.observer ?? silentObserver;
    this.#watch = new DirectoryWatch({
      dir: options.dir,
      pollMs: options.pollMs ?? 30_000,
      onChange: () => void this.#load(),
    });
  }

  /** Resolves after the first look, whether there was a certificate or not. */
  async start(): Promise<void> {
    await this.#watch.start();
    await this.#load();
  }

  stop(): void {
    this.#watch.stop();
  }

  /** What to serve with; undefined until a good set of files has been there. */
  current(): Material | undefined {
    return this.#current;
  }

  /** Why clients cannot be served, in words for the person who reads /readyz; undefined when they can. */
  problem(): string | undefined {
    const { dir } = this.#options;
    if (this.#current === undefined) return this.#failure ?? `${dir} was not read yet`;
    if (this.#current.expiresAt > this.#now()) return undefined;
    return this.#failure ?? expired(dir, this.#current.expiresAt);
  }

  /** Calls `listener` whenever {@link current} has changed. @returns what ends that */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** One look after the other, so that the newest files are the last to be taken. */
  #load(): Promise<void> {
    this.#loading = this.#loading.then(() => this.#look());
    return this.#loading;
  }

  async #look(): Promise<void> {
    const seen = this.#seen;
    this.#seen = undefined;
    try {
      this.#seen = await readFiles(this.#options.dir);
      if (seen !== undefined && sameFiles(this.#seen, seen)) return;
      this.#take(checkFiles(this.#options.dir, this.#seen, this.#now()));
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  #take(material: Material): void {
    this.#current = material;
    this.#failure = undefined;
    this.#observer.certificatesRead("ok");
    const { dir, log } = this.#options;
    const { expiresAt, names } = material;
    log.info({ dir, expiresAt, names }, "serving with the certificate that was found");
    for (const listener of this.#listeners) listener();
  }

  #fail(problem: string): void {
    if (problem === this.#failure) return;
    this.#failure = problem;
    this.#observer.certificatesRead("error");
    const kept = this.#current && { keptUntil: this.#current.expiresAt };
    this.#options.log.warn(
      { problem, ...kept },
      kept === undefined ? "no certificate to serve with" : "keeping the certificate as it was",
    );
  }

  #now(): Date {
    return this.#options.now?.() ?? new Date();
  }
}

function sameFiles(a: Files, b: Files): boolean {
  return fileNames.every((name) => a[name] === b[name]);
}
