/** Reads what may be garbage without giving up what is around it. */
import { VsphereError } from "./errors.ts";

/** What was read, or `undefined` where a value has another shape than it should. */
export function orUndefined<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof VsphereError) return undefined;
    throw cause;
  }
}
