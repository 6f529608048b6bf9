/** Reads and writes the Lease that candidates compete for. */

import type { KubeClient } from "./client.ts";
import { microTime } from "./clock.ts";
import { isKubeError } from "./errors.ts";
import { at, numberAt, textAt } from "./json.ts";
import { leases, pathOf } from "./resource.ts";

/** Who leads, and for how long that holds. */
export interface LeaseRecord {
  /** Empty when nobody leads. */
  readonly holder: string;
  readonly durationSeconds: number;
  /** MicroTime, of the holder's clock: compared for equality only, never with a clock of ours. */
  readonly acquireTime: string;
  readonly renewTime: string;
  /** How often the holder has changed. */
  readonly transitions: number;
}

export interface StoredLease {
  readonly record: LeaseRecord;
  /** For the store alone: what an update must find unchanged. */
  readonly version: unknown;
}

/** Where a lease is kept. Each write succeeds only if nobody else wrote since; else it throws. */
export interface LeaseStore {
  /** @returns undefined when there is no lease yet */
  read(signal: AbortSignal): Promise<StoredLease | undefined>;
  create(record: LeaseRecord, signal: AbortSignal): Promise<StoredLease>;
  /** @param version of the lease as it was last read or written */
  update(record: LeaseRecord, version: unknown, signal: AbortSignal): Promise<StoredLease>;
}

/** A Lease of coordination.k8s.io; needs get, create and update on it. Throws KubeErrors. */
export function leaseStore(client: KubeClient, namespace: string, name: string): LeaseStore {
  const path = pathOf(leases, { namespace, name });
  return {
    async read(signal) {
      try {
        return storedLease(await client.request({ method: "GET", path, signal }));
      } catch (error) {
        if (isKubeError(error, "notFound")) return undefined;
        throw error;
      }
    },
    async create(record, signal) {
      const body = leaseOf(record, { namespace, name });
      const collection = pathOf(leases, { namespace });
      return storedLease(await client.request({ method: "POST", path: collection, body, signal }));
    },
    // The metadata goes back as it came: its resourceVersion makes the write conditional, and labels survive.
    async update(record, metadata, signal) {
      const body = leaseOf(record, metadata);
      return storedLease(await client.request({ method: "PUT", path, body, signal }));
    },
  };
}

function leaseOf(record: LeaseRecord, metadata: unknown): object {
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata,
    spec: {
      holderIdentity: record.holder,
      leaseDurationSeconds: record.durationSeconds,
      acquireTime: record.acquireTime,
      renewTime: record.renewTime,
      leaseTransitions: record.transitions,
    },
  };
}

function storedLease(lease: unknown): StoredLease {
  const epoch = microTime(new Date(0));
  const record = {
    holder: textAt(lease, "spec", "holderIdentity") ?? "",
    durationSeconds: numberAt(lease, "spec", "leaseDurationSeconds") ?? 0,
    acquireTime: textAt(lease, "spec", "acquireTime") ?? epoch,
    renewTime: textAt(lease, "spec", "renewTime") ?? epoch,
    transitions: numberAt(lease, "spec", "leaseTransitions") ?? 0,
  };
  return { record, version: at(lease, "metadata") };
}
