/** What this folder tells the metrics of one vCenter, without knowing them. */
import type { VsphereErrorKind } from "./errors.ts";

/** Callbacks that count; none of them may throw. */
export interface VsphereObserver {
  /** A call to vCenter ended; `outcome` is `ok`, `cancelled` by ourselves, or the kind of its error. */
  call(method: string, outcome: "ok" | "cancelled" | VsphereErrorKind, seconds: number): void;
  /** A connection attempt, or a running connection, failed. */
  error(kind: VsphereErrorKind, type: string): void;
  /** A login succeeded. */
  login(): void;
  /** A session ended: vCenter was told, or had ended it already. */
  logout(): void;
  /** A complete inventory was read; `watched` counts the virtual machines whose changes are followed. */
  inventory(sizes: {
    readonly hosts: number;
    readonly virtualMachines: number;
    readonly watched: number;
    /** Whether vCenter has the maintenance attribute; undefined where that cannot be read. */
    readonly isAttributeDefined?: boolean | undefined;
  }): void;
}
