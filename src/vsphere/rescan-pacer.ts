/** Decides when to read everything again, and when to look for the virtual machine of a node that has none. */
import type { Timings } from "./timings.ts";

/**
 * A full read comes every `fullReadMs`. A node without a virtual machine brings a scan of virtual machines within
 * `rescanMs`; each one that settles nothing doubles the wait for the next, because some nodes are no virtual machines.
 */
export class RescanPacer {
  readonly #timings: Pick<Timings, "fullReadMs" | "rescanMs">;
  readonly #now: () => number;
  #scannedAllAt = 0;
  #scannedMachinesAt = 0;
  #patienceMs: number;
  #unmatched = 0;
  #fullReadWanted = false;

  constructor(timings: Pick<Timings, "fullReadMs" | "rescanMs">, now: () => number) {
    this.#timings = timings;
    this.#now = now;
    this.#patienceMs = timings.rescanMs;
  }

  /** All virtual machines were just read. */
  scannedMachines(): void {
    this.#scannedMachinesAt = this.#now();
    if (this.#unmatched > 0) this.#patienceMs *= 2;
  }

  /** All hosts and virtual machines were just read. */
  scannedAll(): void {
    this.#scannedAllAt = this.#now();
  }

  /** Tells how many nodes lack a virtual machine; true when there are more than before. */
  noteUnmatched(unmatched: number): boolean {
    const more = unmatched > this.#unmatched;
    if (unmatched !== this.#unmatched) this.#patienceMs = this.#timings.rescanMs;
    this.#unmatched = unmatched;
    return more;
  }

  /** What to read now. */
  due(): "all" | "virtualMachines" | "nothing" {
    const now = this.#now();
    if (now >= this.#fullScanAt()) return "all";
    return now >= this.#nextScanAt() ? "virtualMachines" : "nothing";
  }

  /** Milliseconds until `due` says something else than `nothing`. */
  nextInMs(): number {
    return Math.max(0, this.#nextScanAt() - this.#now());
  }

  /** The watch should tell everything anew as well. */
  wantFullRead(): void {
    this.#fullReadWanted = true;
  }

  /** True once after each `wantFullRead`. */
  takeFullRead(): boolean {
    const wanted = this.#fullReadWanted;
    this.#fullReadWanted = false;
    return wanted;
  }

  #fullScanAt(): number {
    return this.#scannedAllAt + this.#timings.fullReadMs;
  }

  #nextScanAt(): number {
    if (this.#unmatched === 0) return this.#fullScanAt();
    return Math.min(this.#fullScanAt(), this.#scannedMachinesAt + this.#patienceMs);
  }
}
