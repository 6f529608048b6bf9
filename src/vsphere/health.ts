/** Says how the connection to vCenter is doing, in the log once per change and to whoever asks. */
import type { Logger } from "pino";
import { adviseOn } from "./advice.ts";
import { isExpiry, VsphereError, type VsphereErrorKind } from "./errors.ts";

/**
 * - `connecting`: not logged in yet, or again after the session ended.
 * - `syncing`: logged in, reading everything for the first time.
 * - `live`: the inventory follows vCenter.
 * - `broken`: the last attempt failed, see `error`; the next one comes by itself.
 */
export interface VcenterHealth {
  readonly phase: "connecting" | "syncing" | "live" | "broken";
  /** Why it is broken, in words for the person who can mend it. */
  readonly error?: {
    readonly kind: VsphereErrorKind;
    readonly message: string;
    /** Since when, milliseconds since the Unix epoch. */
    readonly since: number;
  };
  /** vCenter's clock minus ours; maintenance windows are in vCenter's time. */
  readonly clockSkewSeconds?: number;
}

/** A window that begins a minute too late has ended somebody's job. */
const skewThatMattersSeconds = 60;

/** Holds the health and logs its changes; a failure that repeats is logged once. */
export class HealthMonitor {
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #changed: () => void;
  readonly #secret: string | undefined;
  #health: VcenterHealth = { phase: "connecting" };
  #lastFailure = "";
  /** Of what clock skew we warned last; undefined while there is none. */
  #warnedOfSkew: number | undefined;

  /** @param secret what the user calls the Secret with the credentials */
  constructor(log: Logger, now: () => number, changed: () => void, secret?: string) {
    this.#log = log;
    this.#now = now;
    this.#changed = changed;
    this.#secret = secret;
  }

  current(): VcenterHealth {
    return this.#health;
  }

  /** A login succeeded. What was broken stays so until everything is read. */
  connected(): void {
    if (this.#health.phase === "connecting") this.#set({ phase: "syncing" });
  }

  /** The inventory follows vCenter. */
  live(): void {
    if (this.#health.phase === "live") return;
    this.#log.info({ afterFailure: this.#health.phase === "broken" }, "vCenter inventory is live");
    this.#lastFailure = "";
    this.#set({ phase: "live" });
  }

  /** An attempt or a running connection failed. */
  failed(error: VsphereError): void {
    if (isExpiry(error) && this.#health.phase === "live") {
      this.#log.info({ method: error.method }, "vCenter ended our session, logging in again");
      this.#set({ phase: "connecting" });
      return;
    }
    const { kind, type, method } = error;
    const failure = kind === "network" || kind === "timeout" ? "unreachable" : `${kind} ${type}`;
    const advice = adviseOn(error, this.#secret);
    if (failure !== this.#lastFailure) {
      this.#log.error(
        { kind, type, method, error: error.message, advice },
        "vCenter connection failed",
      );
    }
    const since =
      failure === this.#lastFailure ? (this.#health.error?.since ?? this.#now()) : this.#now();
    this.#lastFailure = failure;
    this.#set({ phase: "broken", error: { kind, message: `${error.message}; ${advice}`, since } });
  }

  /** Warns of a skew that matters, and again when it has moved by as much; tells when it is over. */
  setClockSkew(clockSkewSeconds: number): void {
    this.#health = { ...this.#health, clockSkewSeconds };
    const warned = this.#warnedOfSkew;
    const moved = Math.abs(clockSkewSeconds - (warned ?? 0));
    if (Math.abs(clockSkewSeconds) >= skewThatMattersSeconds && moved >= skewThatMattersSeconds) {
      this.#warnedOfSkew = clockSkewSeconds;
      this.#log.warn(
        { clockSkewSeconds },
        "vCenter's clock differs from ours, maintenance windows shift by as much",
      );
    } else if (warned !== undefined && Math.abs(clockSkewSeconds) < skewThatMattersSeconds / 2) {
      this.#warnedOfSkew = undefined;
      this.#log.info({ clockSkewSeconds }, "vCenter's clock agrees with ours again");
    }
  }

  #set(health: VcenterHealth): void {
    const { clockSkewSeconds } = this.#health;
    this.#health = { ...health, ...(clockSkewSeconds === undefined ? {} : { clockSkewSeconds }) };
    this.#changed();
  }
}
