/** What the webhook tells those who count and time its answers. */

import type { Mode } from "./mode.ts";

/**
 * - `allowed`: an annotated pod was changed, or was right already.
 * - `refused`: its annotations, or the GPUInfo that they name, are not in order.
 * - `untouched`: a pod, or an operation, that is none of our business.
 * - `error`: no answer could be given: a request that we cannot read, or something of ours that failed.
 */
export type ReviewResult = "allowed" | "refused" | "untouched" | "error";

export interface WebhookObserver {
  reviewed(review: {
    readonly result: ReviewResult;
    readonly seconds: number;
    readonly mode: Mode;
  }): void;
}
