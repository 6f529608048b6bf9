/** Makes text from outside fit to stand in an event or a condition. */

/**
 * On one line, not longer than that, and as the API server gives it back: it replaces half a surrogate pair, and what
 * we wrote would never be what we read.
 */
export function plainText(text: string, longest: number): string {
  return text
    .replaceAll(/\p{Cc}+/gu, " ")
    .slice(0, longest)
    .toWellFormed();
}
