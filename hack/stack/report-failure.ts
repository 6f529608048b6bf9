/** Ends a command of the local stack that has failed, with words for its user. */

import { isInterrupted } from "./interrupt.ts";

/** Prints the message and sets the exit status to 1; silent after Ctrl-C, which explains it all. */
export function reportFailure(error: unknown): void {
  if (isInterrupted()) {
    return;
  }
  console.error(error instanceof Error ? `\nFailed: ${error.message}` : error);
  process.exitCode = 1;
}
