/** The error for a request that cannot be read. */

/** The message says what was wrong; `status` is the HTTP status that express' own reader uses for this, too. */
export class MalformedRequest extends Error {
  override readonly name = "MalformedRequest";
  readonly status = 400;
}
