/** Keeps one session with vCenter: logs in, hands it to those who work with it, and logs in again when it is lost. */
import { toVsphereError, VsphereError } from "./errors.ts";
import { sameSettings, type VcenterSettings } from "./settings.ts";
import { sleep } from "./sleep.ts";
import type { Timings } from "./timings.ts";

/** What the link needs of a session. */
export interface LinkSession {
  logout(): Promise<void>;
}

export interface LinkOptions<Session extends LinkSession> {
  /** Asked before every login, so that a rotated password heals by itself. */
  readonly readSettings: () => Promise<VcenterSettings>;
  readonly openSession: (settings: VcenterSettings, signal: AbortSignal) => Promise<Session>;
  /** Uses the session; it is lost when this rejects. */
  readonly work: (
    session: Session,
    settings: VcenterSettings,
    signal: AbortSignal,
  ) => Promise<void>;
  readonly failed: (error: VsphereError) => void;
  /** A session is no more: vCenter was told, or had ended it already. */
  readonly left?: () => void;
  readonly timings: Pick<
    Timings,
    "backoffBaseMs" | "backoffCapMs" | "refusedLoginMs" | "settingsCheckMs"
  >;
  readonly now: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** A login that vCenter refused; repeating it soon may lock the account. */
interface Refusal {
  readonly settings: VcenterSettings;
  readonly at: number;
}

/**
 * One loop, so there is never more than one login at a time. Pauses grow as `random * base * 2^n` up to a cap, and
 * start over once a session lasted longer than the cap.
 */
export class VcenterLink<Session extends LinkSession> {
  readonly #options: LinkOptions<Session>;
  #failures = 0;
  #refusal: Refusal | undefined;
  /** A session that may still live on the server. */
  #left: Session | undefined;

  constructor(options: LinkOptions<Session>) {
    this.#options = options;
  }

  /** Runs until the signal fires; by then the session is logged out. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#attempt(signal);
      } catch (cause) {
        if (!signal.aborted) this.#options.failed(toVsphereError(cause, ""));
      }
      if (!signal.aborted) await this.#pause(signal);
    }
    await this.#leave();
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    const settings = await this.#readSettings();
    if (this.#isRefused(settings)) return;
    this.#refusal = undefined;
    await this.#leave();
    const session = await this.#logIn(settings, signal);
    this.#left = session;
    const startedAt = this.#options.now();
    const ended = new AbortController();
    const replaced = this.#whenReplaced(settings, AbortSignal.any([signal, ended.signal]));
    try {
      await this.#options.work(session, settings, AbortSignal.any([signal, replaced]));
    } catch (cause) {
      if (!replaced.aborted) throw cause;
    } finally {
      ended.abort();
      const lasted = this.#options.now() - startedAt;
      if (lasted > this.#options.timings.backoffCapMs) this.#failures = 0;
    }
  }

  /** Fires when other settings are found than those of the session; what cannot be read changes nothing. */
  #whenReplaced(settings: VcenterSettings, signal: AbortSignal): AbortSignal {
    const replaced = new AbortController();
    const follow = async (): Promise<void> => {
      while (!signal.aborted && !replaced.signal.aborted) {
        await sleep(this.#options.timings.settingsCheckMs, signal);
        const found = signal.aborted ? settings : await this.#readSettings().catch(() => settings);
        if (!sameSettings(found, settings)) replaced.abort();
      }
    };
    void follow();
    return replaced.signal;
  }

  async #readSettings(): Promise<VcenterSettings> {
    try {
      return await this.#options.readSettings();
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : "the settings could not be read";
      throw new VsphereError(message, { kind: "settings", type: "Unreadable" });
    }
  }

  async #logIn(settings: VcenterSettings, signal: AbortSignal): Promise<Session> {
    try {
      return await this.#options.openSession(settings, signal);
    } catch (cause) {
      if (cause instanceof VsphereError && cause.kind === "auth") {
        this.#refusal = { settings, at: this.#options.now() };
      }
      throw cause;
    }
  }

  #isRefused(settings: VcenterSettings): boolean {
    if (!this.#refusal || !sameSettings(this.#refusal.settings, settings)) return false;
    return this.#options.now() < this.#refusal.at + this.#options.timings.refusedLoginMs;
  }

  async #pause(signal: AbortSignal): Promise<void> {
    await sleep(this.#refusal ? this.#options.timings.settingsCheckMs : this.#backoffMs(), signal);
  }

  #backoffMs(): number {
    const { backoffBaseMs, backoffCapMs } = this.#options.timings;
    const ceiling = Math.min(backoffCapMs, backoffBaseMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 30);
    return this.#options.random() * ceiling;
  }

  /** Ends what is left of the last session; where vCenter cannot be reached, the next attempt tries again. */
  async #leave(): Promise<void> {
    if (this.#left === undefined) return;
    try {
      await this.#left.logout();
    } catch (cause) {
      if (isUnreachable(cause)) return;
    }
    this.#left = undefined;
    this.#options.left?.();
  }
}

function isUnreachable(cause: unknown): boolean {
  return cause instanceof VsphereError && (cause.kind === "network" || cause.kind === "timeout");
}
