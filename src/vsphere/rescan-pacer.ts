/** Decides when to read everything again, and when to look for the virtual machine of a node that has none. */
import type { Timings } from "./timings.ts";

/**
 * A full read comes every `fullReadMs`. A node without a virtual machine brings a scan of virtual machines within
 * `rescanMs`; if that finds nothing the next waits twice as long, because some nodes are no virtual machines at all.
 */
export class RescanPacer {
  readonly #timings: Pick<Timings, "fullReadMs" | "rescanMs">;
  readonly #now: () => number;
  #readAllAt = 0;
  #scannedAt = 0;
  #patienceMs: number;
  #unmatched = 0;
  #fullReadWanted = false;

  constructor(timings: Pick<Timings, "fullReadMs" | "rescanMs">, now: () => number) {
    this.#timings = timings;
    this.#now = now;
    this.#patienceMs = timings.rescanMs;
  }

  /** A scan is complete; `unmatched` nodes are left without a virtual machine. */
  scanned(what: "all" | "virtualMachines", unmatched: number): void {
    this.#scannedAt = this.#now();
    if (what === "all") {
      this.#readAllAt = this.#scannedAt;
      this.#patienceMs = this.#timings.rescanMs;
      this.#fullReadWanted = true;
    } else {
      this.#patienceMs *= 2;
    }
    this.#unmatched = unmatched;
  }

  /** Tells how many nodes lack a virtual machine; true when that is news that a scan may settle. */
  noteUnmatched(unmatched: number): boolean {
    const news = unmatched > this.#unmatched;
    if (news) this.#patienceMs = this.#timings.rescanMs;
    this.#unmatched = unmatched;
    return news;
  }

  /** What to read now. */
  due(): "all" | "virtualMachines" | "nothing" {
    const now = this.#now();
    if (now >= this.#readAllAt + this.#timings.fullReadMs) return "all";
    return this.#unmatched > 0 && now >= this.#scannedAt + this.#patienceMs
      ? "virtualMachines"
      : "nothing";
  }

  /** Milliseconds until `due` may say something else. */
  nextInMs(): number {
    const full = this.#readAllAt + this.#timings.fullReadMs;
    const scan = this.#unmatched > 0 ? this.#scannedAt + this.#patienceMs : full;
    return Math.max(0, Math.min(full, scan) - this.#now());
  }

  /** True once after each complete scan: the watch should then tell everything anew as well. */
  takeFullRead(): boolean {
    const wanted = this.#fullReadWanted;
    this.#fullReadWanted = false;
    return wanted;
  }
}
