/** A lease in memory that behaves as the one on the API server: see lease-contract.ts. */

import { KubeError } from "../../../src/kube/errors.ts";
import type { LeaseRecord, LeaseStore, StoredLease } from "../../../src/kube/lease.ts";

export class MemoryLease implements LeaseStore {
  #stored: StoredLease | undefined;
  #version = 0;

  async read(signal: AbortSignal): Promise<StoredLease | undefined> {
    demandLive(signal);
    return this.#stored;
  }

  async create(record: LeaseRecord, signal: AbortSignal): Promise<StoredLease> {
    demandLive(signal);
    if (this.#stored !== undefined)
      throw new KubeError("alreadyExists", "POST lease: 409 AlreadyExists");
    return this.#store(record);
  }

  async update(record: LeaseRecord, version: unknown, signal: AbortSignal): Promise<StoredLease> {
    demandLive(signal);
    if (this.#stored === undefined) throw new KubeError("notFound", "PUT lease: 404 NotFound");
    if (this.#stored.version !== version)
      throw new KubeError("conflict", "PUT lease: 409 Conflict");
    return this.#store(record);
  }

  /** As `kubectl delete lease` does. */
  delete(): void {
    this.#stored = undefined;
  }

  #store(record: LeaseRecord): StoredLease {
    this.#stored = { record, version: ++this.#version };
    return this.#stored;
  }
}

function demandLive(signal: AbortSignal): void {
  if (signal.aborted) throw new KubeError("aborted", "lease: aborted", { cause: signal.reason });
}
