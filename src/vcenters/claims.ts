/** Sees to it that no vCenter is read under two names: each of its nodes would have two virtual machines. */

/** What became of a claim. */
export interface Claim {
  /** Who has that vCenter already; undefined where the claim holds. */
  readonly heldBy?: string;
  /** Who had it until now, and has to let go. */
  readonly takenFrom?: string;
  /** The name reached another vCenter until now: what that one said is not to be had under this name any more. */
  readonly hasMoved?: true;
}

/** Where two names claim the same vCenter, the one that comes first in the list has it, on every replica. */
export class VcenterClaims {
  readonly #order: readonly string[];
  /** Names by instanceUuid. */
  readonly #holders = new Map<string, string>();
  readonly #refused = new Set<string>();

  constructor(names: readonly string[]) {
    this.#order = names;
  }

  /** `name` reaches this vCenter now, and no other any more. */
  claim(name: string, instanceUuid: string): Claim {
    const moved = this.#letGo(name, instanceUuid) ? ({ hasMoved: true } as const) : {};
    const holder = this.#holders.get(instanceUuid);
    if (holder !== undefined && this.#rank(holder) < this.#rank(name)) {
      this.#refused.add(name);
      return { heldBy: holder, ...moved };
    }
    this.#refused.delete(name);
    this.#holders.set(instanceUuid, name);
    if (holder === undefined || holder === name) return moved;
    this.#refused.add(holder);
    return { takenFrom: holder, ...moved };
  }

  /** Its last claim was refused, or taken from it. */
  isRefused(name: string): boolean {
    return this.#refused.has(name);
  }

  /** @returns whether it held any other vCenter than this. */
  #letGo(name: string, instanceUuid: string): boolean {
    const others = [...this.#holders].filter(
      ([uuid, holder]) => holder === name && uuid !== instanceUuid,
    );
    for (const [uuid] of others) this.#holders.delete(uuid);
    return others.length > 0;
  }

  #rank(name: string): number {
    return this.#order.indexOf(name);
  }
}
