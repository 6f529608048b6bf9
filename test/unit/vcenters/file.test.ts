import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readVcentersFile } from "../../../src/vcenters/file.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "vcenters-file-"));
});
afterEach(() => rm(dir, { recursive: true }));

async function read(text: string) {
  const file = join(dir, "vcenters.yaml");
  await writeFile(file, text);
  return readVcentersFile(file);
}

const names = (count: number) =>
  JSON.stringify({ vcenters: Array.from({ length: count }, (_, i) => ({ name: `vc-${i}` })) });

describe("readVcentersFile", () => {
  it("reads a list, with folders beside the file where nothing else is said", async () => {
    const text = `
vcenters:
- name: east
- { name: west, dir: ../elsewhere, datacenter: DC0, insecure: true }
- { name: far, dir: /etc/far }
`;
    expect((await read(text)).vcenters).toEqual([
      { name: "east", dir: join(dir, "east"), insecure: false },
      { name: "west", dir: join(dir, "../elsewhere"), datacenter: "DC0", insecure: true },
      { name: "far", dir: "/etc/far", insecure: false },
    ]);
  });

  it("reads JSON as well", async () => {
    expect((await read('{"vcenters": [{"name": "east"}]}')).vcenters).toMatchObject([
      { name: "east" },
    ]);
  });

  it("tells all that is wrong at once, each with its place, what was found and what is wanted", async () => {
    const text =
      "vcenters: [{name: Ea.st, dri: x, insecure: yes}, 5, {}, {name: a, dir: ''}]\nmore: 1";
    expect((await read(text)).problems).toEqual([
      'vcenters[0].name is "Ea.st", wanted at most 63 lower case letters, digits and inner hyphens',
      'vcenters[0].insecure is "yes", wanted true or false',
      'vcenters[0] has "dri", wanted only name, dir, datacenter and insecure',
      "vcenters[1] is 5, wanted an object with name, dir, datacenter and insecure",
      "vcenters[2].name is not set, wanted a name",
      "vcenters[3].dir is empty, wanted text or no such line",
      'has "more", wanted only vcenters',
    ]);
  });

  it.each([
    ["nothing at all", "", "is null, wanted an object with vcenters"],
    ["a bare list", "[]", "is [], wanted an object with vcenters"],
    ["an empty list", "vcenters: []", "vcenters is empty, wanted one vCenter or more"],
    ["one vCenter too many", names(33), "vcenters has more than 32 entries, wanted 32 at most"],
    [
      "a name of 64 letters",
      `vcenters: [{name: ${"a".repeat(64)}}]`,
      `vcenters[0].name is "${"a".repeat(64)}", wanted at most 63 lower case letters, digits and inner hyphens`,
    ],
    [
      "the name of the only vCenter, which messages leave out",
      "vcenters: [{name: east}, {name: vcenter}]",
      'vcenters[1].name is "vcenter", wanted another name: messages and /readyz would not show this one',
    ],
    ["text that is neither", "vcenters: [", "is neither YAML nor JSON: "],
    ["an alias, of which a bomb could be made", "a: &a [1]\nvcenters: *a", "cannot be read: Alias"],
  ])("refuses %s", async (_, text, problem) => {
    expect((await read(text)).problems).toEqual([expect.stringContaining(problem)]);
  });

  it("takes 32 vCenters and names of 63 letters", async () => {
    expect((await read(names(32))).vcenters).toHaveLength(32);
    expect((await read(`vcenters: [{name: ${"a".repeat(63)}}]`)).problems).toBeUndefined();
  });

  it("refuses two of the same name, and two that read the same folder", async () => {
    const text = "vcenters: [{name: a, dir: /x}, {name: a, dir: /y}, {name: b, dir: /x/}]";
    expect((await read(text)).problems).toEqual([
      'vcenters[1].name is "a", as that of vcenters[0], wanted another one: it tells them apart',
      'vcenters[2].dir is "/x", as that of vcenters[0], wanted a folder of its own for each',
    ]);
  });

  it("says that the file is not there", () => {
    expect(readVcentersFile(join(dir, "nothing.yaml")).problems).toEqual([
      expect.stringMatching(/^cannot be read: ENOENT/),
    ]);
  });

  it("either gives vCenters or says why not, whatever the file holds", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (text) => {
        const { vcenters, problems } = await read(text);
        expect((vcenters ?? problems)?.length).toBeGreaterThan(0);
        expect(vcenters === undefined).not.toBe(problems === undefined);
      }),
      { numRuns: 200 },
    );
  });
});
