import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MalformedRequest } from "../../../src/extender/malformed-request.ts";
import { NodeNames } from "../../../src/extender/node-names.ts";

/** The names in the list that stands between other text. */
function cut(list: string): NodeNames | undefined {
  const [before, after] = [Buffer.from('{"x":"'), Buffer.from('"]}')];
  const body = Buffer.concat([before, Buffer.from(list), after]);
  return NodeNames.cut(body, before.length, body.length - after.length);
}

const anyName = fc.string({
  unit: fc.constantFrom('"', ",", "[", "a", "\\", "\n", "é", "\u{1f600}"),
});

function outcomeOf(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return "refused";
  }
}

describe("NodeNames.cut", () => {
  it.each([
    ["no name", "", []],
    ["one name", '"a"', ["a"]],
    ["an empty name", '""', [""]],
    ["empty names", '"","",""', ["", "", ""]],
    ["several", '"a","b","c"', ["a", "b", "c"]],
    ["names of commas and brackets", '",","],[","]}"', [",", "],[", "]}"]],
    ["letters beyond ASCII", '"nœud"', ["nœud"]],
  ])("finds %s", (_what, list, names) => {
    expect(cut(list)?.all()).toEqual(names);
    expect(cut(list)?.count).toBe(names.length);
  });

  it.each([
    ["an escape", '"a\\u0062"'],
    ["an escaped quote", '"a\\",\\"b"'],
    ["blanks between names", '"a", "b"'],
    ["a line feed at the end", '"a"\n'],
    ["something after the list", '"a"],"More":["b"'],
    ["no comma", '"a""b"'],
    ["a comma too many", '"a",'],
    ["a comma alone", ","],
    ["a number", '"a",1'],
    ["a quote too many", '"a",",",b"'],
    ["an open string", '"a'],
    ["a quote alone", '"'],
    ["a list in the list", '["a"]'],
  ])("leaves %s to JSON.parse", (_what, list) => {
    expect(cut(list)).toBeUndefined();
  });

  it("refuses a bare control character as JSON.parse does", () => {
    expect(() => cut('"a","b\nc"')?.all()).toThrow(MalformedRequest);
  });

  it("gives what JSON.parse gives, or leaves it to that", () => {
    const awkward = fc.constantFrom(
      '"',
      ",",
      '","',
      "a",
      "]",
      "}",
      "]}",
      "\\",
      "\t",
      "é",
      "\u2028",
    );
    fc.assert(
      fc.property(fc.array(awkward, { maxLength: 12 }), (pieces) => {
        const list = pieces.join("");
        const parsed = outcomeOf(() => JSON.parse(`[${list}]`));
        expect(outcomeOf(() => cut(list)?.all() ?? JSON.parse(`[${list}]`))).toEqual(parsed);
      }),
      { numRuns: 2_000 },
    );
  });

  it("gives names of any letters back", () => {
    fc.assert(
      fc.property(fc.array(anyName, { maxLength: 8 }), (names) => {
        expect(cut(JSON.stringify(names).slice(1, -1))?.all() ?? names).toEqual(names);
      }),
    );
  });
});

describe("NodeNames.of", () => {
  it("has the bytes of every name", () => {
    fc.assert(
      fc.property(fc.array(anyName, { maxLength: 8 }), (wanted) => {
        const names = NodeNames.of(wanted);
        const decoded = wanted.map((_, index) => {
          const [start, end] = [names.startOf(index), names.endOf(index)];
          return Buffer.from(names.bytes.buffer, names.bytes.byteOffset + start, end - start);
        });
        expect(decoded.map(String)).toEqual(wanted);
        expect(names.all()).toEqual(wanted);
      }),
    );
  });
});
