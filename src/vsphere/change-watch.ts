/** Waits for vCenter's changes and applies them to the state, in the order in which vCenter tells them. */

import type { FilterSpec } from "./filter-specs.ts";
import type { InventoryState } from "./inventory-state.ts";
import { ChangeCollector } from "./property-collector.ts";
import type { VimCaller } from "./session.ts";
import type { Timings } from "./timings.ts";

/** What followed from changes. */
export interface ChangeEffects {
  /** A virtual machine's name, uuid or power changed, or it is gone. */
  readonly identities: boolean;
  /** A host or a cluster has other recent tasks than before. */
  readonly recentTasks: boolean;
}

/** Watches everything that some filters select. */
export class ChangeWatch {
  readonly #caller: VimCaller;
  readonly #specs: readonly FilterSpec[];
  readonly #state: InventoryState;
  readonly #timings: Pick<Timings, "maxWaitSeconds" | "callMs" | "logoutMs">;
  #collector: ChangeCollector | undefined;
  #version = "";

  constructor(
    caller: VimCaller,
    specs: readonly FilterSpec[],
    state: InventoryState,
    timings: Pick<Timings, "maxWaitSeconds" | "callMs" | "logoutMs">,
  ) {
    this.#caller = caller;
    this.#specs = specs;
    this.#state = state;
    this.#timings = timings;
  }

  /**
   * Reads everything that is watched anew, also what vCenter did not push. A new collector does that on any server;
   * the old one goes first, so that what it would still tell cannot come after what is newer.
   */
  async readAll(signal: AbortSignal): Promise<ChangeEffects> {
    await this.#collector?.destroy(signal);
    this.#collector = await ChangeCollector.create(this.#caller, this.#specs, signal);
    this.#version = "";
    this.#state.beginFullRead();
    const effects = await this.next(signal);
    this.#state.endFullRead();
    return effects;
  }

  /** Waits until something changes, or for `maxWaitSeconds`; takes all that the server has to tell by then. */
  async next(signal: AbortSignal): Promise<ChangeEffects> {
    let identities = false;
    let recentTasks = false;
    for (;;) {
      const changes = await this.#wait(signal);
      if (!changes) return { identities, recentTasks };
      this.#version = changes.version;
      const effects = this.#state.apply(changes.changes);
      identities ||= effects.identities;
      recentTasks ||= effects.recentTasks;
      if (!changes.truncated) return { identities, recentTasks };
    }
  }

  async #wait(signal: AbortSignal) {
    const { maxWaitSeconds, callMs, logoutMs } = this.#timings;
    const timeoutMs = maxWaitSeconds * 1000 + callMs;
    try {
      return await this.#collector?.wait(this.#version, maxWaitSeconds, { signal, timeoutMs });
    } catch (cause) {
      if (signal.aborted) await this.#collector?.cancelWait(logoutMs).catch(() => undefined);
      throw cause;
    }
  }
}
