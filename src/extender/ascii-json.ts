/** Writes JSON in ASCII only: then a character is a byte, and a long answer is encoded at once. */

const beyondAscii = /[^\x00-\x7f]/g; // oxlint-disable-line no-control-regex -- ASCII begins with them

export function asciiJson(text: string): string {
  return JSON.stringify(text).replace(beyondAscii, escapeUnit);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** An item of a list or map with its comma, in one piece: V8 takes strings added together apart anew for every answer. */
export function item(...parts: readonly string[]): string {
  return [",", ...parts].join("");
}

/** A list or map without its brackets; `next` is an {@link item}. */
export function append(list: string, next: string): string {
  return list === "" ? next.slice(1) : list + next;
}
