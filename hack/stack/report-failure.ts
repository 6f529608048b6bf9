/** Ends a command of the local stack that has failed, with words for its user. */

/** Prints the message, without a stack trace where the cause is known, and sets the exit status to 1. */
export function reportFailure(error: unknown): void {
  console.error(error instanceof Error ? `\nFailed: ${error.message}` : error);
  process.exitCode = 1;
}
