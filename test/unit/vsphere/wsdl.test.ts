import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { vimMethods } from "../../../src/vsphere/session.ts";

const wsdl = readFileSync(new URL("../../../src/vsphere/wsdl/vim.wsdl", import.meta.url), "utf8");

function operationsIn(element: string): string[] {
  const section = wsdl.slice(wsdl.indexOf(`<${element} `), wsdl.indexOf(`</${element}>`));
  return [...section.matchAll(/<operation name="(\w+)"/g)].map(([, name]) => name ?? "");
}

describe("the local WSDL", () => {
  it.each(["portType", "binding"])("has in its %s just the methods that we call", (element) => {
    expect(operationsIn(element).toSorted()).toEqual(vimMethods.toSorted());
  });

  it.each(vimMethods)("describes %s whole", (method) => {
    for (const part of [
      `<complexType name="${method}RequestType">`,
      `<element name="${method}" type="vim25:${method}RequestType"/>`,
      `<element name="${method}Response">`,
      `<message name="${method}RequestMsg">`,
      `<message name="${method}ResponseMsg">`,
    ]) {
      expect(wsdl).toContain(part);
    }
  });

  it("refers to no type that it does not define", () => {
    const used = [...wsdl.matchAll(/(?:type|base)="vim25:(\w+)"/g)].map(([, name]) => name);
    const defined = new Set(
      [...wsdl.matchAll(/<complexType name="(\w+)"/g)].map(([, name]) => name),
    );
    const elsewhere = new Set(["VimBinding", "VimPortType"]);
    expect(used.filter((name) => !defined.has(name ?? "") && !elsewhere.has(name ?? ""))).toEqual(
      [],
    );
  });
});

describe("what node-vsphere-soap runs on", () => {
  const here = createRequire(import.meta.url);
  const there = createRequire(here.resolve("node-vsphere-soap"));
  const versionOf = (name: string): string => {
    const { version }: { version: string } = there(`${name}/package.json`);
    return version;
  };

  it("is soap 1.13.0 and lodash 4, not the versions that it pins", () => {
    expect(versionOf("soap")).toBe("1.13.0");
    expect(versionOf("lodash")).toMatch(/^4\./);
  });

  it("is the very soap whose WSDL cache we fill", () => {
    expect(there.resolve("soap")).toBe(here.resolve("soap"));
  });
});
