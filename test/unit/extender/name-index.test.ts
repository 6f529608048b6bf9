import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NameIndex } from "../../../src/extender/name-index.ts";

function find(index: NameIndex, name: string): number {
  const bytes = Buffer.from(`"${name}"`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return index.find(view, 1, bytes.length - 1);
}

function indexOf(names: readonly string[]): NameIndex {
  const index = new NameIndex();
  for (const name of names) index.add(name);
  return index;
}

describe("NameIndex", () => {
  it("finds each of many names, and none that was not added", () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `worker-${i}.pool.example.com`);
    const index = indexOf(names);
    const wrong = names.filter((name, number) => find(index, name) !== number);
    expect(wrong).toEqual([]);
    for (const other of [
      "",
      "worker-",
      "worker-20000.pool.example.com",
      "worker-1.pool.example.co",
    ])
      expect(find(index, other)).toBe(-1);
  });

  it("tells names apart that differ in one letter, wherever it is", () => {
    const name = "a".repeat(11);
    const names = Array.from(name, (_, at) => `${name.slice(0, at)}b${name.slice(at + 1)}`);
    const index = indexOf(names);
    expect(names.map((one) => find(index, one))).toEqual([...names.keys()]);
    expect(find(index, name)).toBe(-1);
  });

  it("holds names of any length", () => {
    const names = [70_000, 3, 253, 1].map((length) => "n".repeat(length));
    const index = indexOf(names);
    expect(names.map((name) => find(index, name))).toEqual([0, 1, 2, 3]);
  });

  it("gives a name that is not plain its number, but does not find it", () => {
    const names = ["é", "a", "", 'q"', "back\\slash", "line\n", "b"];
    const index = indexOf(names);
    expect(names.map((name) => find(index, name))).toEqual([-1, 1, -1, -1, -1, -1, 6]);
  });

  it("finds what a Map finds", () => {
    const name = fc.string({ unit: fc.constantFrom("a", "b", "-", ".", "0"), maxLength: 9 });
    fc.assert(
      fc.property(fc.uniqueArray(name), fc.array(name), (added, asked) => {
        const index = indexOf(added);
        const numbers = new Map(added.map((one, number) => [one, number]));
        numbers.delete("");
        for (const one of [...added, ...asked]) {
          expect(find(index, one)).toBe(numbers.get(one) ?? -1);
        }
      }),
    );
  });
});
