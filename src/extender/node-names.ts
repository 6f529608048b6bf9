/** Cuts the list of node names out of a request's bytes, without parsing JSON. */

const before = Buffer.from('"Nodes":null,"NodeNames":[');
const after = "]}";

/** An escape, or what JSON does not allow in a string. */
// oxlint-disable-next-line no-control-regex -- it is control characters that are looked for
const surprising = /[\\\u0000-\u001f]/;

export interface Cut {
  /** The body with null in place of the list; it has not been parsed. */
  readonly rest: string;
  readonly names: string[];
}

/**
 * The list, when it stands last in the body exactly as Go's encoder writes names without escapes.
 * In a JSON string the quotes of `before` would be escaped, and deeper inside an object what is around the list
 * would not parse: so when `rest` parses, this is the list that JSON.parse would have found.
 */
export function cutNodeNames(body: Buffer): Cut | undefined {
  const at = body.indexOf(before);
  if (at === -1) return undefined;
  const list = body.toString("utf8", at + before.length);
  if (!list.endsWith(after)) return undefined;
  const names = split(list.slice(0, -after.length));
  return names && { rest: `${body.toString("utf8", 0, at)}"Nodes":null}`, names };
}

/** `"a","b"` cut at its quotes: nothing, a name, a comma, a name, nothing. */
function split(list: string): string[] | undefined {
  if (list === "") return [];
  if (surprising.test(list)) return undefined;
  const parts = list.split('"');
  const last = parts.length - 1;
  if (last === 0 || last % 2 === 1) return undefined;
  const names: string[] = [];
  for (let index = 0; index <= last; index += 2) {
    if (parts[index] !== (index === 0 || index === last ? "" : ",")) return undefined;
    if (index < last) names.push(parts[index + 1] ?? "");
  }
  return names;
}
