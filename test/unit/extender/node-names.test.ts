import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutNodeNames } from "../../../src/extender/node-names.ts";

const head = '{"Pod":{"metadata":{}},"Nodes":null,"NodeNames":';

function cut(body: string) {
  return cutNodeNames(Buffer.from(body));
}

describe("cutNodeNames", () => {
  it.each([
    ["no name", "[]", []],
    ["one name", '["a"]', ["a"]],
    ["an empty name", '[""]', [""]],
    ["empty names", '["","",""]', ["", "", ""]],
    ["several", '["a","b","c"]', ["a", "b", "c"]],
    ["names of commas and brackets", '[",","],[","]}"]', [",", "],[", "]}"]],
    ["letters beyond ASCII", '["nœud"]', ["nœud"]],
  ])("finds %s", (_what, list, names) => {
    expect(cut(`${head}${list}}`)).toEqual({
      rest: '{"Pod":{"metadata":{}},"Nodes":null}',
      names,
    });
  });

  it.each([
    ["an escape", '["a\\u0062"]}'],
    ["an escaped quote", '["a\\",\\"b"]}'],
    ["a bare line feed in a name", '["a\nb"]}'],
    ["blanks between names", '["a", "b"]}'],
    ["a line feed at the end", '["a"]}\n'],
    ["something after the list", '["a"],"More":["b"]}'],
    ["no comma", '["a""b"]}'],
    ["a comma too many", '["a",]}'],
    ["a comma alone", "[,]}"],
    ["a number", '["a",1]}'],
    ["a quote too many", '["a",",",b"]}'],
    ["an open string", '["a]}'],
    ["a list in the list", '[["a"]]}'],
    ["null", "null}"],
    ["nothing", ""],
  ])("leaves %s to JSON.parse", (_what, list) => {
    expect(cut(head + list)).toBeUndefined();
  });

  it("gives what JSON.parse gives, or nothing", () => {
    const nasty = fc.string({
      unit: fc.constantFrom('"', ",", "[", "]", "}", "a", "\\", "\n", "é"),
    });
    fc.assert(
      fc.property(
        fc.array(fc.oneof(nasty, fc.string({ unit: "binary" })), { maxLength: 8 }),
        (names) => {
          const body = JSON.stringify({ Pod: null, Nodes: null, NodeNames: names });
          const found = cutNodeNames(Buffer.from(body));
          if (found === undefined) return;
          // Lone halves of surrogate pairs are escaped by JSON.stringify: they never get here.
          expect({ ...JSON.parse(found.rest), NodeNames: found.names }).toEqual(JSON.parse(body));
        },
      ),
    );
  });

  it("never accepts a list that JSON.parse refuses", () => {
    const piece = fc.constantFrom('"', ",", '","', "a", "]", "}", "]}", "\\", "\t");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const body = `${head}[${pieces.join("")}]}`;
        const found = cut(body);
        if (found === undefined) return;
        const whole: { NodeNames: unknown } = JSON.parse(body);
        expect(whole.NodeNames).toEqual(found.names);
      }),
      { numRuns: 2_000 },
    );
  });
});
