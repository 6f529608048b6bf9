import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import * as properties from "../../../src/vsphere/properties.ts";
import { readPaths } from "../../support/read-paths.ts";

const root = resolve(import.meta.dirname, "../../..");
const page = readFileSync(join(root, "docs/vcenter-role.md"), "utf8");

/** The rows below each object type's heading. */
const rows = page.split(/^### /m).flatMap((section) => {
  const [type = ""] = section.split("\n");
  return [...section.matchAll(/^\| `([^`]+)` \| (\S+) \| ([^|]+) \|$/gm)].map(
    ([, path = "", privilege = "", why = ""]) => ({ type, path, privilege, why: why.trim() }),
  );
});

const keyOf = ({ type, path }: { type: string; path: string }) => `${type} ${path}`;

describe("the page on the vCenter account", () => {
  it("lists every property that we read, under the type that we read it of, and no other", () => {
    expect(rows.map(keyOf).toSorted()).toEqual(readPaths().map(keyOf));
  });

  it("needs of src/vsphere/properties.ts that every path in it is read", () => {
    const read = new Set(readPaths().map(({ path }) => path));
    const named = Object.values(properties).flatMap((value) => value);
    expect(named.filter((path) => !read.has(path))).toEqual([]);
  });

  it("names one of the three privileges of the role Read-only for each, and a reason", () => {
    const incomplete = rows.filter(
      ({ privilege, why }) => !/^System\.(?:Read|View)$/.test(privilege) || why === "",
    );
    expect(incomplete).toEqual([]);
  });

  it("names every method of the vSphere API that we call, and no other", () => {
    const wsdlFolder = join(root, "src/vsphere/wsdl");
    const wsdl = readdirSync(wsdlFolder).map((file) =>
      readFileSync(join(wsdlFolder, file), "utf8"),
    );
    const operations = wsdl.flatMap((text) =>
      [...text.matchAll(/<(?:wsdl:)?operation name="(\w+)"/g)].map(([, name = ""]) => name),
    );
    const [, called = ""] = page.split("## What is called");
    const documented = [...called.matchAll(/`([A-Z]\w+)`/g)]
      .map(([, name = ""]) => name)
      .filter((name) => name !== "PropertyCollector");
    expect(documented.toSorted()).toEqual([...new Set(operations)].toSorted());
  });
});
