/** The names that a call asks about: cut out of the request's bytes where that can be done, else from parsed JSON. */

import { MalformedRequest } from "./malformed-request.ts";

const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
/** JSON does not allow them in a string. */
// oxlint-disable-next-line no-control-regex -- it is control characters that are looked for
const controlCharacter = /[\u0000-\u001f]/;

/** In the scheduler's order; duplicates are kept. */
export class NodeNames {
  /** Has every name as UTF-8. */
  readonly bytes: DataView;
  readonly #buffer: Buffer;
  /** Where the first name starts and ends, then the second, and so on. */
  readonly #bounds: readonly number[];
  /** Where they have been parsed already. */
  readonly #strings: readonly string[] | undefined;

  private constructor(buffer: Buffer, bounds: readonly number[], strings?: readonly string[]) {
    this.bytes = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    this.#buffer = buffer;
    this.#bounds = bounds;
    this.#strings = strings;
  }

  static of(names: readonly string[]): NodeNames {
    const bounds: number[] = [];
    let end = 0;
    for (const name of names) bounds.push(end, (end += Buffer.byteLength(name)));
    return new NodeNames(Buffer.from(names.join("")), bounds, names);
  }

  /**
   * The list of strings of JSON that begins behind its bracket at `start`, when it ends with the bracket before `end`
   * and is written as Go's encoder writes names: without blanks between them and without escapes.
   */
  static cut(body: Buffer, start: number, end: number): NodeNames | undefined {
    const bounds: number[] = [];
    if (start === end) return new NodeNames(body, bounds);
    for (let at = start; body[at] === quote; ) {
      const close = body.indexOf(quote, at + 1);
      if (close === -1 || close >= end) return undefined;
      bounds.push(at + 1, close);
      if (close + 1 === end)
        return hasEscape(body, start, end) ? undefined : new NodeNames(body, bounds);
      if (body[close + 1] !== comma) return undefined;
      at = close + 2;
    }
    return undefined;
  }

  get count(): number {
    return this.#bounds.length / 2;
  }

  startOf(index: number): number {
    return this.#bounds[2 * index] ?? 0;
  }

  endOf(index: number): number {
    return this.#bounds[2 * index + 1] ?? 0;
  }

  /** @throws MalformedRequest when JSON.parse would not have accepted it */
  name(index: number): string {
    return this.#strings?.[index] ?? this.#decode(this.startOf(index), this.endOf(index));
  }

  all(): string[] {
    return Array.from({ length: this.count }, (_, index) => this.name(index));
  }

  #decode(start: number, end: number): string {
    const name = this.#buffer.toString("utf8", start, end);
    if (!controlCharacter.test(name)) return name;
    throw new MalformedRequest("the body is not JSON: a bare control character in NodeNames");
  }
}

function hasEscape(body: Buffer, start: number, end: number): boolean {
  const at = body.indexOf(backslash, start);
  return at !== -1 && at < end;
}
