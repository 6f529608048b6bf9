/** Every interval of the vSphere client, in one place, so that tests can shorten them. */

/** Milliseconds where the name does not say otherwise. */
export interface Timings {
  /** TCP connection and TLS handshake together. */
  readonly connectMs: number;
  /** One call, from request to the last byte; a wait gets this on top of `maxWaitSeconds`. */
  readonly callMs: number;
  /** The goodbye when stopping, and the attempt to end a session that we gave up. */
  readonly logoutMs: number;
  /** How long vCenter may hold a wait in which nothing changes; also how old `takenAt` normally gets. */
  readonly maxWaitSeconds: number;
  /** Between polls of usage and running tasks, neither of which vCenter pushes. */
  readonly pollMs: number;
  /** Between full re-reads, which catch what vCenter did not push. */
  readonly fullReadMs: number;
  /** Least time between two scans caused by a node without a virtual machine. */
  readonly rescanMs: number;
  /** Back-off between attempts: a random part of `base * 2^n`, never more than `cap`. */
  readonly backoffBaseMs: number;
  readonly backoffCapMs: number;
  /** Least time between two logins with credentials that vCenter refused: accounts get locked. */
  readonly refusedLoginMs: number;
  /** How often the settings are read, to see whether they changed. */
  readonly settingsCheckMs: number;
}

export const defaultTimings: Timings = {
  connectMs: 10_000,
  callMs: 30_000,
  logoutMs: 5_000,
  maxWaitSeconds: 30,
  pollMs: 30_000,
  fullReadMs: 300_000,
  rescanMs: 30_000,
  backoffBaseMs: 1_000,
  backoffCapMs: 15_000,
  refusedLoginMs: 60_000,
  settingsCheckMs: 5_000,
};

/** A quiet vCenter is heard of, and its numbers are read, often enough that neither is called old. */
export function timingsFor(ages: {
  readonly softMaxAgeMs: number;
  readonly usageSoftMaxAgeMs: number;
}): Pick<Timings, "maxWaitSeconds" | "pollMs"> {
  const { maxWaitSeconds, pollMs } = defaultTimings;
  return {
    maxWaitSeconds: Math.max(1, Math.min(maxWaitSeconds, Math.floor(ages.softMaxAgeMs / 3_000))),
    pollMs: Math.max(1_000, Math.min(pollMs, Math.floor(ages.usageSoftMaxAgeMs / 3))),
  };
}
