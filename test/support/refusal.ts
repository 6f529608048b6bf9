/** Looks at attempts that are to fail. */

/** The words with which the attempt was refused; words that fit no refusal where it was not. */
export async function refusalOf(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => "was not refused",
    (error: Error) => error.message,
  );
}
