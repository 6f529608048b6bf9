/** Spells conditions in CEL, the language of the rules in our CRDs. */

/** @returns whether the text in `variable` matches */
export function matches(pattern: RegExp, variable = "self"): string {
  return `${variable}.matches('${pattern.source.replaceAll("\\", "\\\\")}')`;
}
